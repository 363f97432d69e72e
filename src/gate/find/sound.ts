import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Instant } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import { claims, isChanged } from '../../domain/memory/sighting.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { candidateProjects } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'
import type { Policies } from '../policy/policies.ts'
import { artifactOf, movedFrom } from './artifacts.ts'
import type { Indexes } from './indexes.ts'
import type { KnownPage, PageIndex } from './known-page.ts'

/**
 * Whether a listed file is sound: its name has the bytes that it had when it was first seen, no other project lists it as
 * its own, its project is not quarantined, and the entry says enough. Everybody who judges a listed file asks here.
 */
export interface Sound {
  /** Throws `unknown-index-changed`, and `unknown-…` where another project's page has to be asked and cannot be. */
  artifact(page: KnownPage, file: IndexFile, asker?: Asker): Promise<Artifact | Refused>
  /** The same of a file that another source lists than the one that its name belongs to. */
  moved(page: ProjectIndex, file: IndexFile, was: SourceName, asker?: Asker): Promise<Artifact | Refused>
  /** The same where it needs no waiting, doubt as a value; `undefined` when it does. */
  atHand(page: KnownPage, file: IndexFile, memory: ProjectMemory): Artifact | Refused | GateError | undefined
}

interface Options {
  readonly indexes: Indexes
  readonly memory: Memory
  readonly policies: Policies
  /** bytes */
  readonly maxSize: number
  readonly isInternal: (project: ProjectName) => boolean
  /** whether somebody owns the name, so that none of the other sources may hear of it; default: nobody owns any */
  readonly isOwned?: ((project: ProjectName) => boolean) | undefined
  readonly lookalike?: ((project: ProjectName) => string | undefined) | undefined
  readonly clock: Clock
}

/** Another project that a file name could belong to: what it lists, and what it ever listed. */
interface Rival {
  readonly project: ProjectName
  readonly page: KnownPage | undefined
  readonly memory: ProjectMemory
}

const NOBODY: readonly ProjectName[] = []

export function createSound(options: Options): Sound {
  const { indexes, memory, policies, maxSize, isInternal, isOwned = () => false, lookalike, clock } = options

  /** `demo-2-4.tar.gz` is demo 2.post4 and demo-2 4; a wheel's name has one reading, and so has one with one dash. */
  function rivalsOf({ index }: PageIndex, { dist }: IndexFile): readonly ProjectName[] {
    if (dist?.kind !== 'sdist' || dist.text.indexOf('-') === dist.text.lastIndexOf('-')) return NOBODY
    const others = candidateProjects(dist.text).filter(other => other !== index.name && !isInternal(other))
    // whoever does not own the name is not told of its files: `demo-2-4` holds demo, which is owned
    return isOwned(index.name) ? others.filter(isOwned) : others
  }

  async function meet(project: ProjectName, { filename }: IndexFile, asker: Asker | undefined): Promise<Rival> {
    return { project, page: await indexes.current(project, asker), memory: await memory.of(project, filename) }
  }

  function meetAtHand(project: ProjectName, { filename }: IndexFile): Rival | undefined {
    const page = indexes.atHand(project)
    const known = memory.atHand(project, filename)
    return page === undefined || known === undefined ? undefined : { project, page, memory: known }
  }

  /** Throws where the file is not what it was, or somebody else's: by the memory of the source that is named, else of the name's own. */
  async function assertItsOwn(page: PageIndex, file: IndexFile, asker: Asker | undefined, source?: SourceName) {
    assertUnchanged(await memory.of(page.index.name, file.filename, source), file)
    for (const other of rivalsOf(page, file)) assertNobodyElses(page, file, await meet(other, file, asker), clock())
  }

  function artifact(page: PageIndex, file: IndexFile): Artifact | Refused {
    return artifactOf(page, file, { policy: policies.current(), maxSize, lookalike })
  }

  return {
    async artifact(page, file, asker) {
      await assertItsOwn(page, file, asker)
      return artifact(page, file)
    },
    async moved(index, file, was, asker) {
      const page = { index }
      await assertItsOwn(page, file, asker, index.source)
      return movedFrom(was, artifact(page, file))
    },
    atHand(page, file, known) {
      const rivals: Rival[] = []
      for (const other of rivalsOf(page, file)) {
        const rival = meetAtHand(other, file)
        if (rival === undefined) return undefined
        rivals.push(rival)
      }
      try {
        assertUnchanged(known, file)
        for (const rival of rivals) assertNobodyElses(page, file, rival, clock())
        return artifact(page, file)
      } catch (error) {
        if (error instanceof GateError) return error
        throw error
      }
    },
  }
}

/** A name whose bytes changed since it was first seen can be neither admitted nor refused. */
function assertUnchanged({ sightings }: ProjectMemory, file: IndexFile): void {
  if (isChanged(sightings, file))
    throw new GateError(
      'unknown-index-changed',
      `${file.filename} came back with another sha256 than it had when it was first seen`,
    )
}

/**
 * Where the pages of two projects list a file, or did, whoever writes the index could have a file of one judged by the rule of
 * the other. A page that lists it no longer may still be what a client's lock was made from.
 */
function assertNobodyElses({ index }: PageIndex, { filename, path }: IndexFile, rival: Rival, now: Instant): void {
  const seen = rival.memory.sightings.get(filename)
  if (rival.page?.byPath.has(path) !== true && (seen === undefined || !claims(seen, now))) return
  throw new GateError(
    'unknown-index-changed',
    `the index lists ${filename} as a file of ${index.name}, and listed it as one of ${rival.project}`,
  )
}
