import type { Artifact, FilePath, ProjectStatus, UpstreamUrl } from '../domain/artifact.ts'
import type { Finding, InvalidCode } from '../domain/attestation.ts'
import { decide, needsFinding } from '../domain/decide.ts'
import { parseSha256 } from '../domain/digest.ts'
import { parseDistFilename } from '../domain/filename.ts'
import { createHistory, type History, NO_HISTORY, type SeenFile } from '../domain/history.ts'
import { type Instant, instant } from '../domain/instant.ts'
import { type ProjectName, tryProjectName } from '../domain/name.ts'
import type { Policy } from '../domain/policy.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { JournalRow, Records, SeenProject } from '../ports.ts'

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
const INVALID: readonly InvalidCode[] = [
  'provenance-malformed',
  'signature-invalid',
  'subject-mismatch',
  'digest-mismatch',
  'metadata-mismatch',
]
const LOOKED_AT: ReadonlySet<string> = new Set(['exemption', 'exemption-expired'])
const WITHOUT: ReadonlySet<string> = new Set(['unattested', 'provenance-lost', 'provenance-partial', 'optional'])

/**
 * Decides the recorded requests again under another policy, each with the evidence on record, what was remembered of the
 * project then, and the time of the request; with `at`, as of that moment. Nothing is asked of anybody.
 */
export function replay(
  records: Pick<Records, 'journal' | 'project' | 'finding'>,
  policy: Policy,
  { since, at }: { readonly since: Instant; readonly at: Instant | undefined },
): Replay {
  const pasts = new Pasts(records)
  const changed = new Map<string, Group<Changed>>()
  const watched = new Map<string, Group<Changed>>()
  const untold = new Map<string, Group<Untold>>()
  let requests = 0
  for (const row of records.journal(since)) {
    requests += row.count
    const from = { outcome: row.outcome, code: row.code }
    const again = decideAgain(row, policy, pasts, at ?? row.at)
    if (again === undefined) add(untold, row, { from })
    else if (again === 'same') continue
    else if (again.outcome !== row.outcome) add(changed, row, { from, to: again })
    else if (again.code.startsWith(WATCHED) && !row.code.startsWith(WATCHED)) add(watched, row, { from, to: again })
  }
  return { requests, changed: listed(changed), watched: listed(watched), untold: listed(untold) }
}

type Again = (Outcome & { readonly detail: string }) | 'same' | undefined

/** `undefined` where the evidence is not on record; `same` where no policy has a say. */
function decideAgain(row: JournalRow, policy: Policy, pasts: Pasts, at: Instant): Again {
  const code = row.code.startsWith(WATCHED) ? row.code.slice(WATCHED.length) : row.code
  if (BEFORE_POLICY.has(code)) return 'same'
  const past = pasts.of(row, code, at)
  if (past === undefined) return 'same'
  const { artifact, history, finding } = past
  if (finding !== undefined && (row.policyDigest === policy.digest || !isOfOtherRoots(finding, artifact, policy)))
    return told(decide(artifact, finding, policy, history, at))
  if (needsFinding(artifact, policy, history, at)) return undefined
  return told(decide(artifact, { kind: 'unattested', said: 'integrity' }, policy, history, at))
}

/** A trust root that the other policy names may vouch for what failed under those that were in force. */
function isOfOtherRoots(finding: Finding, { project }: Artifact, policy: Policy): boolean {
  if (finding.kind !== 'invalid' || finding.why !== 'signature-invalid') return false
  return policy.ruleFor(project)?.publishers?.some(({ kind }) => kind === 'custom') === true
}

function told(verdict: Verdict): Outcome & { readonly detail: string } {
  if (verdict.kind === 'refused') return { outcome: 'refused', code: verdict.code, detail: verdict.detail }
  const { by, wouldRefuse } = verdict.facts
  if (wouldRefuse !== undefined)
    return { outcome: 'admitted', code: `${WATCHED}${wouldRefuse.code}`, detail: wouldRefuse.detail }
  return { outcome: 'admitted', code: by, detail: `admitted by ${by}` }
}

interface Past {
  readonly artifact: Artifact
  readonly history: History
  readonly finding: Finding | undefined
}

/** What was known of files at some moment, as far as it is on record. */
class Pasts {
  readonly #records: Pick<Records, 'project' | 'finding'>
  readonly #projects = new Map<string, PastProject>()
  readonly #findings = new Map<string, Finding | undefined>()

  constructor(records: Pick<Records, 'project' | 'finding'>) {
    this.#records = records
  }

