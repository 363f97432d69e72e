import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Artifact, FilePath } from '../../domain/packaging/artifact.ts'
import { candidateProjects, type DistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Sightings } from '../../ports/memory.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { Policies } from '../policy/policies.ts'
import { artifactOf, assertUnchanged, refuseQuarantined } from './artifacts.ts'
import type { Indexes, KnownPage } from './indexes.ts'

/** Project pages that one file name may lead to; the likeliest come first. */
const MOST_ASKED = 8

interface Options {
  readonly indexes: Indexes
  readonly sightings: Sightings
  readonly policies: Policies
  readonly maxSize: number
  readonly isInternal: (project: ProjectName) => boolean
}

export interface Locate {
  byPath(path: FilePath): Promise<Artifact | Refused>
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(path: FilePath): Artifact | Refused | undefined
  byName(project: ProjectName, filename: DistFilename): Promise<Artifact | Refused>
  /**
   * `demo-2-4.tar.gz` is demo 2.post4 and demo-2 4. Where the pages of both list it, or did, whoever writes the index could have a
   * file of one judged by the rule of the other: throws unknown-index-changed.
   */
  assertNobodyElses(page: KnownPage, file: IndexFile): Promise<void>
  /** Every project that a file name could belong to, the likeliest first. Throws internal when one of them is. */
  readings(filename: string): readonly ProjectName[]
}

/**
 * Finds the listed file behind a path. Clients that install from a lock ask for files without ever asking for a page, so
 * the project comes from what is remembered of the path or, failing that, from the file name; the digest and the size
 * come from the index, never from the URL.
 */
export function createLocate(options: Options): Locate {
  const { indexes, sightings, policies, maxSize, isInternal } = options
  const projects = new LRUCache<FilePath, ProjectName>({ max: 50_000 })

  async function byPath(path: FilePath): Promise<Artifact | Refused> {
    const filename = path.slice(path.lastIndexOf('/') + 1)
    const candidates = owners(path, filename)
    // what is missing may have been published since the page was read
    const located = (await search(path, candidates, indexes.current)) ?? (await search(path, candidates, indexes.anew))
    if (located !== undefined) return located
    for (const project of candidates) {
      const page = await indexes.current(project)
      if (page?.index.status === 'quarantined') return refuseQuarantined(page, filename, policies.current())
    }
    throw notListed(filename)
  }

  async function search(
    path: FilePath,
    candidates: readonly ProjectName[],
    look: Indexes['current'],
  ): Promise<Artifact | Refused | undefined> {
    for (const project of candidates) {
      const page = await look(project)
      const file = page?.byPath.get(path)
      if (page === undefined || file === undefined) continue
      projects.set(path, project)
      await assertNobodyElses(page, file)
      return found(page, file)
    }
    return undefined
  }

  function atHand(path: FilePath): Artifact | Refused | undefined {
    const project = projects.get(path)
    const page = project === undefined ? undefined : indexes.atHand(project)
    const file = page?.byPath.get(path)
    // whether an sdist is nobody else's is asked of other pages
    return page === undefined || file?.dist?.kind !== 'wheel' ? undefined : found(page, file)
  }

  /** The project a path was seen under; else every project that the file name could belong to. */
  function owners(path: FilePath, filename: string): readonly ProjectName[] {
    const remembered = projects.get(path) ?? sightings.projectOf(path)
    if (remembered !== undefined) return [remembered]
    return readings(filename).slice(0, MOST_ASKED)
  }

  function readings(filename: string): readonly ProjectName[] {
    const candidates = candidateProjects(filename)
    // one internal name among the readings is enough: asking for the others could tell the upstream about it
    if (candidates.some(isInternal)) throw new GateError('internal', `${filename} could belong to an internal name`)
    return candidates
  }

  async function assertNobodyElses({ index: { name } }: KnownPage, { dist, path }: IndexFile): Promise<void> {
    if (dist?.kind !== 'sdist') return
    for (const other of candidateProjects(dist.text)) {
      if (other === name || isInternal(other)) continue
      const page = await indexes.current(other)
      // a page that lists it no longer may still be what a client's lock was made from
      if (page?.byPath.has(path) === true || sightings.hasListed(other, dist.text))
        throw new GateError(
          'unknown-index-changed',
          `the index lists ${dist.text} as a file of ${name}, and listed it as one of ${other}`,
        )
    }
  }

  async function byName(project: ProjectName, filename: DistFilename): Promise<Artifact | Refused> {
    let page = await indexes.current(project)
    if (page?.byFilename.has(filename.text) !== true) page = await indexes.anew(project)
    if (page === undefined) throw new GateError('no-project', `the index does not know ${project}`)
    const file = page.byFilename.get(filename.text)
    if (file === undefined) {
      if (page.index.status === 'quarantined') return refuseQuarantined(page, filename.text, policies.current())
      throw notListed(filename.text)
    }
    return found(page, file)
  }

  function found(page: KnownPage, file: IndexFile): Artifact | Refused {
    assertUnchanged(page, file.filename)
    return artifactOf(page, file, { policy: policies.current(), maxSize })
  }

  return { byPath, atHand, byName, assertNobodyElses, readings }
}

function notListed(filename: string): GateError {
  return new GateError('not-listed', `the index does not list ${filename} now`)
}
