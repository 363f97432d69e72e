import type { Sha256 } from '../base/digest.ts'
import { atOnce, type Steps } from '../base/in-steps.ts'
import { type Instant, instant } from '../base/instant.ts'
import type { ProjectStatus } from '../packaging/artifact.ts'
import type { ProjectName } from '../packaging/name.ts'
import type { Version } from '../packaging/version.ts'
import { Findings, type LearnedFinding } from './findings.ts'
import { createHistory, type History, historyInSteps, type Proof, type SeenFile } from './history.ts'
import { offerIn } from './offer.ts'
import { mergeSerials, readSerial, type SerialState } from './serial.ts'
import {
  isFleeting,
  isWhole,
  mergeReading,
  mergeSighting,
  type PageRead,
  type PageReading,
  readAgain,
  type SettledFile,
  type SettledFiles,
  type Sighting,
  type Sightings,
  sightingsAgain,
  sightingsAgreed,
  sightingsAmong,
  sightingsHad,
  sightingsOn,
  wasWhole,
} from './sighting.ts'

/** A file's first proof, and the version that its name has. */
export interface ProvedFile {
  readonly filename: string
  readonly version: Version
  readonly proof: Proof
}

/** What can be learned of a project. Every fact is safe to repeat. */
export interface Facts {
  /** its page was read to its end */
  readonly page?: PageRead
  /** files that its page lists: a part of a page that is learned whole in a moment */
  readonly listed?: Pick<PageRead, 'at' | 'files'>
  /** its page was read again, and is the same */
  readonly reread?: Instant
  /** another document of the index gives these sha256 too */
  readonly agreed?: readonly Pick<SettledFile, 'filename' | 'sha256'>[]
  /** bytes of these files were had or proved; the first of a file stay */
  readonly settled?: readonly SettledFile[]
  /** of its page, which was read then; by the rules of {@link readSerial} */
  readonly serial?: number
  /** when the serial was read, of a page that was not taken in */
  readonly serialAt?: Instant
  /** the first proof of a file stays */
  readonly proofs?: readonly ProvedFile[]
  /** the latest finding stays */
  readonly findings?: readonly LearnedFinding[]
}

interface Parts {
  readonly sightings: Sightings
  readonly reading: PageReading | undefined
  readonly proofs: ReadonlyMap<string, ProvedFile>
  readonly settled: SettledFiles
  readonly serials: SerialState | undefined
  readonly findings: Findings
}

/**
 * All that is remembered of one project of one source: a value. What is learned makes another one; the parts that nothing was
 * learned of stay the same objects, so that identity tells whether anything changed.
 */
export class ProjectMemory implements Parts {
  readonly project: ProjectName
  readonly sightings: Sightings
  readonly reading: PageReading | undefined
  readonly proofs: ReadonlyMap<string, ProvedFile>
  readonly settled: SettledFiles
  readonly serials: SerialState | undefined
  readonly findings: Findings
  #history: History | undefined

  private constructor(project: ProjectName, parts: Parts, history?: History) {
    this.project = project
    this.sightings = parts.sightings
    this.reading = parts.reading
    this.proofs = parts.proofs
    this.settled = parts.settled
    this.serials = parts.serials
    this.findings = parts.findings
    this.#history = history
  }

  static of(project: ProjectName, parts: Partial<Parts> = {}): ProjectMemory {
    return new ProjectMemory(project, { ...NOTHING, ...parts })
  }

  /** Put in order once, when it is asked for. */
  get history(): History {
    this.#history ??= createHistory(seenFiles(this))
    return this.#history
  }

  /** The lowest that its page may have now. */
  get serial(): number | undefined {
    return this.serials?.floor || undefined
  }

  /** The same in steps, for whoever is about to ask about thousands of files. */
  *historyInSteps(): Generator<undefined, History, undefined> {
    this.#history ??= yield* historyInSteps(yield* seenInSteps(this))
    return this.#history
  }

  /** Whether the other knows the same of the project's files, whenever its page was read. */
  knowsAs(other: ProjectMemory): boolean {
    return this.sightings === other.sightings && this.proofs === other.proofs && this.findings === other.findings
  }

  /** What weighs in memory: files and findings. */
  get size(): number {
    return this.sightings.size + this.proofs.size + this.settled.size + this.findings.size
  }

  with(parts: Partial<Parts>): ProjectMemory {
    const before = this.#parts()
    const next = { ...before, ...parts }
    if (PARTS.every(part => next[part] === before[part])) return this
    // nothing that is asked of a history depends on when the page was read last
    const same = next.sightings === this.sightings && next.proofs === this.proofs
    return new ProjectMemory(this.project, next, same ? this.#history : undefined)
  }

  #parts(): Parts {
    const { sightings, reading, proofs, settled, serials, findings } = this
    return { sightings, reading, proofs, settled, serials, findings }
  }
}

