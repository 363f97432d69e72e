import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What a mirror holds, by the source that it is of; and what was asked in vain, by the index. Rows from before do not know. */
export const heldSources: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    for (const column of DIGESTS) await schema.dropIndex(`held_${column}`).execute()
    for (const table of ['held', 'misses']) await schema.alterTable(table).renameTo(`${table}_before`).execute()
    await schema
      .createTable('held')
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('filename', 'text', column => column.notNull())
      // '': nobody wrote down of which
      .addColumn('source_name', 'text', column => column.notNull())
      .addColumn('sha256', 'text', column => column.notNull())
      .addColumn('core_metadata', 'text')
      .addColumn('provenance', 'text')
      .addColumn('entry', 'text', column => column.notNull())
      .addPrimaryKeyConstraint('held_key', ['project', 'filename', 'source_name'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    for (const column of DIGESTS) await schema.createIndex(`held_${column}`).on('held').column(column).execute()
    await schema
      .createTable('misses')
      .addColumn('index_name', 'text', column => column.notNull())
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('filename', 'text', column => column.notNull())
      .addColumn('times', 'integer', column => column.notNull())
      .addColumn('last', 'integer', column => column.notNull())
      .addPrimaryKeyConstraint('misses_key', ['index_name', 'project', 'filename'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    for (const copy of COPIES) await sql.raw(copy).execute(database)
    for (const table of ['held', 'misses']) await schema.dropTable(`${table}_before`).execute()
  },
}

const DIGESTS = ['sha256', 'core_metadata', 'provenance'] as const

const COPIES = [
  `insert into held (project, filename, source_name, sha256, core_metadata, provenance, entry)
   select project, filename, '', sha256, core_metadata, provenance, entry from held_before`,
  `insert into misses (index_name, project, filename, times, last)
   select '', project, filename, times, last from misses_before`,
]
