import type { Sha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { FilePath, ProjectStatus, UpstreamUrl } from '../../domain/packaging/artifact.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, parseVersion } from '../../domain/packaging/version.ts'

/** The most that a page may list: the largest projects there are have a third of it. More is no page, and never a part of one. */
export const MOST_FILES = 100_000

/** Characters that the entries of a page may have together: a hundred thousand entries as PyPI's are have some fifty million. */
export const MOST_TEXT = 64 * 1024 * 1024
/** The same of what anybody may write into an entry, which is some dozen characters where it is anything. */
export const MOST_FREE_TEXT = 16 * 1024 * 1024

/** One file entry of an index page (PEP 503/592/691/700/714/740), checked key by key; unknown keys are dropped. */
export interface IndexFile {
  /** as listed; at most 255 bytes of `[A-Za-z0-9._+!-]` */
  readonly filename: string
  /** `undefined` when it is neither wheel nor sdist, or names another project: then the file is `file-unsupported` */
  readonly dist: DistFilename | undefined
  readonly path: FilePath
  readonly url: UpstreamUrl
  readonly sha256: Sha256 | undefined
  /** all well-formed hashes, by algorithm, both in lower case */
  readonly hashes: Readonly<Record<string, string>>
  readonly size: number | undefined
  /** as the index spells it, RFC 3339 */
  readonly uploadTime: string | undefined
  /** the same as a time */
  readonly uploaded: Instant | undefined
  readonly requiresPython: string | undefined
  readonly yanked: string | boolean
  readonly coreMetadata: Sha256 | undefined
  readonly provenance: 'offered' | 'none' | 'unsaid'
}

/** Characters of an entry whose form is given: names, places, digests. */
export function formedText({ filename, dist, path, url, hashes, uploadTime, coreMetadata }: IndexFile): number {
  let count = filename.length + path.length + url.length + (uploadTime?.length ?? 0) + (coreMetadata?.length ?? 0)
  if (dist !== undefined) count += dist.version.length
  for (const name in hashes) count += hashes[name]?.length ?? 0
  return count
}

/** Characters of an entry that may be anything. */
export function freeText({ requiresPython, yanked }: IndexFile): number {
  return (requiresPython?.length ?? 0) + (typeof yanked === 'string' ? yanked.length : 0)
}

/** A project page, read once at the door. */
export interface ProjectIndex {
  readonly name: ProjectName
  /** where several may be asked: the one that gave this page */
  readonly source?: SourceName
  /** minor of api-version 1.x as the upstream said it, at most 4 */
  readonly minor: 0 | 1 | 2 | 3 | 4
  readonly files: readonly IndexFile[]
  /** PEP 700; `undefined` where the upstream is older */
  readonly versions: readonly string[] | undefined
  readonly status: ProjectStatus
  readonly statusReason: string | undefined
  readonly serial: number | undefined
  /** entries that were dropped, with why (untrusted text) */
  readonly dropped: readonly Dropped[]
  /** what the page lacks although it must have it, and is read without */
  readonly warnings?: readonly string[]
}

export interface Dropped {
  readonly filename: unknown
  readonly why: string
}

/** PEP 700: without versions whose files are all hidden. Versions that never had a file stay. */
export function versionsWithout(index: ProjectIndex, shown: readonly IndexFile[]): readonly string[] | undefined {
  const kept = new Set(shown.flatMap(versionKeys))
  const hidden = new Set(index.files.flatMap(versionKeys).filter(version => !kept.has(version)))
  return index.versions?.filter(text => {
    const version = parseVersion(text)
    return version === undefined || !hidden.has(canonicalVersion(version))
  })
}

function versionKeys({ dist }: IndexFile): readonly string[] {
  return dist === undefined ? [] : [canonicalVersion(dist.version)]
}
