import type { Sha256 } from '../../domain/base/digest.ts'

/** A database of PostgreSQL, as far as the list of objects needs one. */
export interface LedgerDatabase {
  /** Throws where it does not answer, within a bounded time. */
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

/** What was brought to the bucket, by whichever gate, so that it is known what should be there. */
export interface ObjectLedger {
  /** Repeating it is harmless. Throws where it cannot be written down. */
  add(sha256: Sha256, bytes: number): Promise<void>
  remove(sha256: Sha256): Promise<void>
  all(): AsyncIterable<Sha256>
}

/** To be made once, before anything is added; three gates may do so at once. */
export const OBJECT_TABLE = `create table if not exists portcullis_objects (
  sha256 bytea primary key,
  size bigint not null,
  brought_at timestamptz not null default clock_timestamp()
)`

const ADD = `insert into portcullis_objects (sha256, size) values (decode($1, 'hex'), $2) on conflict do nothing`
const REMOVE = `delete from portcullis_objects where sha256 = decode($1, 'hex')`
const NEXT = `select encode(sha256, 'hex') as sha256 from portcullis_objects
  where sha256 > decode($1, 'hex') order by sha256 limit ${1_000}`

export function createObjectLedger(database: LedgerDatabase): ObjectLedger {
  return {
    async add(sha256, bytes) {
      await database.query(ADD, [sha256, bytes])
    },
    async remove(sha256) {
      await database.query(REMOVE, [sha256])
    },
    async *all() {
      for (let after = ''; ; ) {
        const { rows } = await database.query(NEXT, [after])
        for (const row of rows) yield row['sha256'] as Sha256
        const last = rows.at(-1)
        if (last === undefined) return
        after = String(last['sha256'])
      }
    },
  }
}
