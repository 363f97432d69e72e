import { z } from 'zod'
import type { Sha256 } from '../../../../domain/base/digest.ts'
import { type Instant, instant } from '../../../../domain/base/instant.ts'
import { stillStands } from '../../../../domain/requests/request.ts'
import type { AccessRequest, RequestDecision, RequestState } from '../../../../ports/console/requests.ts'

/** A request as a row of a table has it, in either database. */
export interface RequestRow {
  readonly id: string
  readonly refusal: string
  readonly kind: AccessRequest['kind']
  readonly index_name: string
  readonly project: string
  readonly version: string | null
  readonly filename: string
  readonly sha256: string | null
  readonly code: string
  readonly reason: string
  readonly subject: string
  readonly email: string | null
  readonly address: string
  /** JSON; absent from a database of an older version */
  readonly also?: string | null
  readonly at: number
  readonly state: RequestState
  readonly decision: string | null
  readonly ends: number | null
}

export const REQUEST_COLUMNS = [
  'id',
  'refusal',
  'kind',
  'index_name',
  'project',
  'version',
  'filename',
  'sha256',
  'code',
  'reason',
  'subject',
  'email',
  'address',
  'also',
  'at',
  'state',
  'decision',
  'ends',
] as const

export function rowOf({ by, index, decision, ...request }: AccessRequest): RequestRow {
  return {
    id: request.id,
    refusal: request.refusal,
    kind: request.kind,
    index_name: index,
    project: request.project,
    version: request.version ?? null,
    filename: request.filename,
    sha256: request.sha256 ?? null,
    code: request.code,
    reason: request.reason,
    subject: by.subject,
    email: by.email ?? null,
    address: by.address,
    also: by.also === undefined ? null : JSON.stringify(by.also),
    at: request.at,
    state: request.state,
    ...decidedColumns(decision),
  }
}

export function decidedColumns(decision: RequestDecision | undefined): Pick<RequestRow, 'decision' | 'ends'> {
  return {
    decision: decision === undefined ? null : JSON.stringify(decision),
    ends: decision?.approval?.ends ?? null,
  }
}

export function requestOf(row: RequestRow): AccessRequest {
  return {
    id: row.id,
    refusal: row.refusal,
    kind: row.kind,
    index: row.index_name,
    project: row.project,
    version: row.version ?? undefined,
    filename: row.filename,
    sha256: (row.sha256 ?? undefined) as Sha256 | undefined,
    code: row.code,
    reason: row.reason,
    by: {
      subject: row.subject,
      email: row.email ?? undefined,
      address: row.address,
      ...alsoOf(row),
    },
    at: instant(Number(row.at)),
    state: row.state,
    decision: row.decision === null ? undefined : decisionOf(row.decision),
  }
}

function alsoOf({ also }: RequestRow): Pick<AccessRequest['by'], 'also'> {
  const words = z.array(z.string()).safeParse(parsed(also ?? ''))
  return words.success ? { also: words.data } : {}
}

/** What is damaged is absent: it approves nothing, and keeps no other row from being read. */
function decisionOf(text: string): RequestDecision | undefined {
  const said = DECISION.safeParse(parsed(text))
  if (!said.success) return undefined
  const { by, email, at, words, ticket, approval } = said.data
  return {
    by,
    email,
    at: instant(at),
    words,
    ticket,
    approval: approval === undefined ? undefined : { ...approval, ends: instant(approval.ends) },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const DECISION = z.object({
  by: z.string(),
  email: z.string().optional(),
  at: z.int().nonnegative(),
  words: z.string(),
  ticket: z.string().optional(),
  approval: z.object({ extent: z.enum(['file', 'release']), ends: z.int().nonnegative(), yaml: z.string() }).optional(),
})

/** As `stillStands` of a request; an approval without an end on record has none. */
export function rowStands({ state, ends }: Pick<RequestRow, 'state' | 'ends'>, now: Instant): boolean {
  return stillStands({ state, ends: ends === null ? Number.POSITIVE_INFINITY : Number(ends) }, now)
}
