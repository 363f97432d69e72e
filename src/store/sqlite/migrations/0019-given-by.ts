import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who stands behind a token, and behind whoever asked, as JSON; null: nobody wrote that down. */
export const givenBy: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('tokens').addColumn('given_by', 'text').execute()
    await database.schema.alterTable('requests').addColumn('also', 'text').execute()
  },
}
