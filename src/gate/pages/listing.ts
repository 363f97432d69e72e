import { GateError } from '../../domain/base/errors.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import { canonicalVersion } from '../../domain/packaging/version.ts'
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
  /** nobody has judged it yet: listed, and judged in the background */
  | { readonly kind: 'open' }
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
  if (artifact === undefined) return { kind: 'open' }
  if (artifact instanceof GateError) return { kind: 'unknown', error: artifact }
  if ('kind' in artifact) return { kind: 'refused', refused: artifact }
  const verdict = known.weigh.foreseen(artifact, known)
  if (verdict === undefined) return { kind: 'open' }
  return verdict.kind === 'refused' ? { kind: 'refused', refused: verdict } : { kind: 'admitted' }
}

/** The files of a page that nobody has judged yet. */
export function openFiles(foreseen: ReadonlyMap<IndexFile, ForeseenFile>): readonly IndexFile[] {
  return [...foreseen].flatMap(([file, { kind }]) => (kind === 'open' ? [file] : []))
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
  const withdrawn = mode === 'list' ? new Map<IndexFile, Refused>() : withdraw(page, foreseen)
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

function viewFile(page: KnownPage, file: IndexFile, refused: Refused | undefined, links: Links): ViewedFile {
  return {
    file,
    url: links.file(file),
    yanked:
      refused === undefined
        ? file.yanked
        : `Refused by policy: ${refused.code} (${refusalEntry(refused.code).title}), see ${links.explain(refused)}`,
    provenance: links.provenance(page, file),
  }
}

/**
 * The refused files, and with a refused wheel the source distribution of its version: else every client would silently
 * build from source. Other wheels that are admitted stay.
 */
function withdraw(page: KnownPage, foreseen: ReadonlyMap<IndexFile, ForeseenFile>): ReadonlyMap<IndexFile, Refused> {
  const withdrawn = new Map<IndexFile, Refused>()
  const refusedWheels = new Map<string, Refused>()
  for (const [file, outcome] of foreseen) {
    if (outcome.kind !== 'refused') continue
    withdrawn.set(file, outcome.refused)
    if (file.dist?.kind === 'wheel') refusedWheels.set(canonicalVersion(file.dist.version), outcome.refused)
  }
  for (const file of page.index.files) {
    if (file.dist?.kind !== 'sdist' || withdrawn.has(file)) continue
    const because = refusedWheels.get(canonicalVersion(file.dist.version))
    if (because !== undefined) withdrawn.set(file, because)
  }
  return withdrawn
}
