import type { FilePath } from '../../domain/packaging/artifact.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'

/** A project page as this gate knows it. A new object for every new body, so that identity tells whether it changed. */
export interface KnownPage {
  readonly index: ProjectIndex
  readonly etag: string | undefined
  readonly byPath: ReadonlyMap<FilePath, IndexFile>
  readonly byFilename: ReadonlyMap<string, IndexFile>
}

export function knownPage(index: ProjectIndex, etag: string | undefined): KnownPage {
  return {
    index,
    etag,
    byPath: new Map(index.files.map(file => [file.path, file])),
    byFilename: new Map(index.files.map(file => [file.filename, file])),
  }
}
