import pg from 'pg'
import { LEASE_TABLE, type LeaseDatabase } from './on-postgres.ts'

/** Until there is a connection, or an answer, ms. */
const ANSWERS_WITHIN = 5_000
const CONNECTIONS = 3
/** Until those that asked before are done with a connection, ms: as long as whoever follows a dead holder waits. */
const WAITS_FOR_A_CONNECTION = 9_000
/** How long after the connection that listens broke the next one is tried, ms. */
const LISTENS_AGAIN = 1_000

export interface OwnLeaseDatabase extends LeaseDatabase {
  close(): Promise<void>
}

/** A few connections for leases alone, so that they keep nobody from asking what is known. Nothing is thrown where there is no database. */
export async function createLeaseDatabase(
  url: string,
  tables: readonly string[] = [LEASE_TABLE],
): Promise<OwnLeaseDatabase> {
  const bounds = {
    connectionString: url,
    connectionTimeoutMillis: ANSWERS_WITHIN,
    query_timeout: ANSWERS_WITHIN,
    application_name: 'portcullis leases',
  }
  const pool = new pg.Pool({
    ...bounds,
    // the pool bounds both by the same: a queue of our own questions would look like a database that is away
    connectionTimeoutMillis: WAITS_FOR_A_CONNECTION,
    Client: class extends pg.Client {
      constructor(config?: pg.ClientConfig) {
        super({ ...config, connectionTimeoutMillis: ANSWERS_WITHIN })
        this.on('error', () => {}) // the next question opens another one
      }
    },
    max: CONNECTIONS,
    allowExitOnIdle: true,
  })
  pool.on('error', () => {}) // the next question opens another one
  const listening = new Set<() => Promise<void>>()
  let isMade: Promise<unknown> | undefined

  /** By whoever comes first; two who make one at once may get in each other's way, and then it is there. */
  async function make(): Promise<void> {
    for (const table of tables) await pool.query(table).catch(() => pool.query(table))
  }

  return {
    async query(text, values = []) {
      isMade ??= make()
      try {
        await isMade
      } catch (error) {
        isMade = undefined
        throw error
      }
      return await pool.query(text, [...values])
    },
    async listen(channel, heard) {
      let client: pg.Client | undefined
      let timer: NodeJS.Timeout | undefined
      let ended = false

      function again(): void {
        client = undefined
        if (ended) return
        clearTimeout(timer)
        timer = setTimeout(() => void connect(), LISTENS_AGAIN).unref()
      }

      async function connect(): Promise<void> {
        const { query_timeout: _, ...connecting } = bounds
        const next = new pg.Client({ ...connecting, keepAlive: true })
        client = next
        next.on('error', again)
        next.on('end', again)
        next.on('notification', ({ payload = '' }) => heard(payload))
        try {
          await next.connect()
          await next.query(`listen ${channel}`)
        } catch {
          await next.end().catch(() => {})
          again()
        }
      }

      async function end(): Promise<void> {
        ended = true
        clearTimeout(timer)
        await client?.end().catch(() => {})
      }

      listening.add(end)
      await connect()
      return () => void end()
    },
    async close() {
      await Promise.all([...listening].map(end => end()))
      await pool.end()
    },
  }
}
