import { GateError } from '../../domain/base/errors.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { RefusalWords, Refused, Verdict } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { canonicalVersion, sortKeyOf, type Version } from '../../domain/packaging/version.ts'
import { inGroups, mapInSteps, type Steps, sortInSteps } from '../../flow/steps.ts'
import type { PageView, ViewedFile } from '../../protocol/simple/page-view.ts'
import { type IndexFile, versionsWithout } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import type { AtHand, Weigh } from '../judge/weigh.ts'

export type ListingMode = 'list' | 'annotate' | 'hide'

/** What is known of one file when a page is built. */
export type ForeseenFile =
  | { readonly kind: 'refused'; readonly refusal: ForeseenRefusal }
  | { readonly kind: 'admitted' }
  /** it has to be judged, for the first time or again; `last` is what came of it before */
  | { readonly kind: 'open'; readonly last: Verdict | undefined }
  /** its sha256 changed, or somebody else lists it: nothing can be said, so it stays listed */
  | { readonly kind: 'unknown'; readonly error: GateError }

/** Why a file will be refused: in a few words at once, and in full when somebody wants to know. */
export interface ForeseenRefusal {
  readonly words: RefusalWords
  /** `undefined` where it is something else by then */
  readonly tell: () => Refused | undefined
}

/** What is known without waiting when a page is built. */
interface Known extends AtHand {
  readonly sound: Sound
  readonly weigh: Weigh
}

/** Foresees every file of a page, without waiting for anything. */
export function* foreseePage(page: KnownPage, known: Known): Steps<Map<IndexFile, ForeseenFile>> {
  const { files } = page.index
  const foreseen = new Map<IndexFile, ForeseenFile>()
  for (const group of inGroups(files)) {
    for (const file of group) foreseen.set(file, foresee(page, file, known))
    yield
  }
  return foreseen
}

export function foresee(page: KnownPage, file: IndexFile, known: Known): ForeseenFile {
  const artifact = known.sound.atHand(page, file, known.memory)
  if (artifact === undefined) return { kind: 'open', last: undefined }
  if (artifact instanceof GateError) return { kind: 'unknown', error: artifact }
  if ('kind' in artifact) return { kind: 'refused', refusal: told(artifact) }
  const outcome = known.weigh.outlook(artifact, known)
  if (outcome === undefined) return { kind: 'open', last: known.weigh.recalled(artifact, known) }
  if (outcome === 'admitted') return ADMITTED
  return { kind: 'refused', refusal: { words: outcome, tell: () => tellRefusal(artifact, known) } }
}

function told(refused: Refused): ForeseenRefusal {
  return { words: refused, tell: () => refused }
}

const ADMITTED: ForeseenFile = { kind: 'admitted' }

function tellRefusal(artifact: Artifact, known: Known): Refused | undefined {
  const verdict = known.weigh.foreseen(artifact, known)
  return verdict?.kind === 'refused' ? verdict : undefined
}

/** The files of a page that have to be judged. */
export function openFiles(foreseen: ReadonlyMap<IndexFile, ForeseenFile>): readonly IndexFile[] {
  const open: IndexFile[] = []
  for (const [file, { kind }] of foreseen) if (kind === 'open') open.push(file)
  return open
}

/** Those of them that nobody has ever judged, as far as is known; the newest versions first, as resolvers want them. */
export function* newestFirst(foreseen: ReadonlyMap<IndexFile, ForeseenFile>): Steps<readonly IndexFile[]> {
  const unjudged: { readonly file: IndexFile; readonly key: string }[] = []
  for (const [file, outcome] of foreseen)
    if (isUnjudged(outcome)) unjudged.push({ file, key: file.dist === undefined ? '' : sortKeyOf(file.dist.version) })
  yield
  const sorted = yield* sortInSteps(unjudged, (a, b) => (a.key > b.key ? -1 : a.key < b.key ? 1 : 0))
  return sorted.map(({ file }) => file)
}

export function isUnjudged(outcome: ForeseenFile): boolean {
  return outcome.kind === 'open' && outcome.last === undefined
}

/** URLs at the gate, as the page spells them. */
export interface Links {
  file(file: IndexFile): string
  provenance(page: KnownPage, file: IndexFile): string | undefined
  explain(refusal: ForeseenRefusal): string
}

