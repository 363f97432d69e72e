import type { Clock, Millis } from '../../../domain/base/instant.ts'
import { instant } from '../../../domain/base/instant.ts'
import type { Connection } from '../connection.ts'
import { dropBefore, journalSize } from './partitions.ts'

const EVERY_MS = 60_000
const MOST_REFUSALS = 100_000

interface Options {
  readonly connection: Connection
  /** the clock of the database */
  readonly clock: Clock
  readonly keep: Millis
  /** told of the refusals that went, by their ids */
  readonly forgotten: (ids: readonly string[]) => void
}

export interface Housekeeping {
  /** Whatever has become too old or too many, once a minute. */
  tidy(): Promise<void>
  journalBytes(): number
}

/** Any gate does it; that several do is no harm. */
export function createHousekeeping({ connection, clock, keep, forgotten }: Options): Housekeeping {
  let last = Number.NEGATIVE_INFINITY
  let bytes = 0
  return {
    async tidy() {
      if (performance.now() - last < EVERY_MS) return
      last = performance.now()
      const before = instant(clock() - keep)
      await dropBefore(connection, before)
      const what = 'explanations could not let go of what is too old'
      const gone = await connection.ask<{ id: string }>(
        what,
        `delete from refusals where at < $1 or id in
           (select id from refusals order by at desc offset ${MOST_REFUSALS}) returning id`,
        [before],
      )
      if (gone.length > 0) forgotten(gone.map(({ id }) => id))
      // proofs are found again when they are needed; what failed under any root counts until it is verified anew
      await connection.ask(
        what,
        `delete from findings where trust <> 'any' and trust not like 'inside %' and trust not like 'metadata %' and found < $1`,
        [before],
      )
      bytes = await journalSize(connection)
    },
    journalBytes: () => bytes,
  }
}
