import type { Instant } from '../../../domain/base/instant.ts'
import type { Connection } from '../connection.ts'

/** Partitions that are known to be there, by the connection that made them. */
const made = new WeakMap<Connection, Set<string>>()

/** One month of the journal, by UTC. */
interface Month {
  readonly name: string
  readonly from: number
  readonly to: number
}

export function monthOf(at: number): Month {
  const date = new Date(at)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const name = `journal_${String(year).padStart(4, '0')}_${String(month + 1).padStart(2, '0')}`
  return { name, from: Date.UTC(year, month), to: Date.UTC(year, month + 1) }
}

/** Makes the partitions that these times need, once; several gates may. */
export async function ensurePartitions(connection: Connection, times: readonly number[]): Promise<void> {
  const known = made.get(connection) ?? new Set<string>()
  made.set(connection, known)
  const months = new Map(times.map(at => [monthOf(at).name, monthOf(at)] as const))
  for (const { name, from, to } of months.values()) {
    if (known.has(name)) continue
    await connection.transaction('a month of the journal could not be begun', async ask => {
      await ask('select pg_advisory_xact_lock(hashtext($1))', ['portcullis journal'])
      await ask(`create table if not exists ${name} partition of journal for values from (${from}) to (${to})`)
    })
    known.add(name)
  }
}

/** Lets go of the months that ended before, and of rows before it in the month that it is in; says how many months went. */
export async function dropBefore(connection: Connection, before: Instant): Promise<number> {
  const what = 'the journal could not let go of what is too old'
  const months = await connection.ask<{ name: string }>(
    what,
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'journal'::regclass and c.relname ~ '^journal_[0-9]{4}_[0-9]{2}$'`,
  )
  const old = months.filter(({ name }) => name < monthOf(before).name)
  for (const { name } of old) {
    await connection.ask(what, `drop table if exists ${name}`)
    made.get(connection)?.delete(name)
  }
  const { from } = monthOf(before)
  await connection.ask(what, 'delete from journal where at >= $1 and at < $2', [from, before])
  return old.length
}

/** Bytes of the whole journal, with its indexes. */
export async function journalSize(connection: Connection): Promise<number> {
  const [row] = await connection.ask<{ bytes: number }>(
    'the size of the journal could not be read',
    `select coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint as bytes
     from pg_inherits i where i.inhparent = 'journal'::regclass`,
  )
  return row?.bytes ?? 0
}
