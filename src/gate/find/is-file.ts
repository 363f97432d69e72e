import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import { lasted, SECOND_SIGHT } from '../../domain/memory/second-sight.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import type { ListedAs, Memory } from '../../ports/memory.ts'
import type { Indexes } from './indexes.ts'
import type { KnownPage } from './known-page.ts'

/**
 * The file of any project whose bytes have this sha256, which the index names as something else. `undefined`: as far as is known
 * there is none. Throws `unknown-index-changed` where it is only said to be a file: a page lists it now, or listed it for longer than one
 * odd answer lasts; and `unknown-…` where a page that was read with it once has to be asked again, and cannot be.
 */
export type FileWith = (artifact: Artifact, sha256: Sha256, asker?: Asker) => Promise<ListedAs | undefined>

interface Options {
  readonly indexes: Pick<Indexes, 'atHand' | 'current'>
  readonly memory: Pick<Memory, 'of' | 'listedAs'>
}

export function createFileWith({ indexes, memory }: Options): FileWith {
  const digests = new WeakMap<KnownPage, ReadonlyMap<Sha256, string>>()

  function digestsOn(page: KnownPage): ReadonlyMap<Sha256, string> {
    const known =
      digests.get(page) ??
      new Map(page.index.files.flatMap(({ sha256, filename }) => (sha256 === undefined ? [] : [[sha256, filename]])))
    digests.set(page, known)
    return known
  }

  async function isListedNow({ project, sha256 }: ListedAs & { readonly sha256: Sha256 }, asker?: Asker) {
    try {
      const page = await indexes.current(project, asker)
      return page !== undefined && digestsOn(page).has(sha256)
    } catch (error) {
      // it is never asked any more: what it said last is what it says
      if (error instanceof GateError && error.code === 'internal') return true
      throw error
    }
  }

  /** On a page that is at hand, and in what was read of pages that are not. */
  async function listings(project: ProjectName, sha256: Sha256): Promise<readonly ListedAs[]> {
    const page = indexes.atHand(project)
    const filename = page === undefined ? undefined : digestsOn(page).get(sha256)
    const read = await memory.listedAs(sha256)
    return filename === undefined ? read : [{ project, filename }, ...read]
  }

  return async (artifact, sha256, asker) => {
    const listed = await listings(artifact.project, sha256)
    const known = await Promise.all(listed.map(async file => ({ file, seen: await memory.of(file.project) })))
    const had = known.find(({ file, seen }) => seen.settled.get(file.filename)?.sha256 === sha256)
    if (had !== undefined) return had.file
    for (const { file, seen } of known) {
      const isGone = seen.sightings.get(file.filename)?.gone !== undefined
      if (!isGone && (await isListedNow({ ...file, sha256 }, asker)))
        throw contradiction(artifact, file, `the page of ${file.project} lists it now`)
      if (wasListedLong(file, await memory.of(file.project), sha256))
        throw contradiction(
          artifact,
          file,
          `portcullis history forget ${file.project} --what path --file ${file.filename} lets go of that`,
        )
    }
    return undefined
  }
}

/** One odd page makes no file of what it names: it has to go on naming it. */
function wasListedLong({ filename }: ListedAs, { sightings, reading }: ProjectMemory, sha256: Sha256): boolean {
  const seen = sightings.get(filename)
  if (seen === undefined || seen.sha256 !== sha256) return false
  return lasted({ value: seen, since: seen.firstSeen }, seen.gone ?? reading?.lastRead ?? seen.firstSeen, SECOND_SIGHT)
}

function contradiction({ filename }: Artifact, other: ListedAs, now: string): GateError {
  const detail = `the index gave one sha256 for the METADATA of ${filename.text} and for the file ${other.filename} of ${other.project}: ${now}`
  return new GateError('unknown-index-changed', detail)
}
