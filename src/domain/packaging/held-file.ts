import type { Sha256 } from '../base/digest.ts'
import type { SourceName } from '../base/source-name.ts'
import type { FilePath, ProjectStatus, UpstreamUrl } from './artifact.ts'
import type { DistFilename } from './filename.ts'
import type { ProjectName } from './name.ts'

/**
 * A file that a mirror holds: what the index said of it when it was fetched (PEP 691, 700, 740), and the digests of the
 * documents that lie beside it. It is no permission: whoever asks for the file is judged a verdict like for any other.
 */
export interface HeldFile {
  readonly project: ProjectName
  readonly filename: DistFilename
  /** whose page listed it, by what its configuration calls the source; `undefined`: nobody wrote it down */
  readonly source?: SourceName | undefined
  /**
   * The sources that stood before its own at the indexes where it was fetched, and could have had the name of which nobody is the owner;
   * `undefined`: nobody wrote it down
   */
  readonly behind?: readonly SourceName[] | undefined
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
  readonly path: FilePath
  /** where it came from; nothing is fetched there */
  readonly url: UpstreamUrl
  /** as the index spells it */
  readonly requiresPython: string | undefined
  /** as the index spells it, RFC 3339 */
  readonly uploadTime: string | undefined
  readonly yanked: string | boolean
  readonly status: ProjectStatus
  /** sha256 of the wheel's METADATA, where the index offers it (PEP 714) */
  readonly coreMetadata: Sha256 | undefined
  /** sha256 of the provenance document, byte for byte as the Integrity API gave it out */
  readonly provenance: Sha256 | undefined
  /** what the page said of provenance */
  readonly said: 'offered' | 'none' | 'unsaid'
}

/** Everything that must lie in the store for the file to be served: itself, its METADATA, its provenance. */
export function blobsOf({ sha256, coreMetadata, provenance }: HeldFile): readonly Sha256[] {
  return [sha256, coreMetadata, provenance].filter(digest => digest !== undefined)
}

/** A file that is held already, and comes again from its source: what is known of its turns is put together. */
export function heldAgain(file: HeldFile, before: HeldFile | undefined): HeldFile {
  if (file.behind === undefined || before?.behind === undefined || before.sha256 !== file.sha256) return file
  return { ...file, behind: [...new Set([...before.behind, ...file.behind])].sort() }
}

/** By project, then by file name, then by source, each by code unit: the same everywhere. */
export function compareHeld(a: HeldFile, b: HeldFile): number {
  return (
    compareText(a.project, b.project) ||
    compareText(a.filename.text, b.filename.text) ||
    compareText(a.source ?? '', b.source ?? '')
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
