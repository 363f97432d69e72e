import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const mirror: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    await schema
      .createTable('held')
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('filename', 'text', column => column.notNull())
      // digests in hexadecimal, as `blobs` has them
      .addColumn('sha256', 'text', column => column.notNull())
      .addColumn('core_metadata', 'text')
      .addColumn('provenance', 'text')
      // the file as a manifest writes it
      .addColumn('entry', 'text', column => column.notNull())
      .addPrimaryKeyConstraint('held_key', ['project', 'filename'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    for (const column of ['sha256', 'core_metadata', 'provenance'])
      await schema.createIndex(`held_${column}`).on('held').column(column).execute()
    await schema
      .createTable('misses')
      .addColumn('project', 'text', column => column.notNull())
      // '': the project's page
      .addColumn('filename', 'text', column => column.notNull())
      .addColumn('times', 'integer', column => column.notNull())
      .addColumn('last', 'integer', column => column.notNull())
      .addPrimaryKeyConstraint('misses_key', ['project', 'filename'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await schema
      .createTable('passages')
      // sha256 of the public key that signed an import; '': an export
      .addColumn('signer', 'text', column => column.notNull())
      .addColumn('sequence', 'integer', column => column.notNull())
      .addColumn('manifest', 'text', column => column.notNull())
      .addColumn('at', 'integer')
      .addPrimaryKeyConstraint('passages_key', ['signer', 'sequence'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
  },
}
