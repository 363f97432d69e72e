import type pg from 'pg'
import { storeError } from '../../failure/store-error.ts'
import type { Reach } from '../../shared/reach.ts'
import type { Connection } from '../connection.ts'
import { CHANNEL } from './ledger.ts'

/** What is told is heard at once; what nobody heard is found out by asking so often, ms. */
const EVERY_MS = 1_000
/** A database that does not answer so soon is away, ms. */
const PATIENCE_MS = 2_000

/** What changed since the last look: all that was committed, none of it missed. */
export interface News {
  /** ms by the clock of the database */
  readonly now: number
  readonly newest: number | null
  /** how often somebody let go of the newest time */
  readonly letGo: number | null
  readonly projects: readonly (readonly [source: number, project: string, version: number])[] | null
  readonly belongings: readonly (readonly [index: string, project: string, source: string])[] | null
}

interface Row extends News {
  readonly since: string
}

/** Whatever was in progress at the last look may have been committed since: all later ones, and that. */
const LOOK = `
select pg_snapshot_xmin(pg_current_snapshot())::text as since,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
  (select value from facts where name = 'newest') as newest,
  (select value from facts where name = 'newest_let_go') as "letGo",
  (select json_agg(json_build_array(source, project, version)) from projects where changed >= $1::text::xid8) as projects,
  (select json_agg(json_build_array(index_name, project, source_name)) from belongings where changed >= $2::text::xid8)
    as belongings`

/** No transaction has so high a number. */
const NOTHING = '18446744073709551615'

interface Options {
  readonly connection: Connection
  readonly reach: Pick<Reach, 'lost' | 'caughtUp'>
  /** one change of a project, told by whoever made it */
  readonly heard: (source: number, project: string, version: number) => void
  readonly news: (news: News) => void
  /** the database is another one than it was: nothing that is at hand says anything */
  readonly lostTrack: () => void
  /** Everything else that is to be done from time to time; whatever it throws is forgotten. */
  readonly beside: () => Promise<void>
}

export interface Notices {
  /** Looks now; throws `unknown-store`. */
  look(): Promise<void>
  close(): Promise<void>
}

/** Listens, and looks every second whether something was missed. */
export function createNotices(options: Options): Notices {
  const { connection, reach, heard, news, lostTrack, beside } = options
  let since: string | undefined
  let listening: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let busy = false
  schedule()

  function schedule(): void {
    if (!closed) timer = setTimeout(() => void run(), EVERY_MS).unref()
  }

  async function run(): Promise<void> {
    try {
      await within(look())
      await listen()
      doBeside()
    } catch {
      // whoever asks is told by `reach`
    }
    schedule()
  }

  /** However long that takes, what changed is looked at meanwhile. */
  function doBeside(): void {
    if (busy) return
    busy = true
    void beside()
      .catch(() => {})
      .finally(() => {
        busy = false
      })
  }

  /** A database that takes the question and never answers is away, too. */
  async function within(looking: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<never>()
    const patience = setTimeout(() => {
      const error = storeError('the database does not answer', undefined)
      reach.lost(error)
      over.reject(error)
    }, PATIENCE_MS)
    try {
      await Promise.race([looking, over.promise])
    } finally {
      clearTimeout(patience)
      looking.catch(() => {})
    }
  }

  async function look(): Promise<void> {
    const what = 'what others learned could not be read'
    const [row] = await connection.ask<Row>(what, LOOK, [since ?? NOTHING, since ?? '0'])
    if (row === undefined) return
    if (since !== undefined && BigInt(row.since) < BigInt(since)) lostTrack()
    since = row.since
    news(row)
    reach.caughtUp()
  }

  async function listen(): Promise<void> {
    if (listening !== undefined || closed) return
    const client = await connection.client()
    listening = client
    const ended = (): void => {
      if (listening === client) listening = undefined
    }
    client.on('error', ended)
    client.on('end', ended)
    client.on('notification', ({ payload = '' }) => {
      const [, source, version, project] = /^(\d+) (\d+) (.+)$/.exec(payload) ?? []
      if (project !== undefined) heard(Number(source), project, Number(version))
    })
    try {
      await client.query(`listen ${CHANNEL}`)
    } catch (error) {
      ended()
      client.end().catch(() => {})
      throw error
    }
  }

  return {
    look,
    async close() {
      closed = true
      clearTimeout(timer)
      await listening?.end().catch(() => {})
    },
  }
}
