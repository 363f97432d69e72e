import { setTimeout as delay } from 'node:timers/promises'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError, orGateError } from '../../domain/base/errors.ts'
import type { Admitted, RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { allowsPython, pickForTargets, type Targets } from '../../domain/packaging/targets.ts'
import { canonicalVersion, compareVersions, isPrerelease } from '../../domain/packaging/version.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Holdings } from '../../ports/mirror.ts'
import type { Index } from '../../ports/outward.ts'
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
/** Files that are written down together; a kill costs no more than looking at so many again. */
const AT_LEAST = 16

/** What of a gate is asked for what lies beside a file. */
export interface FetchGate extends FileGate {
  listed(artifact: Artifact): IndexFile | undefined
  provenance(project: ProjectName, filename: DistFilename): Promise<Buffer>
  journal(verdict: Verdict, client: string, startedMs: number): void
}

export interface FetchParts {
  readonly gate: FetchGate
  readonly index: Index
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
  const { wishes, unresolved } = await resolveWanted(plan, parts.index)
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
    await ledger.write()
  }
}

/** What is held is written down some files at a time. */
class Ledger {
  readonly #holdings: Holdings
  #pending: HeldFile[] = []

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  async add(file: HeldFile): Promise<void> {
    this.#pending.push(file)
    if (this.#pending.length >= AT_LEAST) await this.write()
  }

  async write(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    if (pending.length > 0) await this.#holdings.put(pending)
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
  const held = await orGateError(hold(wish, filename, parts.gate, ledger))
  if (held instanceof GateError) return told(held, about)
  if (held.kind === 'refused') return told(held, held.file)
  const { verdict, size } = held
  return told(verdict, { ...about, version: filename.version, sha256: verdict.artifact.sha256 }, size)
}

function told(outcome: Verdict | GateError, file: RefusedFile, size?: number): Fetched {
  return { file, outcome, steps: stepsOf(outcome), size }
}

/** Takes the file and the documents beside it, and notes that it is held. */
async function hold(wish: Wish, filename: DistFilename, gate: FetchGate, ledger: Ledger): Promise<Taken> {
  const started = performance.now()
  let listed: IndexFile | undefined
  const taken = await takeFile({ project: wish.project, filename }, gate, {
    located(artifact) {
      assertAsPlanned(wish, artifact)
      listed = gate.listed(artifact)
      if (listed === undefined)
        throw new GateError('unknown-index-changed', `the page of ${wish.project} changed meanwhile`)
    },
    judged: verdict => gate.journal(verdict, 'mirror fetch', started),
  })
  if (taken.kind === 'taken') {
    const provenance = await provenanceOf(taken.verdict, gate)
    await ledger.add(
      heldFile(taken, { requiresPython: listed?.requiresPython, uploadTime: listed?.uploadTime, provenance }),
    )
  }
  return taken
}

function heldFile(
  { verdict, size, metadata }: Extract<Taken, { kind: 'taken' }>,
  beside: Pick<HeldFile, 'requiresPython' | 'uploadTime' | 'provenance'>,
): HeldFile {
  const { project, filename, sha256, path, url, yanked, status, provenance: said } = verdict.artifact
  return { project, filename, sha256, size, path, url, yanked, status, coreMetadata: metadata, said, ...beside }
}

function assertAsPlanned({ filename, sha256 }: Wish, artifact: Artifact): void {
  if (sha256 !== undefined && artifact.sha256 !== sha256)
    throw new GateError(
      'not-listed',
      `the index lists ${filename} with the sha256 ${artifact.sha256}, the plan has ${sha256}`,
    )
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
  index: Index,
): Promise<{ readonly wishes: readonly Wish[]; readonly unresolved: readonly Fetched[] }> {
  const planned = new Set(files.map(({ filename }) => filename))
  const wishes = new Map<string, Wish>()
  const unresolved: Fetched[] = []
  for (const want of wanted) {
    const found = await listedFor(want, index, targets)
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
      for (const { text, version } of found)
        if (!planned.has(text))
          wishes.set(text, { project: want.project, filename: text, version, sha256: undefined, size: undefined })
  }
  return { wishes: [...wishes.values()], unresolved }
}

/** The file that is named, or those of the newest release that the targets need. */
async function listedFor(
  { project, filename }: WantedFile,
  index: Index,
  targets: Targets,
): Promise<readonly DistFilename[] | GateError> {
  try {
    const answer = await index.project(project)
    if (answer.kind !== 'page') return new GateError('not-listed', `the index does not know ${project}`)
    const dists = answer.index.files.filter(file => file.yanked === false || file.filename === filename)
    if (filename !== undefined) return dists.flatMap(({ dist }) => (dist?.text === filename ? [dist] : []))
    const usable = dists.flatMap(({ dist, requiresPython }) =>
      dist !== undefined && allowsPython(requiresPython, targets) ? [{ filename: dist }] : [],
    )
    const releases = [...Map.groupBy(usable, file => canonicalVersion(file.filename.version)).values()]
      .flatMap(files => (files[0] === undefined ? [] : [{ version: files[0].filename.version, files }]))
      .sort((a, b) => compareVersions(a.version, b.version))
    const release = releases.findLast(({ version }) => !isPrerelease(version)) ?? releases.at(-1)
    return pickForTargets(release?.files ?? [], targets).map(({ filename: dist }) => dist)
  } catch (error) {
    if (error instanceof GateError) return error
    throw error
  }
}
