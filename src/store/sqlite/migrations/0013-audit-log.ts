import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What people did, row chained to row. How many were written stands among the facts, as `audited`. */
export const auditLog: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema
      .createTable('audit_log')
      .addColumn('sequence', 'integer', column => column.primaryKey())
      .addColumn('previous', 'text', column => column.notNull())
      .addColumn('at', 'integer', column => column.notNull())
      .addColumn('action', 'text', column => column.notNull())
      .addColumn('actor', 'text', column => column.notNull())
      .addColumn('origin', 'text', column => column.notNull())
      .addColumn('target', 'text', column => column.notNull())
      .addColumn('why', 'text')
      .addColumn('detail', 'text', column => column.notNull())
      .addColumn('hash', 'text', column => column.notNull())
      .modifyEnd(sql`strict`)
      .execute()
    for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
  },
}

/** Against accident; whoever means it drops them, and the chain tells. `insert or replace` deletes without asking a trigger of deletes. */
const STATEMENTS = [
  'create index audit_log_action on audit_log (action, sequence)',
  'create index audit_log_actor on audit_log (actor, sequence)',
  'create index audit_log_at on audit_log (at, sequence)',
  ...['update', 'delete'].map(
    change => `create trigger audit_log_no_${change} before ${change} on audit_log
begin select raise(abort, 'the audit log is only added to'); end`,
  ),
  `create trigger audit_log_no_replace before insert on audit_log
when exists (select 1 from audit_log where sequence = new.sequence)
begin select raise(abort, 'the audit log is only added to'); end`,
]
