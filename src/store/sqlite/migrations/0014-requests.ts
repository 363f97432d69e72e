import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Requests, what was decided about each last, and how often anything was decided. */
export const requests: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    await schema
      .createTable('requests')
      .addColumn('sequence', 'integer', column => column.primaryKey().autoIncrement())
      .addColumn('id', 'text', column => column.notNull().unique())
      .addColumn('refusal', 'text', column => column.notNull())
      .addColumn('kind', 'text', column => column.notNull())
      .addColumn('index_name', 'text', column => column.notNull())
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('version', 'text')
      .addColumn('filename', 'text', column => column.notNull())
      .addColumn('sha256', 'text')
      .addColumn('code', 'text', column => column.notNull())
      .addColumn('reason', 'text', column => column.notNull())
      .addColumn('subject', 'text', column => column.notNull())
      .addColumn('email', 'text')
      .addColumn('address', 'text', column => column.notNull())
      .addColumn('at', 'integer', column => column.notNull())
      .addColumn('state', 'text', column => column.notNull())
      // what was decided last, as JSON
      .addColumn('decision', 'text')
      // of what was approved
      .addColumn('ends', 'integer')
      .modifyEnd(sql`strict`)
      .execute()
    await schema.createIndex('requests_refusal').on('requests').column('refusal').execute()
    await schema.createIndex('requests_state').on('requests').columns(['state', 'ends']).execute()
    await schema.createIndex('requests_project').on('requests').column('project').execute()
  },
}
