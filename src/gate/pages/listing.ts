import { GateError } from '../../domain/base/errors.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { Refused, Verdict } from '../../domain/decide/verdict.ts'
import { canonicalVersion, compareVersions } from '../../domain/packaging/version.ts'
import type { PageView, ViewedFile } from '../../protocol/simple/page-view.ts'
import { type IndexFile, versionsWithout } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import type { AtHand, Weigh } from '../judge/weigh.ts'

export type ListingMode = 'list' | 'annotate' | 'hide'

/** What is known of one file when a page is built. */
export type ForeseenFile =
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'admitted' }
  /** it has to be judged, for the first time or again; `last` is what came of it before */
  | { readonly kind: 'open'; readonly last: Verdict | undefined }
  /** its sha256 changed, or somebody else lists it: nothing can be said, so it stays listed */
  | { readonly kind: 'unknown'; readonly error: GateError }

/** What is known without waiting when a page is built. */
interface Known extends AtHand {
  readonly sound: Sound
  readonly weigh: Weigh
}

/** Foresees every file of a page, without waiting for anything. */
export function foreseePage(page: KnownPage, known: Known): ReadonlyMap<IndexFile, ForeseenFile> {
  return new Map(page.index.files.map(file => [file, foresee(page, file, known)]))
}

export function foresee(page: KnownPage, file: IndexFile, known: Known): ForeseenFile {
  const artifact = known.sound.atHand(page, file, known.memory)
  if (artifact === undefined) return { kind: 'open', last: undefined }
  if (artifact instanceof GateError) return { kind: 'unknown', error: artifact }
  if ('kind' in artifact) return { kind: 'refused', refused: artifact }
  const verdict = known.weigh.foreseen(artifact, known)
  if (verdict === undefined) return { kind: 'open', last: known.weigh.recalled(artifact, known) }
  return verdict.kind === 'refused' ? { kind: 'refused', refused: verdict } : { kind: 'admitted' }
}

/** The files of a page that have to be judged. */
export function openFiles(foreseen: ReadonlyMap<IndexFile, ForeseenFile>): readonly IndexFile[] {
  return [...foreseen].flatMap(([file, { kind }]) => (kind === 'open' ? [file] : []))
}

/** Those of them that nobody has ever judged, as far as is known; the newest versions first, as resolvers want them. */
export function unjudgedFiles(foreseen: ReadonlyMap<IndexFile, ForeseenFile>): readonly IndexFile[] {
  const unjudged = [...foreseen].flatMap(([file, outcome]) => (isUnjudged(outcome) ? [file] : []))
  return unjudged.sort((a, b) => {
    if (a.dist === undefined || b.dist === undefined) return 0
    return compareVersions(b.dist.version, a.dist.version)
  })
}

function isUnjudged(outcome: ForeseenFile): boolean {
  return outcome.kind === 'open' && outcome.last === undefined
}

/** URLs at the gate, as the page spells them. */
export interface Links {
  file(file: IndexFile): string
  provenance(page: KnownPage, file: IndexFile): string | undefined
  explain(refused: Refused): string
}

/** The page as a mode shows it. Presentation only: the file door judges each file alone. */
export function viewPage(
  page: KnownPage,
  foreseen: ReadonlyMap<IndexFile, ForeseenFile>,
  mode: ListingMode,
  links: Links,
): PageView {
  const { index } = page
  const withdrawn = withdraw(page, foreseen, mode)
  const shown = mode === 'hide' ? index.files.filter(file => !withdrawn.has(file)) : index.files
  return {
    name: index.name,
    minor: index.minor,
    status: index.status,
    statusReason: index.statusReason,
    serial: index.serial,
    versions: mode === 'hide' ? versionsWithout(index, shown) : index.versions,
    files: shown.map(file => viewFile(page, file, withdrawn.get(file), links)),
  }
}

function viewFile(page: KnownPage, file: IndexFile, against: Against | undefined, links: Links): ViewedFile {
  return {
    file,
    url: links.file(file),
    yanked:
      against === undefined || against === 'unjudged'
        ? file.yanked
        : `Refused by policy: ${against.code} (${refusalEntry(against.code).title}), see ${links.explain(against)}`,
    provenance: links.provenance(page, file),
  }
}

/** Why a file is not shown as it is. */
type Against = Refused | 'unjudged'

/**
 * What speaks against showing a file. Where refused files are hidden, one that nobody has judged is hidden too: clients would
 * take it from this page and miss it on the next.
 */
export function against(outcome: ForeseenFile, mode: ListingMode): Against | undefined {
  if (mode === 'list') return undefined
  if (outcome.kind === 'refused') return outcome.refused
  if (mode !== 'hide' || outcome.kind !== 'open') return undefined
  if (outcome.last === undefined) return 'unjudged'
  return outcome.last.kind === 'refused' ? outcome.last : undefined
}

/**
 * The files that a mode does not show as they are, and with such a wheel the source distribution of its version: else every
 * client would silently build from source. Other wheels that are admitted stay.
 */
function withdraw(
  page: KnownPage,
  foreseen: ReadonlyMap<IndexFile, ForeseenFile>,
  mode: ListingMode,
): ReadonlyMap<IndexFile, Against> {
  const withdrawn = new Map<IndexFile, Against>()
  const missingWheels = new Map<string, Against>()
  for (const [file, outcome] of foreseen) {
    const why = against(outcome, mode)
    if (why === undefined) continue
    withdrawn.set(file, why)
    if (file.dist?.kind === 'wheel') missingWheels.set(canonicalVersion(file.dist.version), why)
  }
  for (const file of page.index.files) {
    if (file.dist?.kind !== 'sdist' || withdrawn.has(file)) continue
    const because = missingWheels.get(canonicalVersion(file.dist.version))
    if (because !== undefined) withdrawn.set(file, because)
  }
  return withdrawn
}
