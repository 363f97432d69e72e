import { randomBytes } from 'node:crypto'
import { isHeldByNobody } from '../../domain/access/standing.ts'
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
import type { AuditEntry } from '../../ports/console/audit-log.ts'
import type { Notices } from '../../ports/console/notices.ts'
import type { AccessRequest, Requester, Requests } from '../../ports/console/requests.ts'

/** What somebody sends who asks that a refusal be looked at. */
export interface AskOrder {
  /** id of the refusal */
  readonly refusal: string
  readonly refused: Refused
  /** what the configuration calls the index that refused */
  readonly index: string
  readonly client: Pick<Requester, 'subject' | 'address' | 'also'> & Asker
  /** as they came: anything may stand in them */
  readonly reason: string
  readonly email: string
}

/** Who asks, as far as it depends on that whether he may. */
export interface Asker {
  readonly subject: string
  /** whom a token was given out for */
  readonly holder?: string | undefined
}

export interface AskerRules {
  /** whoever nobody knows may ask, with an address */
  readonly anonymous: boolean
  /** a token asks where it was given out for somebody */
  readonly requireHolder: boolean
}

/** Why somebody may not ask, whatever it is about; `undefined` where he may. */
export function askerObjection(asker: Asker, { anonymous, requireHolder }: AskerRules): GateError | undefined {
  if (asker.subject === ANONYMOUS && !anonymous)
    return new GateError(
      'unauthenticated',
      'only somebody whom the gate knows may ask: any name, and your token as the password',
    )
  if (requireHolder && isHeldByNobody(asker)) return unheld(asker.subject)
  return undefined
}

/** Somebody could ask with such a token, and decide about it himself. */
export function unheld(subject: string): GateError {
  return new GateError(
    'not-allowed-here',
    `nobody said whose ${subject} is, and here a token that asks or decides has to be somebody's: portcullis token create --for`,
  )
}

export interface AskOptions extends AskerRules {
  readonly requests: Requests
  readonly notices: Notices
  readonly clock: Clock
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
  const { requests, notices, clock, consoleUrl } = options
  return async order => {
    const { refusal, refused, index, client } = order
    const objection = askerObjection(client, options)
    if (objection !== undefined) throw objection
    const nobody = client.subject === ANONYMOUS
    const pointless = hopelessness(refused)
    if (pointless !== undefined) throw new GateError('request-pointless', pointless)
    const reason = wordsOf(order.reason)
    if (reason === undefined)
      throw new GateError(
        'request-invalid',
        `say why the file is needed, in at most ${LONGEST_WORDS} characters (reason)`,
      )
    const email = emailOf(order.email, client)
    if (nobody && email === undefined)
      throw new GateError('request-invalid', 'say at which address you can be reached (email)')
    const { file, code } = refused
    const most = nobody ? MOST_OPEN_OF_NOBODY : MOST_OPEN
    const request: AccessRequest = {
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
      by: requesterOf(client, email),
      at: clock(),
      state: 'open',
      decision: undefined,
    }
    const asked = await requests.ask(request, most, entryOf(request))
    if ('full' in asked)
      throw new GateError(
        'too-many-requests',
        asked.full === 'own'
          ? `${most.own} requests of yours are open already`
          : `${most.all} requests are open already`,
      )
    if (asked.isNew) tell(asked.request)
    return asked.request
  }

  function tell(request: AccessRequest): void {
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
  }
}

function requesterOf({ subject, address, also }: AskOrder['client'], email: string | undefined): Requester {
  return { subject, address, also, email }
}

function entryOf({ id, at, by, filename, reason, index, code }: AccessRequest): AuditEntry {
  return {
    at,
    action: 'requested',
    actor: by.subject,
    from: by.address,
    target: filename,
    why: reason,
    detail: { request: id, index, code, ...(by.email === undefined ? {} : { email: by.email }) },
  }
}

/** What was typed, else what the subject says, or whom the token is for. */
function emailOf(typed: string, { subject, holder = '' }: Asker): string | undefined {
  if (typed.trim() === '') return addressOf(subject.startsWith('user:') ? subject.slice('user:'.length) : holder)
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
