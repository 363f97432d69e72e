import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Artifact, FilePath } from '../../domain/packaging/artifact.ts'
import {
  candidateProjects,
  type DistFilename,
  parseDistFilename,
  sameDistribution,
} from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'
import type { Policies } from '../policy/policies.ts'
import { refuseQuarantined } from './artifacts.ts'
import type { Indexes } from './indexes.ts'
import type { KnownPage } from './known-page.ts'
import type { Sound } from './sound.ts'

/** Project pages that one file name may lead to; the likeliest come first. */
const MOST_ASKED = 8

/** The same distribution under another name (PEP 427 and 625: names are compared as what they say). */
function findSpelledOtherwise({ name, files }: ProjectIndex, filename: string): IndexFile | undefined {
  const asked = parseDistFilename(filename, name)
  const lower = filename.toLowerCase()
  return files.find(({ filename: listed, dist }) => {
    if (listed === filename) return false
    const same = asked !== undefined && dist !== undefined && sameDistribution(dist, asked)
    return same || listed.toLowerCase() === lower
  })
}

interface Options {
  readonly indexes: Indexes
  readonly sound: Sound
  readonly memory: Memory
  readonly policies: Policies
  readonly isInternal: (project: ProjectName) => boolean
}

/** Throws not-listed, listed-otherwise, internal, unknown-…. */
export interface Locate {
  byPath(path: FilePath, asker?: Asker): Promise<Artifact | Refused>
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(path: FilePath): Artifact | Refused | undefined
  /** Throws no-project besides. */
  byName(project: ProjectName, filename: DistFilename, asker?: Asker): Promise<Artifact | Refused>
  /** The project of `foo-bar-1.0.tar.gz` is not known before an index lists it: the first of those that it could belong to. */
  byFilename(filename: string): Promise<Artifact | Refused>
}

/** Where a file is listed. */
interface Place {
  readonly page: KnownPage
  readonly file: IndexFile
}

/**
 * Finds the listed file behind a path. Clients that install from a lock ask for files without ever asking for a page, so
 * the project comes from what is remembered of the path or, failing that, from the file name; the digest and the size
 * come from the index, never from the URL.
 */
export function createLocate({ indexes, sound, memory, policies, isInternal }: Options): Locate {
  const projects = new LRUCache<FilePath, ProjectName>({ max: 50_000 })

  /** What is missing may have been published since the page was read. */
  async function find(
    candidates: readonly ProjectName[],
    filename: string,
    fileOn: (page: KnownPage) => IndexFile | undefined,
    asker: Asker | undefined,
  ): Promise<Artifact | Refused> {
    const look = (how: 'current' | 'anew') => search(candidates, fileOn, project => indexes[how](project, asker))
    const place = (await look('current')) ?? (await look('anew'))
    if (place !== undefined) return await found(place, asker)
    for (const project of candidates) {
      const page = await indexes.current(project, asker)
      if (page?.index.status === 'quarantined') return refuseQuarantined(page, filename, policies.current())
    }
    throw await whyNotFound(candidates, filename, asker)
  }

  /** A file that is there under another spelling, or whose entry could not be believed, is not called unlisted. */
  async function whyNotFound(
    candidates: readonly ProjectName[],
    filename: string,
    asker: Asker | undefined,
  ): Promise<GateError> {
    for (const project of candidates) {
      const index = (await indexes.current(project, asker))?.index
      const other = index === undefined ? undefined : findSpelledOtherwise(index, filename)
      if (other !== undefined)
        return new GateError('listed-otherwise', `the index lists ${filename} as ${other.filename}, at ${other.path}`)
      const dropped = index?.dropped.find(entry => entry.filename === filename)
      if (dropped !== undefined)
        return new GateError('not-listed', `the index lists ${filename}, but the entry is not read: ${dropped.why}`)
    }
    return new GateError('not-listed', `the index does not list ${filename} now`)
  }

  async function search(
    candidates: readonly ProjectName[],
    fileOn: (page: KnownPage) => IndexFile | undefined,
    look: (project: ProjectName) => Promise<KnownPage | undefined>,
  ): Promise<Place | undefined> {
    for (const project of candidates) {
      const page = await look(project)
      const file = page === undefined ? undefined : fileOn(page)
      if (page !== undefined && file !== undefined) return { page, file }
    }
    return undefined
  }

  async function found({ page, file }: Place, asker: Asker | undefined): Promise<Artifact | Refused> {
    projects.set(file.path, page.index.name)
    return await sound.artifact(page, file, asker)
  }

  /**
   * The project a path was seen under, before every other that the file name could belong to: that a page listed it once does not
   * make it that project's for good.
   */
  async function ownersOf(path: FilePath, filename: string): Promise<readonly ProjectName[]> {
    const remembered = projects.get(path) ?? (await memory.projectOf(path))
    if (remembered === undefined) return readingsOf(filename).slice(0, MOST_ASKED)
    const others = candidateProjects(filename).filter(other => other !== remembered)
    return others.some(isInternal) ? [remembered] : [remembered, ...others].slice(0, MOST_ASKED)
  }

  function readingsOf(filename: string): readonly ProjectName[] {
    const candidates = candidateProjects(filename)
    // one internal name among the readings is enough: asking for the others could tell the upstream about it
    if (candidates.some(isInternal)) throw new GateError('internal', `${filename} could belong to an internal name`)
    return candidates
  }

  return {
    async byPath(path, asker) {
      const filename = path.slice(path.lastIndexOf('/') + 1)
      return await find(await ownersOf(path, filename), filename, page => page.byPath.get(path), asker)
    },
    atHand(path) {
      const project = projects.get(path)
      if (project === undefined) return undefined
      const page = indexes.atHand(project)
      const file = page?.byPath.get(path)
      const known = memory.atHand(project)
      if (page === undefined || file === undefined || known === undefined) return undefined
      const artifact = sound.atHand(page, file, known)
      return artifact instanceof GateError ? undefined : artifact
    },
    async byName(project, filename, asker) {
      const page = (await indexes.current(project, asker)) ?? (await indexes.anew(project, asker))
      if (page === undefined) throw new GateError('no-project', `the index does not know ${project}`)
      return await find([project], filename.text, known => known.byFilename.get(filename.text), asker)
    },
    byFilename: async filename =>
      await find(readingsOf(filename), filename, page => page.byFilename.get(filename), undefined),
  }
}
