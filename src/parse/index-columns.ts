import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { FilePath, UpstreamUrl } from '../domain/packaging/artifact.ts'
import type { DistFilename } from '../domain/packaging/filename.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Version } from '../domain/packaging/version.ts'
import type { IndexFile } from '../protocol/simple/project-index.ts'

type Text = string | undefined

/** Files of a page as they go from one thread to another: a list for each field, which costs a tenth of an object for each file. */
export interface IndexColumns {
  readonly filename: readonly string[]
  /** absent where the name is no distribution's */
  readonly version: readonly Text[]
  /** absent where the name is no wheel's */
  readonly build: readonly Text[]
  readonly path: readonly string[]
  readonly url: readonly string[]
  readonly sha256: readonly Text[]
  /** as JSON, where there are others beside a sha256 */
  readonly hashes: readonly Text[]
  readonly size: readonly (number | undefined)[]
  readonly uploadTime: readonly Text[]
  readonly uploaded: readonly (number | undefined)[]
  readonly requiresPython: readonly Text[]
  readonly yanked: readonly (string | boolean)[]
  readonly coreMetadata: readonly Text[]
  readonly provenance: readonly IndexFile['provenance'][]
}

export function toColumns(files: readonly IndexFile[]): IndexColumns {
  return {
    filename: files.map(({ filename }) => filename),
    version: files.map(({ dist }) => dist?.version),
    build: files.map(({ dist }) => (dist?.kind === 'wheel' ? dist.build : undefined)),
    path: files.map(({ path }) => path),
    url: files.map(({ url }) => url),
    sha256: files.map(({ sha256 }) => sha256),
    hashes: files.map(({ sha256, hashes }) =>
      sha256 !== undefined && Object.keys(hashes).length === 1 ? undefined : JSON.stringify(hashes),
    ),
    size: files.map(({ size }) => size),
    uploadTime: files.map(({ uploadTime }) => uploadTime),
    uploaded: files.map(({ uploaded }) => uploaded),
    requiresPython: files.map(({ requiresPython }) => requiresPython),
    yanked: files.map(({ yanked }) => yanked),
    coreMetadata: files.map(({ coreMetadata }) => coreMetadata),
    provenance: files.map(({ provenance }) => provenance),
  }
}

/** What {@link toColumns} was given; only our own threads write columns, so nothing is checked again. */
export function fromColumns(columns: IndexColumns, project: ProjectName): readonly IndexFile[] {
  return columns.filename.map((filename, at) => {
    const sha256 = columns.sha256[at] as Sha256 | undefined
    const hashes = columns.hashes[at]
    return {
      filename,
      dist: distAt(columns, at, project),
      path: columns.path[at] as FilePath,
      url: columns.url[at] as UpstreamUrl,
      sha256,
      hashes: hashes === undefined ? { sha256: sha256 ?? '' } : (JSON.parse(hashes) as IndexFile['hashes']),
      size: columns.size[at],
      uploadTime: columns.uploadTime[at],
      uploaded: columns.uploaded[at] as Instant | undefined,
      requiresPython: columns.requiresPython[at],
      yanked: columns.yanked[at] ?? false,
      coreMetadata: columns.coreMetadata[at] as Sha256 | undefined,
      provenance: columns.provenance[at] ?? 'unsaid',
    }
  })
}

/** A name that is another project's is no distribution on this page. */
function distAt(columns: IndexColumns, at: number, project: ProjectName): DistFilename | undefined {
  const text = columns.filename[at] ?? ''
  const version = columns.version[at] as Version | undefined
  const build = columns.build[at]
  if (version === undefined) return undefined
  if (build !== undefined) return { kind: 'wheel', text, project, version, build }
  return { kind: 'sdist', text, project, version, extension: text.endsWith('.zip') ? '.zip' : '.tar.gz' }
}