/** The page as a mode shows it. Presentation only: the file door judges each file alone. */
export function* viewPage(
  page: KnownPage,
  foreseen: ReadonlyMap<IndexFile, ForeseenFile>,
  mode: ListingMode,
  links: Links,
): Steps<PageView> {
  const { index } = page
  const withdrawn = mode === 'list' ? NOTHING : yield* withdraw(page, foreseen, mode)
  yield
  const shown = mode === 'hide' ? index.files.filter(file => !withdrawn.has(file)) : index.files
  yield
  const reasonOf = createReasons(links)
  return {
    name: index.name,
    minor: index.minor,
    status: index.status,
    statusReason: index.statusReason,
    serial: index.serial,
    versions: mode === 'hide' ? versionsWithout(index, shown) : index.versions,
    files: yield* mapInSteps(shown, file => viewFile(page, file, { against: withdrawn.get(file), reasonOf, links })),
  }
}

interface Shown {
  readonly against: Against | undefined
  readonly reasonOf: (refusal: ForeseenRefusal) => string
  readonly links: Links
}

function viewFile(page: KnownPage, file: IndexFile, { against, reasonOf, links }: Shown): ViewedFile {
  return {
    file,
    url: links.file(file),
    yanked: against === undefined || against === 'unjudged' ? file.yanked : reasonOf(against),
    provenance: links.provenance(page, file),
  }
}

/** Why a file is refused, as a page says it: once for a wheel and the source distribution that goes with it. */
function createReasons(links: Links): (refusal: ForeseenRefusal) => string {
  const reasons = new Map<ForeseenRefusal, string>()
  return refusal => {
    const known = reasons.get(refusal)
    if (known !== undefined) return known
    const { code } = refusal.words
    const reason = `Refused by policy: ${code} (${refusalEntry(code).title}), see ${links.explain(refusal)}`
    reasons.set(refusal, reason)
    return reason
  }
}

/** Why a file is not shown as it is. */
type Against = ForeseenRefusal | 'unjudged'

/**
 * What speaks against showing a file. Where refused files are hidden, one that nobody has judged is hidden too: clients would
 * take it from this page and miss it on the next.
 */
export function against(outcome: ForeseenFile, mode: ListingMode): Against | undefined {
  if (mode === 'list') return undefined
  if (outcome.kind === 'refused') return outcome.refusal
  if (mode !== 'hide' || outcome.kind !== 'open') return undefined
  const { last } = outcome
  if (last === undefined) return 'unjudged'
  return last.kind === 'refused' ? told(last) : undefined
}

/**
 * The files that a mode does not show as they are, and with such a wheel the source distribution of its version: else every
 * client would silently build from source. Other wheels that are admitted stay.
 */
function* withdraw(
  page: KnownPage,
  foreseen: ReadonlyMap<IndexFile, ForeseenFile>,
  mode: ListingMode,
): Steps<ReadonlyMap<IndexFile, Against>> {
  const withdrawn = new Map<IndexFile, Against>()
  const missingWheels: { readonly version: Version; readonly why: Against }[] = []
  const sdists: { readonly version: Version; readonly file: IndexFile }[] = []
  for (const group of inGroups(page.index.files)) {
    for (const file of group) {
      const { dist } = file
      const outcome = foreseen.get(file)
      const why = outcome === undefined ? undefined : against(outcome, mode)
      if (why !== undefined) withdrawn.set(file, why)
      if (dist?.kind === 'wheel' && why !== undefined) missingWheels.push({ version: dist.version, why })
      if (dist?.kind === 'sdist' && why === undefined) sdists.push({ version: dist.version, file })
    }
    yield
  }
  if (missingWheels.length === 0 || sdists.length === 0) return withdrawn
  const missing = new Map<string, Against>()
  for (const group of inGroups(missingWheels)) {
    for (const { version, why } of group) missing.set(canonicalVersion(version), why)
    yield
  }
  for (const group of inGroups(sdists)) {
    for (const { version, file } of group) {
      const because = missing.get(canonicalVersion(version))
      if (because !== undefined) withdrawn.set(file, because)
    }
    yield
  }
  return withdrawn
}

const NOTHING: ReadonlyMap<IndexFile, Against> = new Map()
