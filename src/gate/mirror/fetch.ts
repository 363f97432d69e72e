import { setTimeout as delay } from 'node:timers/promises'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError, orGateError } from '../../domain/base/errors.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import { tellUnknown } from '../../domain/decide/story.ts'
import type { Admitted, RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { allowsPython, pickForTargets, type Targets } from '../../domain/packaging/targets.ts'
import { canonicalVersion, compareVersions, isPrerelease } from '../../domain/packaging/version.ts'
import { type Reserved, readingsOf } from '../../domain/sources/readings.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Holdings } from '../../ports/mirror.ts'
import type { Index } from '../../ports/outward.ts'
import type { Asked } from '../../ports/store.ts'
import type { MirrorPlan, WantedFile } from '../../protocol/carry/mirror-plan.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import { type Explanation, stepsOf } from '../explain/explanation.ts'
import { type FileGate, type Taken, takeFile } from './take.ts'

/** Files that are fetched side by side: large ones keep the line busy while small ones keep the verifier busy. */
const AT_ONCE = { small: 8, large: 4 }
/** bytes */
const LARGE = 4 * 1024 * 1024
/** How often a file is asked for again that could not be determined, and how long is waited before. */
const WAITS_MS = [1_000, 4_000]
/** Files that wait to be written down, from which on they are; a kill costs no more than looking at some of these again. */
const AT_LEAST = 16
/** Above so many, whoever adds one more waits for the disk. */
const AT_MOST = 64

/** What of a gate is asked for what lies beside a file. */
export interface FetchGate extends FileGate {
  listed(artifact: Artifact): IndexFile | undefined
  provenance(project: ProjectName, filename: DistFilename): Promise<Buffer>
  journal(verdict: Verdict, asked: Asked, startedMs: number): void
}

/** An index that files are fetched at. */
export interface FetchIndex extends Reserved {
  readonly gate: FetchGate
  readonly index: Index
  /** Whose a name is that a page was read of; `undefined` of all where no sources are told apart. */
  sourceOf(project: ProjectName): SourceName | undefined
  /** Whom the index may ask about the name before this source; `undefined` where nobody is asked in order. */
  behind(project: ProjectName, source: SourceName): readonly SourceName[] | undefined
}

export interface FetchParts {
  /** By what the configuration calls it; `undefined`: the first. */
  at(index: string | undefined): FetchIndex
  readonly holdings: Holdings
}

/** What became of one file of a plan. */
export interface Fetched extends Pick<Explanation, 'file' | 'outcome' | 'steps'> {
  /** bytes, of a file that is held now */
  readonly size: number | undefined
}

interface Wish {
  readonly project: ProjectName
  readonly filename: string
  readonly version: string | undefined
  readonly index?: string | undefined
  /** `undefined`: whosever it is now */
  readonly source?: SourceName | undefined
  /** `undefined`: whatever the index lists */
  readonly sha256: Sha256 | undefined
  /** bytes, where a plan knows */
  readonly size: number | undefined
}

/**
 * Fetches what a plan names, each file through the same judge and door as any client's, and holds what is admitted. What is
 * refused or cannot be determined does not stop the others; what is here already is judged and not fetched again.
 */
export async function fetchPlan(
  plan: MirrorPlan,
  parts: FetchParts,
  progress: (done: number, all: number) => void,
): Promise<readonly Fetched[]> {
  const limit = (running: number) => createLimit({ running, waiting: Number.POSITIVE_INFINITY, what: 'files' })
  const [small, large] = [limit(AT_ONCE.small), limit(AT_ONCE.large)]
  const { wishes, unresolved } = await resolveWanted(plan, parts)
  const ledger = new Ledger(parts.holdings)
  let done = 0
  try {
    const fetched = await Promise.all(
      [...plan.files, ...wishes].map(wish =>
        ((wish.size ?? 0) >= LARGE ? large : small).run(async () => {
          const outcome = await fetchPatiently(wish, parts, ledger)
          done += 1
          progress(done, plan.files.length + wishes.length)
          return outcome
        }),
      ),
    )
    return [...fetched, ...unresolved]
  } finally {
    await ledger.end()
  }
}

/** What is held is written down some files at a time, beside the files that come meanwhile: that waits for the disk to have their bytes. */
class Ledger {
  readonly #holdings: Holdings
  #pending: HeldFile[] = []
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  /** Throws unknown-store where what was added before could not be written down. */
  async add(file: HeldFile): Promise<void> {
    this.#pending.push(file)
    if (this.#pending.length >= AT_LEAST) this.#start()
    if (this.#pending.length >= AT_MOST) await this.#writing
    this.#assertWritten()
  }

  /** All that was added. */
  async end(): Promise<void> {
    await this.#writing
    this.#start()
    await this.#writing
    this.#assertWritten()
  }

  #start(): void {
    if (this.#writing !== undefined || this.#pending.length === 0) return
    const files = this.#pending
    this.#pending = []
    this.#writing = this.#holdings
      .put(files)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#writing = undefined
      })
  }

  #assertWritten(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

async function fetchPatiently(wish: Wish, parts: FetchParts, ledger: Ledger): Promise<Fetched> {
  for (const wait of [...WAITS_MS, undefined]) {
    const fetched = await fetchOne(wish, parts, ledger)
    const { outcome } = fetched
    if (wait === undefined || !(outcome instanceof GateError) || !outcome.code.startsWith('unknown-upstream'))
      return fetched
    await delay(wait)
  }
  throw new GateError('unknown-bug', 'a file was never asked for')
}

async function fetchOne(wish: Wish, parts: FetchParts, ledger: Ledger): Promise<Fetched> {
  const filename = parseDistFilename(wish.filename, wish.project)
  const about = { project: wish.project, version: wish.version, filename: wish.filename, sha256: wish.sha256 }
  if (filename === undefined) {
    const detail = `${wish.filename} is no wheel or source distribution of ${wish.project}`
    return told(new GateError('not-listed', detail), about)
  }
  const held = await orGateError(hold(wish, filename, parts.at(wish.index), ledger))
  if (held instanceof GateError) return told(held, about)
  if (held.kind === 'refused') return told(held, held.file)
  const { verdict, size } = held
  return told(verdict, { ...about, version: filename.version, sha256: verdict.artifact.sha256 }, size)
}

function told(outcome: Verdict | GateError, file: RefusedFile, size?: number): Fetched {
  return { file, outcome, steps: stepsOf(outcome), size }
}

/** Takes the file and the documents beside it, and notes that it is held. */
async function hold(wish: Wish, filename: DistFilename, at: FetchIndex, ledger: Ledger): Promise<Taken> {
  const { gate, behind: turnOf } = at
  const started = performance.now()
  let listed: IndexFile | undefined
  const taken = await takeFile({ project: wish.project, filename }, gate, {
    async located(artifact) {
      assertAsPlanned(wish, artifact, sourceAt(artifact, at))
      listed = await entryOf(artifact, at)
      if (listed === undefined)
        throw new GateError('unknown-index-changed', `the page of ${wish.project} changed meanwhile`)
    },
    judged: verdict => gate.journal(verdict, { address: 'mirror fetch', subject: 'mirror fetch' }, started),
  })
  if (taken.kind === 'taken') {
    const provenance = await provenanceOf(taken.verdict, gate)
    const source = sourceAt(taken.verdict.artifact, at)
    const { requiresPython, uploadTime } = listed ?? {}
    const behind = source && turnOf(wish.project, source)
    const its = { ...(source && { source }), ...(behind && { behind }) }
    await ledger.add({ ...heldFile(taken, { requiresPython, uploadTime, provenance }), ...its })
  }
  return taken
}

/** Whose page lists the file, where sources are told apart: another one than the name belongs to where a policy waives that. */
function sourceAt(artifact: Artifact, { sourceOf }: FetchIndex): SourceName | undefined {
  return strangerSource(artifact) ?? sourceOf(artifact.project)
}

/** What the page says of it that lists it. */
async function entryOf(artifact: Artifact, { gate, index }: FetchIndex): Promise<IndexFile | undefined> {
  const { project, path, sha256 } = artifact
  const stranger = strangerSource(artifact)
  if (stranger === undefined) return gate.listed(artifact)
  const isMeant = (file: IndexFile) => file.path === path && file.sha256 === sha256
  const moved = await index.elsewhere?.(project, isMeant)
  return moved?.page.source === stranger ? moved.page.files.find(isMeant) : undefined
}

function heldFile(
  { verdict, size, metadata }: Extract<Taken, { kind: 'taken' }>,
  beside: Pick<HeldFile, 'requiresPython' | 'uploadTime' | 'provenance'>,
): HeldFile {
  const { project, filename, sha256, path, url, yanked, status, provenance: said } = verdict.artifact
  return { project, filename, sha256, size, path, url, yanked, status, coreMetadata: metadata, said, ...beside }
}

function assertAsPlanned({ filename, sha256, source }: Wish, artifact: Artifact, now: SourceName | undefined): void {
  if (sha256 !== undefined && artifact.sha256 !== sha256)
    throw new GateError(
      'not-listed',
      `the index lists ${filename} with the sha256 ${artifact.sha256}, the plan has ${sha256}`,
    )
  if (source !== undefined && now !== undefined && now !== source)
    throw new GateError('not-listed', `${filename} is of the source ${now} here, and of ${source} in the plan`)
}

/** Also of a file that is admitted without: inside, another policy may ask for it. */
async function provenanceOf(verdict: Admitted, gate: FetchGate): Promise<Sha256 | undefined> {
  const { project, filename } = verdict.artifact
  try {
    return sha256Of(await gate.provenance(project, filename))
  } catch (error) {
    const none = error instanceof GateError && (error.code === 'no-provenance' || !verdict.facts.restsOnAttestation)
    if (none) return undefined
    throw error
  }
}

/** What a mirror was asked for in vain, as files that the index lists now. */
async function resolveWanted(
  { wanted, targets, files }: MirrorPlan,
  parts: FetchParts,
): Promise<{ readonly wishes: readonly Wish[]; readonly unresolved: readonly Fetched[] }> {
  const keyOf = (index: string | undefined, filename: string) => `${index ?? ''} ${filename}`
  const planned = new Set(files.map(({ index, filename }) => keyOf(index, filename)))
  const wishes = new Map<string, Wish>()
  const unresolved: Fetched[] = []
  for (const want of wanted) {
    const found = await listedFor(want, parts.at(want.index), targets)
    if (found instanceof GateError || found.length === 0)
      unresolved.push({
        file: { project: want.project, version: undefined, filename: want.filename ?? want.project, sha256: undefined },
        outcome:
          found instanceof GateError
            ? found
            : new GateError('not-listed', `the index lists no file of ${want.project} that fits`),
        steps: [],
        size: undefined,
      })
    else
      for (const { text, version, project } of found)
        if (!planned.has(keyOf(want.index, text)))
          wishes.set(keyOf(want.index, text), {
            project,
            filename: text,
            version,
            index: want.index,
            sha256: undefined,
            size: undefined,
          })
  }
  return { wishes: [...wishes.values()], unresolved }
}

/** The file that is named, or those of the newest release that the targets need. */
async function listedFor(
  { project, filename }: WantedFile,
  at: FetchIndex,
  targets: Targets,
): Promise<readonly DistFilename[] | GateError> {
  try {
    if (filename !== undefined) return await filesNamed(filename, askedFor(project, filename, at), at)
    const files = await pageOf(project, at)
    const usable = files.flatMap(({ dist, requiresPython, yanked }) =>
      yanked === false && dist !== undefined && allowsPython(requiresPython, targets) ? [{ filename: dist }] : [],
    )
    const releases = [...Map.groupBy(usable, file => canonicalVersion(file.filename.version)).values()]
      .flatMap(its => (its[0] === undefined ? [] : [{ version: its[0].filename.version, files: its }]))
      .sort((a, b) => compareVersions(a.version, b.version))
    const release = releases.findLast(({ version }) => !isPrerelease(version)) ?? releases.at(-1)
    return pickForTargets(release?.files ?? [], targets).map(({ filename: dist }) => dist)
  } catch (error) {
    if (error instanceof GateError) return error
    throw error
  }
}

/** A mirror that was asked for a file notes one reading of its name; where another one is owned, nobody but its owner may hear of it. */
function askedFor(project: ProjectName, filename: string, reserved: Reserved): readonly ProjectName[] {
  const readings = readingsOf(filename, reserved)
  return reserved.isOwned(project) || !readings.some(reserved.isOwned) ? [project] : readings
}

async function filesNamed(
  filename: string,
  projects: readonly ProjectName[],
  at: FetchIndex,
): Promise<readonly DistFilename[]> {
  for (const project of projects) {
    const found = (await pageOf(project, at)).flatMap(({ dist }) => (dist?.text === filename ? [dist] : []))
    if (found.length > 0) return found
  }
  return []
}

/** @throws GateError internal, not-listed, unknown-… */
async function pageOf(project: ProjectName, { index, isInternal }: FetchIndex): Promise<readonly IndexFile[]> {
  if (isInternal(project)) throw new GateError('internal', `${project} is an internal name`)
  const answer = await index.project(project)
  if (answer.kind !== 'page') throw new GateError('not-listed', tellUnknown(project, index.whose?.(project)))
  return answer.index.files
}
