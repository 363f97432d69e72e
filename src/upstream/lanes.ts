import type { Millis } from '../domain/base/instant.ts'
import { createLimit, type Limit } from '../flow/limit.ts'

/** Sockets for each origin, shared out so that long downloads leave room for short answers, and new names for known ones. */
export const CONNECTIONS = 48
const ROOT_LISTS = 2
const FILES = 16
/** Of the places for short answers so many are for projects that nobody has seen yet: there are as many of them as one can think up. */
const FIRST_SIGHTS = 0.4
/** So much of a lane is one client's at most: who comes then need not wait for what he began. */
const ONE_CLIENTS = 0.75

/** What an origin is asked for. */
export type Wanted = 'page' | 'legacy' | 'provenance' | 'file' | 'metadata' | 'root-list' | 'identity-keys'

type LaneName = 'known' | 'first' | 'file' | 'rootList'

export function laneOf(what: Wanted, sight: 'first' | 'known' = 'known'): LaneName {
  if (what === 'file') return 'file'
  return what === 'root-list' ? 'rootList' : sight
}

export type Lanes = Readonly<Record<LaneName, Limit>>

/** The lanes to one origin. */
export function createLanes(origin: {
  /** what it serves: where no files come from, or no pages, their places are free for the rest */
  readonly serves: ReadonlySet<'files' | 'answers'>
  /** requests that wait for a place, in each lane */
  readonly waiting: number
  readonly patience: Millis
}): Lanes {
  const { serves, waiting, patience } = origin
  const small = CONNECTIONS - ROOT_LISTS - (serves.has('files') ? FILES : 0)
  const first = serves.has('answers') ? Math.round(small * FIRST_SIGHTS) : 1
  const lane = (running: number) => ({ running, each: Math.ceil(running * ONE_CLIENTS), waiting, patience })
  return {
    known: createLimit({ ...lane(small - first), what: 'requests to the upstream', name: 'questions' }),
    first: createLimit({ ...lane(first), what: 'requests about projects never seen', name: 'first-sights' }),
    file: createLimit({ ...lane(FILES), what: 'downloads from the upstream', name: 'downloads' }),
    rootList: createLimit({ ...lane(ROOT_LISTS), what: 'root lists', name: 'root-lists' }),
  }
}
