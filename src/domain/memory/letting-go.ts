import type { Sha256 } from '../base/digest.ts'
import type { ProjectMemory } from './project-memory.ts'
import type { Sighting } from './sighting.ts'

/** What a person can let go of: a fact that stands in the way and should not. */
export const LET_GO = ['digest', 'serial', 'path', 'arrival', 'identity', 'offer', 'clock'] as const

/** `clock`: the newest time that was recorded; the others are facts of a project. */
export type LetGo = (typeof LET_GO)[number]

/** The facts of a project that somebody lets go of; `filename` `undefined`: of all its files. */
export interface Forgotten {
  readonly what: Exclude<LetGo, 'clock'>
  readonly filename: string | undefined
}

/**
 * The memory without these facts; the same object where it has none of them.
 *
 * - `digest`: whatever sha256 the index gives next is the first one; another than before is no older than that
 * - `serial`: whatever serial the page has next is the first one
 * - `path`: that the project listed a file that it lists no longer
 * - `arrival`: when a file came: that the page was read without it, and its first upload time; whatever the index says next is that
 * - `identity`: who was proved to sign: whoever is proved next is the first
 * - `offer`: that the index offered provenance for files; what was proved of them stays
 */
export function letGo(memory: ProjectMemory, { what, filename }: Forgotten): ProjectMemory {
  const isMeant = (name: string): boolean => filename === undefined || name === filename
  switch (what) {
    case 'serial':
      return memory.with({ serials: undefined })
    case 'digest': {
      const sightings = [...memory.sightings].map(([name, sighting]) =>
        isMeant(name) && sighting.sha256 !== undefined
          ? ([name, withoutDigest(sighting, sighting.sha256)] as const)
          : ([name, sighting] as const),
      )
      const changed = sightings.some(([name, sighting]) => sighting !== memory.sightings.get(name))
      return memory.with({
        ...(changed ? { sightings: new Map(sightings) } : {}),
        settled: without(memory.settled, isMeant),
      })
    }
    case 'path':
      return memory.with({
        sightings: without(memory.sightings, name => isMeant(name) && memory.sightings.get(name)?.gone !== undefined),
      })
    case 'arrival': {
      const meant = [...memory.sightings.values()].filter(
        ({ filename, absent, missed, uploaded }) => isMeant(filename) && (absent ?? missed ?? uploaded) !== undefined,
      )
      return withSightings(
        memory,
        meant.map(sighting => ({ ...sighting, absent: undefined, missed: undefined, uploaded: undefined })),
      )
    }
    case 'identity':
      return memory.with({ proofs: without(memory.proofs, isMeant) })
    case 'offer': {
      const meant = [...memory.sightings.values()].filter(
        ({ filename, offered, offering }) => isMeant(filename) && (offered ?? offering) !== undefined,
      )
      return withSightings(
        memory,
        meant.map(sighting => ({ ...sighting, offered: undefined, offering: undefined })),
      )
    }
    default:
      return what satisfies never
  }
}

function withoutDigest(sighting: Sighting, sha256: Sha256): Sighting {
  return { ...sighting, sha256: undefined, other: { value: sha256, since: sighting.firstSeen } }
}

function withSightings(memory: ProjectMemory, changed: readonly Sighting[]): ProjectMemory {
  if (changed.length === 0) return memory
  const sightings = new Map(memory.sightings)
  for (const sighting of changed) sightings.set(sighting.filename, sighting)
  return memory.with({ sightings })
}

function without<Entry>(
  known: ReadonlyMap<string, Entry>,
  isMeant: (name: string) => boolean,
): ReadonlyMap<string, Entry> {
  const kept = [...known].filter(([name]) => !isMeant(name))
  return kept.length === known.size ? known : new Map(kept)
}
