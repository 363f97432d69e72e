import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const history: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    // SQLite takes one column at a time; what was seen before has none of these until its page is read again
    const columns = [
      ['version', 'text'],
      ['uploaded', 'integer'],
      // when provenance was offered first
      ['offered', 'integer'],
      // the last reading of the page without the file
      ['absent', 'integer'],
      // the last reading with it, once it is gone
      ['gone', 'integer'],
      // when it was first read as yanked
      ['yanked', 'integer'],
    ] as const
    for (const [name, type] of columns) await schema.alterTable('files').addColumn(name, type).execute()
    await schema
      .createTable('pages')
      .addColumn('project', 'text', column => column.primaryKey().notNull())
      .addColumn('last_read', 'integer', column => column.notNull())
      .addColumn('status', 'text', column => column.notNull())
      .addColumn('status_since', 'integer', column => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await schema
      .createTable('signers')
      .addColumn('id', 'integer', column => column.primaryKey())
      .addColumn('key', 'text', column => column.notNull().unique())
      .addColumn('root', 'text', column => column.notNull())
      .addColumn('claims', 'text', column => column.notNull())
      .modifyEnd(sql`strict`)
      .execute()
    await schema
      .createTable('proofs')
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('filename', 'text', column => column.notNull())
      .addColumn('version', 'text', column => column.notNull())
      .addColumn('signer', 'integer', column => column.notNull())
      .addColumn('at', 'integer', column => column.notNull())
      .addColumn('signed_at', 'integer', column => column.notNull())
      .addPrimaryKeyConstraint('proofs_key', ['project', 'filename'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
  },
}
