import { parseSha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import { type Finding, INVALID_CODES } from '../../domain/identity/attestation.ts'
import type { RememberedFinding } from '../../domain/memory/findings.ts'
import { createHistory, type History, NO_HISTORY, type SeenFile } from '../../domain/memory/history.ts'
import { type SeenProject, seenProject } from '../../domain/memory/project-memory.ts'
import type { Artifact, FilePath, ProjectStatus, UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { JournalRow, Records } from '../../ports/records.ts'

/** What was certainly looked at before it was decided. */
const LOOKED_AT: ReadonlySet<string> = new Set(['exemption', 'exemption-expired'])
/** What is only said of a file without attestations. */
export const WITHOUT: ReadonlySet<string> = new Set(['unattested', 'provenance-lost', 'provenance-partial', 'optional'])

/** the source that a name belonged to that belongs to none by now */
const NOBODY = 'another' as SourceName

/** A file at some moment. `finding` is `undefined` where the evidence is not on record. */
export interface RecordedState {
  readonly artifact: Artifact
  readonly history: History
  readonly finding: Finding | undefined
}

/** `belonging`: where nobody tells, no file comes from a source that is known. */
export type Recorded = Pick<Records, 'project' | 'finding'> & Partial<Pick<Records, 'belonging'>>

/** What was known of files at some moment, as far as it is on record. */
export class RecordedStates {
  readonly #records: Recorded
  readonly #projects = new Map<string, Promise<RecordedProject>>()
  readonly #findings = new Map<string, Promise<RememberedFinding | undefined>>()

  constructor(records: Recorded) {
    this.#records = records
  }

  /** `undefined` for what no policy could ever admit. */
  async of(row: JournalRow, code: string, at: Instant): Promise<RecordedState | undefined> {
    const project = tryProjectName(row.project)
    const filename = project === undefined ? undefined : parseDistFilename(row.filename, project)
    const sha256 = parseSha256(row.sha256 ?? '')
    if (project === undefined || filename === undefined || sha256 === undefined) return undefined
    const recorded = await this.#project(project)
    const { seen } = recorded
    // the moment of the request itself: what was said of the file then tells more than what was seen last
    const then = at === row.at
    const file = recorded.file(row.filename)
    const source = this.#records.belonging?.(project)
    const artifact: Artifact = {
      project,
      ...(code === 'source-changed' ? { belongsTo: source ?? NOBODY } : source === undefined ? {} : { source }),
      filename,
      path: `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${row.filename}` as FilePath,
      sha256,
      size: undefined,
      url: `file:///${row.filename}` as UpstreamUrl,
      uploaded: file?.uploaded,
      yanked: (then && code === 'yanked') || (file?.yanked !== undefined && file.yanked <= at),
      status: then && code === 'project-status' ? denied(seen) : statusAt(seen, at),
      coreMetadata: undefined,
      provenance: 'unsaid',
    }
    return { artifact, history: recorded.historyAt(at), finding: await this.#finding(row, code, artifact, at) }
  }

  #project(project: ProjectName): Promise<RecordedProject> {
    const known = this.#projects.get(project) ?? this.#read(project)
    this.#projects.set(project, known)
    return known
  }

  async #read(project: ProjectName): Promise<RecordedProject> {
    return new RecordedProject(seenProject(await this.#records.project(project)))
  }

  /** What was found since, up to the moment, counts; else what was said then tells more than what is on record. */
  async #finding(
    row: JournalRow,
    code: string,
    { project, sha256 }: Artifact,
    at: Instant,
  ): Promise<Finding | undefined> {
    const { filename, identity } = row
    const key = `${project} ${sha256} ${filename}`
    const asked = this.#findings.get(key) ?? this.#records.finding({ project, sha256, filename })
    this.#findings.set(key, asked)
    const remembered = await asked
    const found = remembered?.finding
    if (remembered !== undefined && remembered.found > row.at && remembered.found <= at) return found
    const why = identity === undefined ? INVALID_CODES.find(invalid => invalid === code) : undefined
    if (why !== undefined) return { kind: 'invalid', why, detail: 'as it was found then' }
    if (WITHOUT.has(code)) return { kind: 'unattested', said: 'integrity' }
    // somebody's identity was proved then; what has failed or gone since tells nothing of it
    if (identity !== undefined) return found?.kind === 'attested' ? found : undefined
    // had it been attested, what was looked at for an exemption would be on record
    return found ?? (LOOKED_AT.has(code) ? { kind: 'unattested', said: 'index' } : undefined)
  }
}

/** A project, and what was remembered of it at each moment. */
class RecordedProject {
  readonly seen: SeenProject | undefined
  readonly #files: ReadonlyMap<string, SeenProject['files'][number]>
  /** when something was learned of it, in order */
  readonly #moments: readonly Instant[]
  #known = { learned: -1, history: NO_HISTORY }

  constructor(seen: SeenProject | undefined) {
    this.seen = seen
    this.#files = new Map((seen?.files ?? []).map(file => [file.filename, file]))
    const moments = (seen?.files ?? []).flatMap(({ firstSeen, offered, absent, missed, proof }) =>
      [firstSeen, offered, absent, missed, proof?.at].filter(moment => moment !== undefined),
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

function statusAt(seen: SeenProject | undefined, at: Instant): ProjectStatus {
  // what it was before it became what it is was never a reason to refuse it
  return seen === undefined || at < seen.statusSince || seen.status === 'quarantined' ? 'active' : seen.status
}

/** Of a project that was refused for its status. */
function denied(seen: SeenProject | undefined): ProjectStatus {
  return seen?.status === 'deprecated' ? 'deprecated' : 'archived'
}

function asOf(file: SeenFile, at: Instant): SeenFile | undefined {
  if (file.firstSeen > at) return undefined
  const { absent, missed, offered, proof } = file
  return {
    ...file,
    absent: absent !== undefined && absent <= at ? absent : undefined,
    missed: missed !== undefined && missed <= at ? missed : undefined,
    offered: offered !== undefined && offered <= at ? offered : undefined,
    proof: proof !== undefined && proof.at <= at ? proof : undefined,
  }
}
