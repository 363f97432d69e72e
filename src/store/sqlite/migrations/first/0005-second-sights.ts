import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * What one reading alone said is told apart from what lasted, and what somebody let go of is written down. A serial that was known
 * before counts as one that was read often, but for those that no index can have reached: they wait for a second sight. A sha256
 * that was known before stays as it is where its file was ever let out or lies here.
 */
export const secondSights: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    for (const [table, column, type, otherwise] of COLUMNS)
      await schema
        .alterTable(table)
        .addColumn(column, type, built => (otherwise === undefined ? built : built.notNull().defaultTo(otherwise)))
        .execute()
    await schema
      .createTable('settled')
      .addColumn('source', 'integer', column => column.notNull())
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('filename', 'text', column => column.notNull())
      .addColumn('sha256', 'blob', column => column.notNull())
      .addColumn('at', 'integer', column => column.notNull())
      .addPrimaryKeyConstraint('settled_key', ['source', 'project', 'filename'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await schema
      .createTable('forgotten')
      .addColumn('id', 'integer', column => column.primaryKey())
      .addColumn('at', 'integer', column => column.notNull())
      .addColumn('what', 'text', column => column.notNull())
      // null: the clock, which is of no source
      .addColumn('source', 'integer')
      .addColumn('project', 'text')
      .addColumn('filename', 'text')
      .addColumn('reason', 'text', column => column.notNull())
      // null: whoever works in this folder has not taken notice yet
      .addColumn('noticed', 'integer')
      .modifyEnd(sql`strict`)
      .execute()
    for (const statement of COPIES) await sql.raw(statement).execute(database)
    await schema.createIndex('files_sha256').on('files').column('sha256').execute()
  },
}

const COLUMNS = [
  // another sha256 that the page gives now, and since when
  ['files', 'other', 'blob', undefined],
  ['files', 'other_since', 'integer', undefined],
  // when the serial was read first; whether it was read again
  ['serials', 'since', 'integer', 0],
  ['serials', 'confirmed', 'integer', 1],
  ['serials', 'before', 'integer', undefined],
  // one that waits for a second sight, and since when
  ['serials', 'doubt', 'integer', undefined],
  ['serials', 'doubt_since', 'integer', undefined],
] as const

const COPIES = [
  'update serials set doubt = serial, doubt_since = 0, serial = 0, confirmed = 0 where serial > 100000000',
  `insert into settled (source, project, filename, sha256, at)
   select source, project, filename, sha256, first_seen from files
   where sha256 is not null and (
     lower(hex(sha256)) in (select sha256 from blobs)
     or lower(hex(sha256)) in (
       select word from words where id in (
         select sha256 from journal where outcome = (select id from words where word = 'admitted'))))`,
]
