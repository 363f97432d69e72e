import type { Brand } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import type { Instant } from '../base/instant.ts'
import type { SourceName } from '../base/source-name.ts'
import type { DistFilename } from './filename.ts'
import type { ProjectName } from './name.ts'

/** An absolute URL on one of the configured upstream origins; it never reaches a client. */
export type UpstreamUrl = Brand<string, 'UpstreamUrl'>

/** PEP 792 project status markers. */
export type ProjectStatus = 'active' | 'archived' | 'deprecated' | 'quarantined'

/**
 * `/packages/<2>/<2>/<60 hex>/<filename>`: the path of a file at the gate, the same as PyPI's own.
 * For an upstream file elsewhere the hex is the file's sha256.
 */
export type FilePath = Brand<string, 'FilePath'>

/** A file whose index entry was read and whose name parsed; `sha256` is what the index says. */
export interface Artifact {
  readonly project: ProjectName
  /** where there are several: the one whose page lists it */
  readonly source?: SourceName
  /** the source that the name belongs to, where that is another one than lists the file */
  readonly belongsTo?: SourceName
  /** a name of another source that the project's could be taken for */
  readonly lookalike?: string
  readonly filename: DistFilename
  readonly path: FilePath
  readonly sha256: Sha256
  /** bytes, where the index tells (PEP 700) */
  readonly size: number | undefined
  readonly url: UpstreamUrl
  readonly uploaded: Instant | undefined
  readonly yanked: string | boolean
  readonly status: ProjectStatus
  /** The sha256 that the index gives for `.metadata` (PEP 658/714); `undefined` when it offers none. */
  readonly coreMetadata: Sha256 | undefined
  /**
   * What the index page says of provenance (PEP 740): `offered` has a URL, `none` is an explicit null,
   * `unsaid` means the key is absent (an index older than API 1.3).
   */
  readonly provenance: 'offered' | 'none' | 'unsaid'
}

/** The source to be asked about a file, where that is not the one that its project belongs to. */
export function strangerSource({ source, belongsTo }: Artifact): SourceName | undefined {
  return belongsTo === undefined ? undefined : source
}
