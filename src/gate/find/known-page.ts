import type { FilePath } from '../../domain/packaging/artifact.ts'
import { inGroups, type Steps } from '../../flow/steps.ts'
import { pageWeight } from '../../protocol/simple/page-weight.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'

/** A project page as this gate knows it. A new object for every new body, so that identity tells whether it changed. */
export interface KnownPage {
  readonly index: ProjectIndex
  readonly etag: string | undefined
  readonly byPath: ReadonlyMap<FilePath, IndexFile>
  readonly byFilename: ReadonlyMap<string, IndexFile>
  /** bytes that it takes, about, for whoever keeps it */
  readonly weight: number
}

/** What a page says, for whoever looks for nothing by its path. */
export type PageIndex = Pick<KnownPage, 'index'>

export function* knownPage(index: ProjectIndex, etag: string | undefined): Steps<KnownPage> {
  const { files } = index
  const byPath = new Map<FilePath, IndexFile>()
  const byFilename = new Map<string, IndexFile>()
  for (const group of inGroups(files)) {
    for (const file of group) {
      byPath.set(file.path, file)
      byFilename.set(file.filename, file)
    }
    yield
  }
  return { index, etag, byPath, byFilename, weight: yield* pageWeight(index) }
}
