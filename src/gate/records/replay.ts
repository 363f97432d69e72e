import { type Instant, instant } from '../../domain/base/instant.ts'
import { decide, needsFinding } from '../../domain/decide/decide.ts'
import type { Verdict } from '../../domain/decide/verdict.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { JournalRow, Records } from '../../ports/records.ts'
import { type Recorded, RecordedStates } from './recorded-state.ts'

/** One side of a change. */
export interface Outcome {
  readonly outcome: 'admitted' | 'refused'
  /** refusal code, or what an admission rests on */
  readonly code: string
}

interface Requests {
  readonly project: string
  readonly filename: string
  readonly sha256: string | undefined
  /** how often it was asked for */
  readonly requests: number
  readonly clients: number
  readonly first: Instant
  readonly last: Instant
}

export interface Changed extends Requests {
  readonly from: Outcome
  readonly to: Outcome & { readonly detail: string }
}

/** What the other policy asks of its provenance is not on record. */
export interface Untold extends Requests {
  readonly from: Outcome
}

export interface Replay {
  /** rows of the journal, hits counted */
  readonly requests: number
  readonly changed: readonly Changed[]
  /** of a policy in `audit` mode: what passed would pass still, though only because that one watches */
  readonly watched: readonly Changed[]
  readonly untold: readonly Untold[]
}

const WATCHED = 'audit:'
/** Refused before any policy has a say. */
const BEFORE_POLICY: ReadonlySet<string> = new Set([
  'digest-missing',
  'file-unsupported',
  'too-large',
  'project-quarantined',
])

/**
 * Decides the recorded requests again under another policy, each with the evidence on record, what was remembered of the
 * project then, and the time of the request; with `at`, as of that moment. Nothing is asked of anybody. With `before`, the
 * outcomes of the two policies are compared instead of the recorded one's and the other's.
 */
export async function replay(
  records: Pick<Records, 'journal'> & Recorded,
  policy: Policy,
  { since, at, before }: { readonly since: Instant; readonly at: Instant | undefined; readonly before?: Policy },
): Promise<Replay> {
  const states = new RecordedStates(records)
  const changed = new Map<string, Group<Changed>>()
  const watched = new Map<string, Group<Changed>>()
  const untold = new Map<string, Group<Untold>>()
  let requests = 0
  for await (const row of records.journal(since)) {
    if (row.outcome === 'forgotten') continue
    requests += row.count
    const again = await decideAgain(row, policy, states, at ?? row.at)
    const was = before === undefined ? 'same' : await decideAgain(row, before, states, at ?? row.at)
    // what neither can be told of is no difference
    if (again === 'same' || (again === undefined && was === undefined)) continue
    const { outcome, code } = typeof was === 'object' ? was : { outcome: row.outcome, code: row.code }
    const from = { outcome, code }
    if (again === undefined) add(untold, row, { from })
    else if (again.outcome !== outcome) add(changed, row, { from, to: again })
    else if (again.code.startsWith(WATCHED) && !code.startsWith(WATCHED)) add(watched, row, { from, to: again })
  }
  return { requests, changed: listed(changed), watched: listed(watched), untold: listed(untold) }
}

type Again = (Outcome & { readonly detail: string }) | 'same' | undefined

/** `undefined` where the evidence is not on record; `same` where no policy has a say. */
async function decideAgain(row: JournalRow, policy: Policy, states: RecordedStates, at: Instant): Promise<Again> {
  const code = row.code.startsWith(WATCHED) ? row.code.slice(WATCHED.length) : row.code
  if (BEFORE_POLICY.has(code)) return 'same'
  const then = await states.of(row, code, at)
  if (then === undefined) return 'same'
  const { artifact, history, finding } = then
  if (finding !== undefined && (row.policyDigest === policy.digest || !isOfOtherRoots(finding, artifact, policy)))
    return told(decide(artifact, finding, policy, history, at))
  if (needsFinding(artifact, policy, history, at)) return undefined
  return told(decide(artifact, { kind: 'unattested', said: 'integrity' }, policy, history, at))
}

/** A trust root that the other policy names may vouch for what failed under those that were in force. */
function isOfOtherRoots(finding: Finding, { project, source }: Artifact, policy: Policy): boolean {
  if (finding.kind !== 'invalid' || finding.why !== 'signature-invalid') return false
  return policy.ruleFor(project, source)?.publishers?.some(({ kind }) => kind === 'custom') === true
}

function told(verdict: Verdict): Outcome & { readonly detail: string } {
  if (verdict.kind === 'refused') return { outcome: 'refused', code: verdict.code, detail: verdict.detail }
  const { by, wouldRefuse } = verdict.facts
  if (wouldRefuse !== undefined)
    return { outcome: 'admitted', code: `${WATCHED}${wouldRefuse.code}`, detail: wouldRefuse.detail }
  return { outcome: 'admitted', code: by, detail: `admitted by ${by}` }
}

// ---------------------------------------------------------------- counting

interface Group<Told extends Requests> {
  readonly told: Omit<Told, keyof Requests>
  readonly row: JournalRow
  requests: number
  readonly clients: Set<string>
  first: Instant
  last: Instant
}

function add<Told extends Requests>(
  groups: Map<string, Group<Told>>,
  row: JournalRow,
  what: Omit<Told, keyof Requests>,
): void {
  const key = JSON.stringify([row.project, row.filename, row.sha256, what])
  const group = groups.get(key)
  if (group === undefined) {
    groups.set(key, {
      told: what,
      row,
      requests: row.count,
      clients: new Set([row.client]),
      first: row.at,
      last: row.at,
    })
    return
  }
  group.requests += row.count
  group.clients.add(row.client)
  group.first = instant(Math.min(group.first, row.at))
  group.last = instant(Math.max(group.last, row.at))
}

function listed<Told extends Requests>(groups: ReadonlyMap<string, Group<Told>>): readonly Told[] {
  return [...groups.values()]
    .sort((a, b) => (`${a.row.project} ${a.row.filename}` < `${b.row.project} ${b.row.filename}` ? -1 : 1))
    .map(({ told: what, row: { project, filename, sha256 }, requests, clients, first, last }) => {
      return { ...what, project, filename, sha256, requests, clients: clients.size, first, last } as Told
    })
}
