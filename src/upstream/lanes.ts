import type { Millis } from '../domain/base/instant.ts'
import { createLimit, type Limit } from '../flow/limit.ts'

/** Sockets for each origin, shared out so that long downloads leave room for short answers. */
export const CONNECTIONS = 32
const ROOT_LISTS = 2
const FILES = 16

/** What an origin is asked for. */
export type Wanted = 'page' | 'legacy' | 'provenance' | 'file' | 'metadata' | 'root-list'

type LaneName = 'small' | 'file' | 'rootList'

export function laneOf(what: Wanted): LaneName {
  return what === 'file' ? 'file' : what === 'root-list' ? 'rootList' : 'small'
}

export type Lanes = Readonly<Record<LaneName, Limit>>

/** The lanes to one origin. */
export function createLanes(origin: {
  /** what it serves: where no files come from, the places of downloads are free for the rest */
  readonly serves: 'files' | 'answers'
  /** requests that wait for a place, in each lane */
  readonly waiting: number
  readonly patience: Millis
}): Lanes {
  const { serves, waiting, patience } = origin
  const small = CONNECTIONS - ROOT_LISTS - (serves === 'files' ? FILES : 0)
  return {
    small: createLimit({ running: small, waiting, patience, what: 'requests to the upstream' }),
    file: createLimit({ running: FILES, waiting, patience, what: 'downloads from the upstream' }),
    rootList: createLimit({ running: ROOT_LISTS, waiting, patience, what: 'root lists' }),
  }
}
