import type { Instant } from '../../domain/base/instant.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { canonicalVersion } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { PageView, ViewedFile } from '../../protocol/simple/page-view.ts'
import { type IndexFile, versionsWithout } from '../../protocol/simple/project-index.ts'
import { artifactOf } from '../find/artifacts.ts'
import type { KnownPage } from '../find/indexes.ts'
import type { Judge } from '../judge/judge.ts'

export type ListingMode = 'list' | 'annotate' | 'hide'

/** What is known of one file when a page is built. */
export type Foreseen =
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'admitted' }
  /** nobody has judged it yet: listed, and judged in the background */
  | { readonly kind: 'open'; readonly artifact: Artifact }
  /** its sha256 changed: nothing can be said, so it stays listed */
  | { readonly kind: 'changed' }

interface Rules {
  readonly policy: Policy
  readonly now: Instant
  readonly maxSize: number
  readonly judge: Judge
}

/** Foresees every file of a page, without waiting for anything. */
export function foreseePage(page: KnownPage, rules: Rules): ReadonlyMap<IndexFile, Foreseen> {
  return new Map(page.index.files.map(file => [file, foresee(page, file, rules)]))
}

function foresee(page: KnownPage, file: IndexFile, rules: Rules): Foreseen {
  if (page.changed.has(file.filename)) return { kind: 'changed' }
  const artifact = artifactOf(page, file, rules)
  if ('kind' in artifact) return { kind: 'refused', refused: artifact }
  const verdict = rules.judge.foresee(artifact, rules.policy, rules.now)
  if (verdict === undefined) return { kind: 'open', artifact }
  return verdict.kind === 'refused' ? { kind: 'refused', refused: verdict } : { kind: 'admitted' }
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
  foreseen: ReadonlyMap<IndexFile, Foreseen>,
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
function withdraw(page: KnownPage, foreseen: ReadonlyMap<IndexFile, Foreseen>): ReadonlyMap<IndexFile, Refused> {
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