  /** `undefined` for what no policy could ever admit. */
  of(row: JournalRow, code: string, at: Instant): Past | undefined {
    const project = tryProjectName(row.project)
    const filename = project === undefined ? undefined : parseDistFilename(row.filename, project)
    const sha256 = parseSha256(row.sha256 ?? '')
    if (project === undefined || filename === undefined || sha256 === undefined) return undefined
    const past = this.#project(project)
    const { seen } = past
    const file = past.file(row.filename)
    const artifact: Artifact = {
      project,
      filename,
      path: `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${row.filename}` as FilePath,
      sha256,
      size: undefined,
      url: `file:///${row.filename}` as UpstreamUrl,
      uploaded: file?.uploaded,
      yanked: code === 'yanked' || (file?.yanked !== undefined && file.yanked <= at),
      status: statusAt(seen, code, at),
      coreMetadata: undefined,
      provenance: 'unsaid',
    }
    return { artifact, history: past.historyAt(at), finding: this.#finding(row, code, artifact) }
  }

  #project(project: ProjectName): PastProject {
    const known = this.#projects.get(project) ?? new PastProject(this.#records.project(project))
    this.#projects.set(project, known)
    return known
  }

  /** What was said then tells more than what is on record now. */
  #finding({ filename, identity }: JournalRow, code: string, { sha256 }: Artifact): Finding | undefined {
    const why = identity === undefined ? INVALID.find(invalid => invalid === code) : undefined
    if (why !== undefined) return { kind: 'invalid', why, detail: 'as it was found then' }
    if (WITHOUT.has(code)) return { kind: 'unattested', said: 'integrity' }
    const key = `${sha256} ${filename}`
    if (!this.#findings.has(key)) this.#findings.set(key, this.#records.finding({ sha256, filename })?.finding)
    const recorded = this.#findings.get(key)
    // somebody's identity was proved then; what has failed or gone since tells nothing of it
    if (identity !== undefined) return recorded?.kind === 'attested' ? recorded : undefined
    // had it been attested, what was looked at for an exemption would be on record
    return recorded ?? (LOOKED_AT.has(code) ? { kind: 'unattested', said: 'index' } : undefined)
  }
}

/** A project, and what was remembered of it at each moment. */
class PastProject {
  readonly seen: SeenProject | undefined
  readonly #files: ReadonlyMap<string, SeenProject['files'][number]>
  /** when something was learned of it, in order */
  readonly #moments: readonly Instant[]
  #known = { learned: -1, history: NO_HISTORY }

  constructor(seen: SeenProject | undefined) {
    this.seen = seen
    this.#files = new Map((seen?.files ?? []).map(file => [file.filename, file]))
    const moments = (seen?.files ?? []).flatMap(({ firstSeen, offered, absent, proof }) =>
      [firstSeen, offered, absent, proof?.at].filter(moment => moment !== undefined),
    )
    this.#moments = [...new Set(moments)].sort((a, b) => a - b)
  }

  file(filename: string): SeenProject['files'][number] | undefined {
    return this.#files.get(filename)
  }

  /** Built once for each stretch of time in which nothing was learned; the journal goes from one to the next. */
  historyAt(at: Instant): History {
    const learned = countUntil(this.#moments, at)
    if (learned !== this.#known.learned) {
      const files = [...this.#files.values()].flatMap(file => asOf(file, at) ?? [])
      this.#known = { learned, history: createHistory(files) }
    }
    return this.#known.history
  }
}

/** How many of these moments, in order, are not after `at`. */
function countUntil(moments: readonly Instant[], at: Instant): number {
  let [low, high] = [0, moments.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((moments[middle] ?? at) <= at) low = middle + 1
    else high = middle
  }
  return low
}

function statusAt(seen: SeenProject | undefined, code: string, at: Instant): ProjectStatus {
  if (code === 'project-status') return seen?.status === 'deprecated' ? 'deprecated' : 'archived'
  // what it was before it became what it is was never a reason to refuse it
  return seen === undefined || at < seen.statusSince || seen.status === 'quarantined' ? 'active' : seen.status
}

function asOf(file: SeenFile, at: Instant): SeenFile | undefined {
  if (file.firstSeen > at) return undefined
  const { absent, offered, proof } = file
  return {
    ...file,
    absent: absent !== undefined && absent <= at ? absent : undefined,
    offered: offered !== undefined && offered <= at ? offered : undefined,
    proof: proof !== undefined && proof.at <= at ? proof : undefined,
  }
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
