import { LRUCache } from 'lru-cache'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'

/**
 * METADATA that the index offers beside a wheel and that is in no form to be given out. It counts as not offered from the next look
 * at the page on: clients then read it in the wheel, which nothing speaks against.
 */
export interface Unoffered {
  add(artifact: Artifact): void
  /** The page without such offers; the same object where it has none. */
  without(index: ProjectIndex): ProjectIndex
}

export function createUnoffered(): Unoffered {
  const known = new LRUCache<ProjectName, Set<string>>({ max: 10_000 })
  return {
    add({ project, filename, coreMetadata }) {
      const offers = known.get(project) ?? new Set()
      known.set(project, offers.add(`${filename.text} ${coreMetadata}`))
    },
    without(index) {
      const offers = known.get(index.name)
      if (offers === undefined) return index
      const isMeant = ({ filename, coreMetadata }: IndexFile): boolean => offers.has(`${filename} ${coreMetadata}`)
      if (!index.files.some(isMeant)) return index
      const files = index.files.map(file => (isMeant(file) ? { ...file, coreMetadata: undefined } : file))
      return { ...index, files }
    },
  }
}