const PARTS = [
  'sightings',
  'reading',
  'proofs',
  'settled',
  'serials',
  'findings',
] as const satisfies readonly (keyof Parts)[]

const NOTHING: Parts = {
  sightings: new Map(),
  reading: undefined,
  proofs: new Map(),
  settled: new Map(),
  serials: undefined,
  findings: Findings.none,
}

/** What facts change in a memory: what has to be written down, and the memory with it. */
export interface Learned {
  readonly memory: ProjectMemory
  readonly sightings: readonly Sighting[]
  readonly reading: PageReading | undefined
  readonly proofs: readonly ProvedFile[]
  readonly settled: readonly SettledFile[]
  readonly serials: SerialState | undefined
  readonly findings: readonly LearnedFinding[]
}

/**
 * Takes facts in. First proofs, first offers that lasted and sha256 of bytes that somebody had stay, times only rise; what one reading alone said
 * gives way to what lasts. What is known changes nothing.
 */
export function learn(memory: ProjectMemory, facts: Facts): Learned {
  const { findings = [] } = facts
  const settled = firstOf(memory.settled, facts.settled ?? [])
  const allSettled = settled.length > 0 ? withNamed(memory.settled, settled) : memory.settled
  const sightings = sightingsAfter({ sightings: memory.sightings, reading: memory.reading, settled: allSettled }, facts)
  const reading = readingAfter(memory, facts)
  const proofs = firstOf(memory.proofs, facts.proofs ?? [])
  const serials = serialsAfter(memory, facts)
  return {
    memory: memory.with({
      ...(sightings.length > 0 ? { sightings: withNamed(memory.sightings, sightings) } : {}),
      ...(reading === undefined ? {} : { reading }),
      ...(proofs.length > 0 ? { proofs: withNamed(memory.proofs, proofs) } : {}),
      settled: allSettled,
      ...(serials === undefined ? {} : { serials }),
      findings: memory.findings.with(findings),
    }),
    sightings,
    reading,
    proofs,
    settled,
    serials,
    findings,
  }
}

/** A page that was read, a part of one, a page that is the same, and what another document says, one of them at a time. */
function sightingsAfter(
  memory: Parameters<typeof sightingsOn>[0],
  { page, listed, reread, agreed, settled }: Facts,
): readonly Sighting[] {
  if (page !== undefined) return sightingsOn(memory, page)
  if (listed !== undefined) return sightingsAmong(memory, listed)
  if (reread !== undefined) return sightingsAgain(memory, reread)
  if (agreed !== undefined) return sightingsAgreed(memory, agreed)
  return settled === undefined ? [] : sightingsHad(memory.sightings, settled)
}

/** `undefined` where nothing changes. */
function serialsAfter({ serials }: ProjectMemory, facts: Facts): SerialState | undefined {
  const { serial, page, reread, serialAt } = facts
  if (serial === undefined) return undefined
  const after = readSerial(serials, serial, page?.at ?? reread ?? serialAt ?? instant(0))
  return after === serials ? undefined : after
}

/** The newest time in facts: the clock was there. */
export function timeOf({ page, listed, reread, proofs = [], findings = [] }: Facts): Instant | undefined {
  const times = [
    page?.at,
    listed?.at,
    reread,
    ...proofs.map(({ proof }) => proof.at),
    ...findings.map(({ found }) => found),
  ]
  return times.reduce(
    (latest, at) => (at !== undefined && (latest === undefined || at > latest) ? at : latest),
    undefined,
  )
}

/** What two learned apart of one project, put together: findings are the first's alone. */
export function mergeMemories(one: ProjectMemory, other: ProjectMemory): ProjectMemory {
  return one.with({
    sightings: mergeNamed(one.sightings, other.sightings, mergeSighting),
    reading: mergeReading(one.reading, other.reading),
    proofs: mergeNamed(one.proofs, other.proofs, mergeProved),
    settled: mergeNamed(one.settled, other.settled, mergeSettled),
    serials: mergeSerials(one.serials, other.serials),
  })
}

/** What a page listed and what was proved, file by file; what is neither wheel nor sdist has no version and no history. */
export function seenFiles(memory: ProjectMemory): readonly SeenFile[] {
  return atOnce(seenInSteps(memory))
}

/** files that are put down in one step */
const STEP = 128

