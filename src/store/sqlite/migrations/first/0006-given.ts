import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Which sources were given what was nobody's of a project: see `domain/memory/unclaimed.ts`. */
export const given: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable('given')
      .addColumn('project', 'text', column => column.notNull())
      .addColumn('source', 'integer', column => column.notNull())
      .addPrimaryKeyConstraint('given_key', ['project', 'source'])
      .modifyEnd(sql`strict, without rowid`)
      .execute()
  },
}
