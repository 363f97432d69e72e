import type { Sha256 } from '../../domain/base/digest.ts'
import { type ErrorCode, GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { Asker } from '../../flow/asker.ts'
import type { ListedAs, Memory } from '../../ports/memory.ts'
import type { Locate } from './locate.ts'

/** Names that bytes may have here and be looked at for; with a file name all of them are. */
const MOST_NAMES = 8

/** What is known not to be there. */
const ABSENT: ReadonlySet<ErrorCode> = new Set([
  'no-project',
  'not-listed',
  'listed-otherwise',
  'not-found',
  'internal',
])

/** A look for one listed file with certain bytes: nothing where there is none any more, or where it is refused as it is listed. Throws unknown-…. */
export type Look = () => Promise<Artifact | undefined>

/**
 * Looks for the listed files that have these bytes, by what was read of pages; with a file name, by that name as well, whether or not a page was
 * read. In the order of their names, so that what is answered is no matter of chance.
 */
export type FindByDigest = (sha256: Sha256, filename: string | undefined, asker?: Asker) => Promise<readonly Look[]>

interface Options {
  readonly locate: Pick<Locate, 'byName' | 'byFilename'>
  readonly memory: Pick<Memory, 'listedAs'>
}

export function createFindByDigest({ locate, memory }: Options): FindByDigest {
  return async (sha256, filename, asker) => {
    const known = (await memory.listedAs(sha256))
      .filter(listed => filename === undefined || listed.filename === filename)
      .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
      .slice(0, MOST_NAMES)
    const looks = known.flatMap(({ project, filename: name }) => {
      const dist = parseDistFilename(name, project)
      return dist === undefined ? [] : [() => locate.byName(project, dist, asker)]
    })
    if (looks.length === 0 && filename !== undefined) looks.push(() => locate.byFilename(filename, asker))
    return looks.map(look => async () => {
      const located = await unlessAbsent(look)
      return located === undefined || 'kind' in located || located.sha256 !== sha256 ? undefined : located
    })
  }
}

function nameOf({ project, filename }: ListedAs): string {
  return `${project} ${filename}`
}

async function unlessAbsent<Found>(look: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof GateError && ABSENT.has(error.code)) return undefined
    throw error
  }
}
