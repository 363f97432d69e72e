import pg from 'pg'
import { errorCode } from '../../domain/base/error-code.ts'
import type { GateError } from '../../domain/base/errors.ts'
import { storeError } from '../failure/store-error.ts'
import type { Reach } from '../shared/reach.ts'

/** Connections of one gate; what is asked beyond waits. */
const MOST = 8
/** ms */
const CONNECTS_WITHIN = 2_000
const ANSWERS_WITHIN = 5_000
/** How long a question waits for the others of this gate to be done with a connection. */
const WAITS_FOR_A_CONNECTION = 10_000
const WAITS_FOR_OTHERS = 3_000
/** int8, which holds times and counts below 2^53 here */
const INT8 = 20

/** One statement; `$1` and so on stand for `values`. */
export type Ask = <Row>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** PostgreSQL, through a pool. Methods throw `unknown-store`; `what` says in our words what could not be done. */
export interface Connection {
  ask<Row>(what: string, text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** All of it or nothing; each statement sees what was committed before it. */
  transaction<Result>(what: string, work: (ask: Ask) => Promise<Result>, begin?: string): Promise<Result>
  /** A connection of its own, for what stays; whoever got it ends it. */
  client(): Promise<pg.Client>
  /** where it is, for whoever runs it: `db.internal:5432`, or the path of a socket; never who is let in */
  readonly place: string
  /** how many statements were sent so far */
  statements(): number
  close(): Promise<void>
}

/** Nothing is connected before something is asked. */
export function createConnection(url: string, reach: Pick<Reach, 'reached' | 'lost'>): Connection {
  const settings = {
    connectionString: url,
    connectionTimeoutMillis: CONNECTS_WITHIN,
    query_timeout: ANSWERS_WITHIN,
    statement_timeout: ANSWERS_WITHIN,
    lock_timeout: WAITS_FOR_OTHERS,
    // a gate that stands still in the middle holds nobody up for long
    idle_in_transaction_session_timeout: ANSWERS_WITHIN,
    keepAlive: true,
    application_name: 'portcullis',
    types: { getTypeParser },
  }
  const pool = new pg.Pool({
    ...settings,
    // the pool bounds both by the same: a queue of our own questions would look like a database that is away
    connectionTimeoutMillis: WAITS_FOR_A_CONNECTION,
    Client: class extends pg.Client {
      constructor(config?: pg.ClientConfig) {
        super({ ...config, connectionTimeoutMillis: CONNECTS_WITHIN })
        // one that breaks between two statements of a transaction: the next statement is told
        this.on('error', () => {})
      }
    },
    max: MOST,
  })
  // one that waits in the pool and breaks: whoever asks next is told
  pool.on('error', () => {})
  let statements = 0

  function failure(what: string, error: unknown): GateError {
    const told = storeError(what, error)
    if (isAway(error)) reach.lost(told)
    return told
  }

  function askOf(client: pg.Pool | pg.PoolClient): Ask {
    return async <Row>(text: string, values: readonly unknown[] = []) => {
      statements += 1
      const { rows } = await client.query(text, [...values])
      return rows as readonly Row[]
    }
  }

  const asking = askOf(pool)
  return {
    async ask<Row>(what: string, text: string, values?: readonly unknown[]) {
      try {
        const rows = await asking<Row>(text, values)
        reach.reached()
        return rows
      } catch (error) {
        throw failure(what, error)
      }
    },
    async transaction(what, work, begin = 'begin') {
      let client: pg.PoolClient | undefined
      try {
        client = await pool.connect()
        const ask = askOf(client)
        await ask(begin)
        const result = await work(ask)
        await ask('commit')
        client.release()
        reach.reached()
        return result
      } catch (error) {
        // whatever it is in the middle of ends with it
        client?.release(true)
        throw failure(what, error)
      }
    },
    async client() {
      const { query_timeout: _, ...lasting } = settings
      const client = new pg.Client(lasting)
      client.on('error', () => {}) // whoever uses it listens for its end
      await client.connect()
      return client
    },
    place: placeOf(url),
    statements: () => statements,
    close: async () => await pool.end(),
  }
}

function placeOf(url: string): string {
  const { host, port } = new pg.Client({ connectionString: url })
  return host.startsWith('/') ? host : `${host}:${port}`
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format ?? 'text')
}

/** The database said no to what it was asked, so it is there: data, constraints, syntax, locks, time. */
const ANSWERED = /^(?:0[A-Z]|2[0-8]|4[0-24]|55|57014)/
/** But it takes nothing down: it is a copy, or was told not to. */
const READ_ONLY = '25006'

function isAway(error: unknown): boolean {
  const code = errorCode(error)
  return code === undefined || code === READ_ONLY || code.length !== 5 || !ANSWERED.test(code)
}
