import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who is signed in to the console, by the hash of what his browser keeps; and links that sign in once. */
export const sessions: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable('sessions')
      .addColumn('hash', 'blob', column => column.primaryKey())
      .addColumn('person', 'text', column => column.notNull())
      .addColumn('began', 'integer', column => column.notNull())
      .addColumn('used', 'integer', column => column.notNull())
      .addColumn('ends', 'integer', column => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await schema
      .createTable('sign_in_links')
      .addColumn('hash', 'blob', column => column.primaryKey())
      .addColumn('person', 'text', column => column.notNull())
      .addColumn('ends', 'integer', column => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
  },
}
