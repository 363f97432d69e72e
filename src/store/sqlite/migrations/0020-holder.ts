import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Whom a token was given out for; null: nobody said so. */
export const holder: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('tokens').addColumn('holder', 'text').execute()
  },
}
