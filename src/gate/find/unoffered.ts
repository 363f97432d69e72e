import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { keptWithin } from '../../flow/kept-within.ts'
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

/** Of one project. */
interface Offers {
  readonly offers: Set<string>
  /** with what each takes beside its text */
  readonly characters: number
}

/** bytes */
const MOST = 4 * 1024 * 1024
const ENTRY = 64

export function createUnoffered(): Unoffered {
  const known = keptWithin<ProjectName, Offers>({ bytes: MOST, weigh: ({ characters }) => characters })
  return {
    add({ project, filename, coreMetadata }) {
      const { offers, characters } = known.get(project) ?? { offers: new Set<string>(), characters: 0 }
      const offer = `${filename.text} ${coreMetadata}`
      if (!offers.has(offer))
        known.set(project, { offers: offers.add(offer), characters: characters + ENTRY + offer.length })
    },
    without(index) {
      const offers = known.get(index.name)?.offers
      if (offers === undefined) return index
      const isMeant = ({ filename, coreMetadata }: IndexFile): boolean => offers.has(`${filename} ${coreMetadata}`)
      if (!index.files.some(isMeant)) return index
      const files = index.files.map(file => (isMeant(file) ? { ...file, coreMetadata: undefined } : file))
      return { ...index, files }
    },
  }
}
