import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** At which of its sources an index found a name first, and since when it is that source's. Both by what the configuration calls them. */
export const belongings: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable('belongings')
      .addColumn('index_name', 'text', column => column.notNull())
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('source_name', 'text', column => column.notNull())
      .addColumn('since', 'integer', column => column.notNull())
      .addPrimaryKeyConstraint('belongings_key', ['index_name', 'project'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
  },
}
