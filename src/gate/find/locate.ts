import { GateError } from '../../domain/base/errors.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Artifact, FilePath } from '../../domain/packaging/artifact.ts'
import {
  candidateProjects,
  type DistFilename,
  namesWithin,
  parseDistFilename,
  sameDistribution,
} from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { readingsOf } from '../../domain/sources/readings.ts'
import { type Asker, OURSELVES } from '../../flow/asker.ts'
import { keptWithin } from '../../flow/kept-within.ts'
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
  /** whether somebody owns the name, so that none of the other sources may hear of it; default: nobody owns any */
  readonly isOwned?: ((project: ProjectName) => boolean) | undefined
}

/** Throws not-listed, listed-otherwise, internal, unknown-…. */
export interface Locate {
  byPath(path: FilePath, asker?: Asker): Promise<Artifact | Refused>
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(path: FilePath): Artifact | Refused | undefined
  /** Throws no-project besides. */
  byName(project: ProjectName, filename: DistFilename, asker?: Asker): Promise<Artifact | Refused>
  /** The project of `foo-bar-1.0.tar.gz` is not known before an index lists it: the first of those that it could belong to. */
  byFilename(filename: string, asker?: Asker): Promise<Artifact | Refused>
}

/** Which file is looked for. */
interface Wanted {
  readonly fileOn: (page: KnownPage) => IndexFile | undefined
  readonly isMeant: (file: IndexFile) => boolean
}

function named(filename: string): Wanted {
  return { fileOn: page => page.byFilename.get(filename), isMeant: file => file.filename === filename }
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
export function createLocate(options: Options): Locate {
  const { indexes, sound, memory, policies, isInternal, isOwned = () => false } = options
  const reserved = { isInternal, isOwned }
  const projects = keptWithin<FilePath, ProjectName>({ bytes: 8 * 1024 * 1024, weigh: name => name.length })

  /** What is missing may have been published since the page was read. */
  async function find(
    candidates: readonly ProjectName[],
    filename: string,
    { fileOn, isMeant }: Wanted,
    asker: Asker | undefined,
  ): Promise<Artifact | Refused> {
    const look = (how: 'current' | 'anew') => search(candidates, fileOn, project => indexes[how](project, asker))
    const place = (await look('current')) ?? (await look('anew'))
    if (place !== undefined) return await found(place, asker)
    for (const project of candidates) {
      const page = await indexes.current(project, asker)
      if (page?.index.status === 'quarantined') return refuseQuarantined(page, filename, policies.current())
    }
    const moved = await movedAway(candidates, isMeant, asker)
    if (moved !== undefined) return moved
    throw await whyNotFound(candidates, filename, asker)
  }

  /** A name that its source has lost, and a file that another source has: it does not become that one's by itself. */
  async function movedAway(
    candidates: readonly ProjectName[],
    isMeant: Wanted['isMeant'],
    asker: Asker = OURSELVES,
  ): Promise<Artifact | Refused | undefined> {
    for (const project of candidates) {
      if ((await indexes.current(project, asker)) !== undefined) continue
      const moved = await indexes.elsewhere(project, isMeant, asker)
      const file = moved?.page.files.find(isMeant)
      if (moved !== undefined && file !== undefined) return await sound.moved(moved.page, file, moved.was, asker)
    }
    return undefined
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
    const [project] = candidates
    const whose = project === undefined ? '' : indexes.whose(project)
    return new GateError('not-listed', `the index does not list ${filename} now${whose}`)
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
    if (remembered === undefined) return readingsOf(filename, reserved).slice(0, MOST_ASKED)
    const others = candidateProjects(filename).filter(other => other !== remembered)
    const told = [...others, ...namesWithin(filename)]
    if (told.some(isInternal)) return [remembered]
    if (isOwned(remembered)) return [remembered, ...others.filter(isOwned)].slice(0, MOST_ASKED)
    return told.some(isOwned) ? [remembered] : [remembered, ...others].slice(0, MOST_ASKED)
  }

  return {
    async byPath(path, asker) {
      const filename = path.slice(path.lastIndexOf('/') + 1)
      const wanted: Wanted = { fileOn: page => page.byPath.get(path), isMeant: file => file.path === path }
      return await find(await ownersOf(path, filename), filename, wanted, asker)
    },
    atHand(path) {
      const project = projects.get(path)
      if (project === undefined) return undefined
      const page = indexes.atHand(project)
      const file = page?.byPath.get(path)
      const known = memory.atHand(project, path.slice(path.lastIndexOf('/') + 1))
      if (page === undefined || file === undefined || known === undefined) return undefined
      const artifact = sound.atHand(page, file, known)
      return artifact instanceof GateError ? undefined : artifact
    },
    async byName(project, filename, asker) {
      const page = (await indexes.current(project, asker)) ?? (await indexes.anew(project, asker))
      const wanted = named(filename.text)
      if (page !== undefined) return await find([project], filename.text, wanted, asker)
      const moved = await movedAway([project], wanted.isMeant, asker)
      if (moved === undefined) throw indexes.unknown(project)
      return moved
    },
    byFilename: async (filename, asker) => await find(readingsOf(filename, reserved), filename, named(filename), asker),
  }
}
