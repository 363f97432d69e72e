import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What a token may ask of the console's API, as JSON; null: what any token may. */
export const tokenScopes: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('tokens').addColumn('scopes', 'text').execute()
  },
}