function* seenInSteps({ sightings, proofs, reading }: ProjectMemory): Steps<readonly SeenFile[]> {
  const files: SeenFile[] = []
  for (const sighting of sightings.values()) {
    const { filename, version, uploaded, firstSeen, absent, missed, gone } = sighting
    if (files.length % STEP === STEP - 1) yield
    if (version === undefined) continue
    const lastSeen = gone ?? reading?.lastRead ?? firstSeen
    files.push({
      filename,
      version,
      uploaded,
      firstSeen,
      lastSeen,
      absent,
      missed,
      offered: offerIn(sighting),
      proof: proofs.get(filename)?.proof,
      isFleeting: isFleeting(sighting),
    })
  }
  for (const proved of proofs.values())
    if (sightings.get(proved.filename)?.version === undefined) files.push(provedAlone(proved))
  return files
}

/** What a project's page said when it was read last, for reports. */
export interface SeenProject {
  readonly project: ProjectName
  readonly status: ProjectStatus
  readonly statusSince: Instant
  readonly lastRead: Instant
  /** `yanked`: when it was first read as yanked */
  readonly files: readonly (SeenFile & { readonly sha256: Sha256 | undefined; readonly yanked: Instant | undefined })[]
}

/** `undefined` where its page was never read. */
export function seenProject(memory: ProjectMemory): SeenProject | undefined {
  const { project, reading, sightings } = memory
  if (reading === undefined) return undefined
  const files = seenFiles(memory).map(file => {
    const sighting = sightings.get(file.filename)
    return { ...file, sha256: sighting?.sha256, yanked: sighting?.yanked }
  })
  const { status, statusSince, lastRead } = reading
  return { project, status, statusSince, lastRead, files }
}

/** `undefined` where it says nothing new. */
function readingAfter({ reading, sightings }: ProjectMemory, { page, reread }: Facts): PageReading | undefined {
  const next =
    page !== undefined
      ? readAgain(reading, page, isWhole(sightings, page) ? 'all files' : 'some files')
      : reread !== undefined && reading !== undefined
        ? readAgain(reading, { at: reread, status: reading.status }, wasWhole(reading) ? 'all files' : 'some files')
        : undefined
  return next === reading ? undefined : next
}

/** What of it is new: the first of each name stays. */
function firstOf<Entry extends Named>(known: ReadonlyMap<string, Entry>, learned: readonly Entry[]): readonly Entry[] {
  const fresh = new Map<string, Entry>()
  for (const entry of learned)
    if (!known.has(entry.filename) && !fresh.has(entry.filename)) fresh.set(entry.filename, entry)
  return [...fresh.values()]
}

function provedAlone({ filename, version, proof }: ProvedFile): SeenFile {
  const { at } = proof
  const unknown = { uploaded: undefined, absent: undefined, missed: undefined, offered: undefined }
  return { filename, version, firstSeen: at, lastSeen: at, ...unknown, proof, isFleeting: false }
}

/** The earlier proof; of two of the same moment, the one whose text comes first. */
function mergeProved(one: ProvedFile, other: ProvedFile): ProvedFile {
  if (one.proof.at !== other.proof.at) return one.proof.at < other.proof.at ? one : other
  return textOf(one) <= textOf(other) ? one : other
}

/** Those that were had first; of the same moment, some, the same everywhere. */
function mergeSettled(one: SettledFile, other: SettledFile): SettledFile {
  if (one.at !== other.at) return one.at < other.at ? one : other
  return one.sha256 <= other.sha256 ? one : other
}

/** Claims in the order of their names, so that equal ones have one text whoever wrote them down. */
function textOf({ version, proof: { signer, root, signedAt, claims } }: ProvedFile): string {
  const present = Object.entries(claims).filter(([, claim]) => claim !== undefined)
  return JSON.stringify([signer, root, signedAt, version, present.sort(([one], [other]) => (one < other ? -1 : 1))])
}

interface Named {
  readonly filename: string
}

function withNamed<Entry extends Named>(
  known: ReadonlyMap<string, Entry>,
  fresh: readonly Entry[],
): ReadonlyMap<string, Entry> {
  const all = new Map(known)
  for (const entry of fresh) all.set(entry.filename, entry)
  return all
}

function mergeNamed<Entry extends Named>(
  one: ReadonlyMap<string, Entry>,
  other: ReadonlyMap<string, Entry>,
  merge: (one: Entry, other: Entry) => Entry,
): ReadonlyMap<string, Entry> {
  if (other.size === 0) return one
  const merged = new Map(one)
  for (const [filename, entry] of other) {
    const before = one.get(filename)
    merged.set(filename, before === undefined ? entry : merge(before, entry))
  }
  return merged
}
