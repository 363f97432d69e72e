import { randomBytes } from 'node:crypto'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import {
  addressOf,
  hopelessness,
  LONGEST_WORDS,
  MOST_OPEN,
  MOST_OPEN_OF_NOBODY,
  wordsOf,
} from '../../domain/requests/request.ts'
import type { AuditLog } from '../../ports/console/audit-log.ts'
import type { Notices } from '../../ports/console/notices.ts'
import type { AccessRequest, Requester, Requests } from '../../ports/console/requests.ts'

/** What somebody sends who asks that a refusal be looked at. */
export interface AskOrder {
  /** id of the refusal */
  readonly refusal: string
  readonly refused: Refused
  /** what the configuration calls the index that refused */
  readonly index: string
  readonly client: Pick<Requester, 'subject' | 'address' | 'also'>
  /** as they came: anything may stand in them */
  readonly reason: string
  readonly email: string
}

export interface AskOptions {
  readonly requests: Requests
  readonly audit: AuditLog
  readonly notices: Notices
  readonly clock: Clock
  /** whoever nobody knows may ask, with an address */
  readonly anonymous: boolean
  /** where people decide, absolute, without a trailing slash; `undefined`: nobody knows yet */
  readonly consoleUrl: () => string | undefined
}

const ANONYMOUS = 'anonymous'

/** What is refused for who signed: whoever approves decides about a change of the publisher. */
const CHANGES: ReadonlySet<RefusalCode> = new Set(['publisher-changed'])

/**
 * Somebody asks that a file be let through. The same refusal twice is one request.
 *
 * @throws GateError `unauthenticated`, `request-invalid`, `request-pointless`, `too-many-requests`, `unknown-store`
 */
export function createAsk(options: AskOptions): (order: AskOrder) => Promise<AccessRequest> {
  const { requests, audit, notices, clock, anonymous, consoleUrl } = options
  return async order => {
    const { refusal, refused, index, client } = order
    const nobody = client.subject === ANONYMOUS
    if (nobody && !anonymous)
      throw new GateError('unauthenticated', 'only somebody whom the gate knows may ask: send credentials of this gate')
    const pointless = hopelessness(refused)
    if (pointless !== undefined) throw new GateError('request-pointless', pointless)
    const reason = wordsOf(order.reason)
    if (reason === undefined)
      throw new GateError(
        'request-invalid',
        `say why the file is needed, in at most ${LONGEST_WORDS} characters (reason)`,
      )
    const email = emailOf(order.email, client.subject)
    if (nobody && email === undefined)
      throw new GateError('request-invalid', 'say at which address you can be reached (email)')
    const { file, code } = refused
    const most = nobody ? MOST_OPEN_OF_NOBODY : MOST_OPEN
    const asked = await requests.ask(
      {
        id: newId(),
        refusal,
        kind: CHANGES.has(code) ? 'change' : 'file',
        index,
        project: file.project,
        version: file.version,
        filename: file.filename,
        sha256: parseSha256(file.sha256 ?? ''),
        code,
        reason,
        by: { ...client, email },
        at: clock(),
        state: 'open',
        decision: undefined,
      },
      most,
    )
    if ('full' in asked)
      throw new GateError(
        'too-many-requests',
        asked.full === 'own'
          ? `${most.own} requests of yours are open already`
          : `${most.all} requests are open already`,
      )
    if (asked.isNew) await tell(asked.request)
    return asked.request
  }

  async function tell(request: AccessRequest): Promise<void> {
    const { id, by, project, filename, reason, code, index, at } = request
    notices.tell({
      type: request.kind === 'change' ? 'held' : 'requested',
      story: `request ${id}`,
      at,
      subject: filename,
      title: `${by.email ?? by.subject} asks for ${filename}`,
      text: `It was refused as ${code}.\n${reason}`,
      url: consoleUrl() && `${consoleUrl()}/requests/${id}`,
      data: { request: id, project, filename, code, index, subject: by.subject, email: by.email ?? null },
    })
    await audit.append({
      at,
      action: 'requested',
      actor: by.subject,
      from: by.address,
      target: filename,
      why: reason,
      detail: { request: id, index, code, ...(by.email === undefined ? {} : { email: by.email }) },
    })
  }
}

/** What was typed, else what the subject says. */
function emailOf(typed: string, subject: string): string | undefined {
  if (typed.trim() === '') return subject.startsWith('user:') ? addressOf(subject.slice('user:'.length)) : undefined
  const email = addressOf(typed)
  if (email === undefined) throw new GateError('request-invalid', 'email is not an address')
  return email
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 12

/** 60 bits that nothing tells: whoever knows a refusal knows nothing of who asked. */
function newId(): string {
  return [...randomBytes(LENGTH)].map(byte => ALPHABET[byte & 31]).join('')
}
