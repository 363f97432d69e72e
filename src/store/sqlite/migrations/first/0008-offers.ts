import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Since when provenance is offered for a file, while that has not lasted. What was offered before counts as it did. */
export const offers: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('files').addColumn('offering', 'integer').execute()
  },
}
