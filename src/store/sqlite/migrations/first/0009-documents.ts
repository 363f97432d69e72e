import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Small documents, such as provenance and METADATA, by their content. Each has its row in `blobs` too, with the word `database` for
 * a stat record. Those that were stored as files stay files.
 */
export const documents: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable('documents')
      .addColumn('sha256', 'blob', column => column.primaryKey().notNull())
      .addColumn('content', 'blob', column => column.notNull())
      .modifyEnd(sql`strict`)
      .execute()
  },
}
