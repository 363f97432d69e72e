import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, instant } from '../../domain/base/instant.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import type { Events } from '../../observe/events.ts'
import type { AccessRequest, Requests } from '../../ports/console/requests.ts'
import type { ApprovalDocument } from '../../protocol/policy/approval-layer.ts'
import type { ApprovedPolicies } from '../policy/approved-policies.ts'

/** How often is looked whether another gate, or a command, has decided, ms. */
const EVERY_MS = 750
/** From when on a decision that was made elsewhere holds here, ms. */
const HOLDS_MS = 2_000
/** After which everything is read again, whatever the revision says, ms: rows may have been brought in from elsewhere. */
const ANEW_MS = 30_000

interface Options {
  readonly requests: Pick<Requests, 'inForce' | 'revision'>
  /** by what the configuration calls their index */
  readonly indexes: ReadonlyMap<string, Pick<ApprovedPolicies, 'approve' | 'heed'>>
  readonly clock: Clock
  readonly events: Events
  /** somebody may approve something while this gate runs; else only what is approved already may end, or be withdrawn */
  readonly changes: boolean
  /** how long what was approved holds while nobody can read whether it does still, ms */
  readonly maxStale: number
  readonly pollMs?: number
  /** ms of a clock that nobody can set; default: the process's */
  readonly steady?: () => number
}

export interface Approvals {
  /** Puts in force what is approved now, whoever approved it. Throws `unknown-store`, and then nothing has changed. */
  refresh(): Promise<void>
  close(): void
}

/**
 * What is approved at each index, in force on this gate at once where it was decided here, and within two seconds where it was elsewhere; no
 * longer when it was withdrawn, or has ended. Where that cannot be read, nobody knows what an approval says, and no file is served by it:
 * at once where something is known to have changed, and else after as long as whatever is shared may be away.
 */
export function createApprovals(options: Options): Approvals {
  const { requests, indexes, clock, events, changes, pollMs = EVERY_MS, steady = () => performance.now() } = options
  let seen: string | undefined
  let ends: Instant | undefined
  let looked = Number.NEGATIVE_INFINITY
  /** when what is in force was known to be what is approved */
  let known = steady()
  /** since when something is known to be approved, or withdrawn, that could not be read */
  let behind: number | undefined
  let told = false
  const damaged = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let turn: Promise<void> = Promise.resolve()

  async function read(): Promise<void> {
    const began = steady()
    const revision = await requests.revision() // before the read: a decision during it is seen as one more
    const now = clock()
    const approved = await requests.inForce(now)
    seen = revision
    looked = began
    known = began
    behind = undefined
    ends = firstEnd(approved)
    for (const { id, decision } of approved) if (decision?.approval === undefined) tellDamaged(id)
    for (const [index, policies] of indexes) policies.approve(documentsAt(index, approved))
  }

  function tellDamaged(id: string): void {
    if (damaged.has(id)) return
    damaged.add(id)
    events.emit({ type: 'policy-warning', detail: `the approval of request ${id} is damaged, and approves nothing` })
  }

  /** One after another, so that what was read later is never undone by what was read before. */
  function refresh(): Promise<void> {
    turn = turn.catch(() => {}).then(read)
    return turn
  }

  async function look(): Promise<void> {
    try {
      const began = steady()
      const isOther = (await requests.revision()) !== seen
      if (isOther) behind ??= began
      const isDue = began - looked >= ANEW_MS || (ends !== undefined && clock() >= ends)
      if (isOther || isDue) await refresh()
      known = began
      told = false
    } catch (error) {
      if (!told) events.emit(unread(error))
      told = true
    }
    schedule()
  }

  function doubt(): GateError | undefined {
    if (!changes) return undefined
    const now = steady()
    const isBehind = behind !== undefined && now - behind >= HOLDS_MS
    if (!isBehind && now - known < Math.max(options.maxStale, HOLDS_MS + pollMs)) return undefined
    const seconds = Math.round((now - known) / 1_000)
    return new GateError('unknown-store', `what is approved could not be read for ${seconds} s`)
  }

  for (const policies of indexes.values()) policies.heed(doubt)

  function schedule(): void {
    clearTimeout(timer)
    if (!closed && (changes || ends !== undefined)) timer = setTimeout(() => void look(), pollMs).unref()
  }

  return {
    async refresh() {
      await refresh()
      schedule()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** Told once, until it goes again. */
function unread(cause: unknown): Parameters<Events['emit']>[0] {
  const { code, detail } =
    cause instanceof GateError
      ? cause
      : ({ code: 'unknown-bug', detail: 'approvals could not be put in force' } as const)
  return { type: 'unknown', code, detail, route: 'background', untrusted: undefined, cause, id: '' }
}

/** What is approved at an index, the oldest first. */
export function documentsAt(index: string, approved: readonly AccessRequest[]): readonly ApprovalDocument[] {
  return approved.flatMap(({ id, index: its, project, decision }) => {
    const name = tryProjectName(project)
    const yaml = decision?.approval?.yaml
    return its !== index || name === undefined || yaml === undefined ? [] : [{ id, project: name, yaml }]
  })
}

function firstEnd(approved: readonly AccessRequest[]): Instant | undefined {
  const ends = approved.flatMap(({ decision }) => decision?.approval?.ends ?? [])
  return ends.length === 0 ? undefined : instant(Math.min(...ends))
}
