import { GateError } from '../../domain/base/errors.ts'
import type { Ask, Connection } from './connection.ts'
import { MIGRATIONS, type Migration } from './migrations.ts'

/** Of this program, among all that lock something in the database. */
const LOCK = 7_267_253_904_716
/** What waits for another gate that migrates, and a step over many rows, ms. */
const PATIENCE = 300_000

/**
 * Brings the schema up to date, one gate at a time however many start. One that is newer is worked with where its steps say that
 * this program can.
 *
 * @throws GateError `config-invalid` for a schema of a newer version that this one cannot work with, `unknown-store`
 */
export async function migrate(connection: Connection, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  if ((await pending(connection, migrations)) === 0) return
  await connection.transaction('the database could not be brought up to date', async ask => {
    for (const name of ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'])
      await ask(`set local ${name} = ${PATIENCE}`)
    await ask('select pg_advisory_xact_lock($1)', [LOCK])
    await ask(
      `create table if not exists portcullis_schema (version integer primary key, name text not null,
         works_since integer not null, at timestamptz not null default clock_timestamp())`,
    )
    const done = await versionOf(ask)
    for (const [index, { name, worksSince, sql }] of migrations.entries()) {
      if (index < done) continue
      await ask(sql)
      await ask('insert into portcullis_schema (version, name, works_since) values ($1, $2, $3)', [
        index + 1,
        name,
        worksSince,
      ])
    }
  })
}

/** How many steps are to be made. */
async function pending(connection: Connection, migrations: readonly Migration[]): Promise<number> {
  const what = `the version of the database at ${connection.place} could not be read`
  const [table] = await connection.ask<{ known: boolean }>(
    what,
    `select to_regclass('portcullis_schema') is not null as known`,
  )
  if (table?.known !== true) return migrations.length
  const [row] = await connection.ask<{ version: number; since: number }>(
    what,
    `select coalesce(max(version), 0) as version,
       coalesce(max(works_since) filter (where version > $1), 0) as since from portcullis_schema`,
    [migrations.length],
  )
  const { version, since } = row ?? { version: 0, since: 0 }
  if (since > migrations.length)
    throw new GateError(
      'config-invalid',
      `the database of store.database was brought up to date by a newer version of this program, which this one cannot work with (schema ${version}, this one knows ${migrations.length}); start that version`,
    )
  return Math.max(0, migrations.length - version)
}

async function versionOf(ask: Ask): Promise<number> {
  const [row] = await ask<{ version: number }>('select coalesce(max(version), 0) as version from portcullis_schema')
  return row?.version ?? 0
}
