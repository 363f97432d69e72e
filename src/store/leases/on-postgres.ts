import { randomUUID } from 'node:crypto'
import { sha256Of } from '../../domain/base/digest.ts'
import type { Lease, Leases } from '../../ports/among-gates.ts'
import { createReleases } from './releases.ts'

/** How long a holder is believed to live after its last word, ms; how often it says one. */
const LIVES = 9_000
const SPEAKS_EVERY = 2_000
/** How long a key that nobody holds stays on record, so that its fence grows on. */
const FORGOTTEN_AFTER = "interval '1 day'"
const CHANNEL = 'portcullis_leases'

/** A database of PostgreSQL, as far as leases need one. */
export interface LeaseDatabase {
  /** Throws where it does not answer, within a bounded time. */
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
  /** Tells what comes through a channel, as long as there is a connection for that; resolves to what ends it. */
  listen?(channel: string, heard: (payload: string) => void): Promise<() => void>
}

/** To be made once, before leases are taken; three gates may do so at once. */
export const LEASE_TABLE = `create table if not exists portcullis_leases (
  key text primary key,
  owner text not null,
  fence bigint not null,
  expires_at timestamptz not null
)`

const TAKE = `insert into portcullis_leases as held (key, owner, fence, expires_at)
  values ($1, $2, 1, clock_timestamp() + $3 * interval '1 ms')
  on conflict (key) do update
    set owner = excluded.owner, fence = held.fence + 1, expires_at = excluded.expires_at
    where held.expires_at < clock_timestamp()
  returning fence`
const RENEW = `update portcullis_leases set expires_at = clock_timestamp() + $2 * interval '1 ms'
  where owner = $1 and expires_at >= clock_timestamp()`
const RELEASE = `with gone as (
    update portcullis_leases set expires_at = '-infinity' where key = $1 and owner = $2 and fence = $3 returning key
  ) select pg_notify('${CHANNEL}', key) from gone`
const FORGET = `delete from portcullis_leases
  where expires_at > '-infinity' and expires_at < clock_timestamp() - ${FORGOTTEN_AFTER}`

/** What makes a lease that nobody can take away: it is for a gate whose database does not answer, and keeps nobody out. */
const NOBODYS: Lease = { fence: 0, release: async () => {} }

/**
 * Leases as rows: the clock is the database's, a holder that dies is followed within {@link LIVES}. No connection is held for
 * one, so that poolers of connections do no harm.
 */
export async function createPostgresLeases(database: LeaseDatabase): Promise<Leases> {
  const owner = randomUUID()
  const held = new Set<Lease>()
  const releases = createReleases()
  const stopListening = await database.listen?.(CHANNEL, key => releases.tell(key)).catch(() => undefined) // whoever waits looks again by itself
  await database.query(FORGET).catch(() => {})
  let timer: NodeJS.Timeout | undefined

  function live(): void {
    if (held.size === 0) {
      timer = undefined
      return
    }
    timer = setTimeout(() => {
      database
        .query(RENEW, [owner, LIVES])
        .catch(() => {}) // whoever follows does the same again
        .finally(live)
    }, SPEAKS_EVERY).unref()
  }

  function hold(key: string, fence: number): Lease {
    const lease: Lease = {
      fence,
      async release() {
        if (!held.delete(lease)) return
        await database.query(RELEASE, [key, owner, fence]).catch(() => {}) // it runs out
      },
    }
    held.add(lease)
    if (timer === undefined) live()
    return lease
  }

  return {
    async take(name) {
      const key = sha256Of(name)
      try {
        const { rows } = await database.query(TAKE, [key, owner, LIVES])
        const [row] = rows
        return row === undefined ? undefined : hold(key, Number(row['fence']))
      } catch {
        return NOBODYS
      }
    },
    change: (name, most) => releases.next(sha256Of(name), most),
    async close() {
      clearTimeout(timer)
      await Promise.all([...held].map(lease => lease.release()))
      releases.tellAll()
      stopListening?.()
    },
  }
}
