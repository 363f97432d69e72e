import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What is told by webhooks: stories within their window, deliveries that wait or are dead, and hooks whose receivers are gone. */
export const notices: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable('notice_stories')
      .addColumn('story', 'text', column => column.primaryKey())
      .addColumn('until', 'integer', column => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await schema.createIndex('notice_stories_until').on('notice_stories').column('until').execute()
    await schema
      .createTable('notice_deliveries')
      // the order in which they came, never given twice: whoever copies them knows by it how far that is
      .addColumn('number', 'integer', column => column.primaryKey().autoIncrement())
      .addColumn('id', 'text', column => column.notNull().unique())
      .addColumn('hook', 'text', column => column.notNull())
      .addColumn('host', 'text', column => column.notNull())
      .addColumn('type', 'text', column => column.notNull())
      .addColumn('subject', 'text', column => column.notNull())
      .addColumn('title', 'text', column => column.notNull())
      .addColumn('content_type', 'text', column => column.notNull())
      .addColumn('body', 'text', column => column.notNull())
      .addColumn('rank', 'integer', column => column.notNull())
      .addColumn('queued', 'integer', column => column.notNull())
      // when it is tried next, or, while somebody tries it, when it is anybody's again
      .addColumn('due', 'integer', column => column.notNull())
      .addColumn('leased', 'integer', column => column.notNull().defaultTo(0))
      .addColumn('attempts', 'integer', column => column.notNull().defaultTo(0))
      .addColumn('dead', 'integer', column => column.notNull().defaultTo(0))
      .addColumn('why', 'text')
      .modifyEnd(sql`strict`)
      .execute()
    await schema
      .createIndex('notice_deliveries_due')
      .on('notice_deliveries')
      .columns(['dead', 'hook', 'rank', 'due'])
      .execute()
    await schema
      .createIndex('notice_deliveries_host')
      .on('notice_deliveries')
      .columns(['host', 'dead', 'queued'])
      .execute()
    await schema
      .createTable('notice_stops')
      .addColumn('hook', 'text', column => column.primaryKey())
      .addColumn('at', 'integer', column => column.notNull())
      .addColumn('why', 'text', column => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
  },
}
