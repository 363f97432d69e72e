import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const begin: Migration = {
  async up(database: Kysely<unknown>) {
    await createMemory(database)
    await createJournal(database)
    await sql.raw(JOURNAL_VIEW).execute(database)
    await createRefusalsAndBlobs(database)
  },
}

async function createMemory({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('facts')
    .addColumn('name', 'text', column => column.primaryKey().notNull())
    .addColumn('value', 'integer', column => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await schema
    .createTable('findings')
    .addColumn('sha256', 'blob', column => column.notNull())
    .addColumn('filename', 'text', column => column.notNull())
    .addColumn('trust', 'text', column => column.notNull())
    .addColumn('finding', 'text', column => column.notNull())
    .addColumn('found', 'integer', column => column.notNull())
    // sha256 over the row: a row that was edited, damaged or moved to another file is absent
    .addColumn('seal', 'blob', column => column.notNull())
    .addPrimaryKeyConstraint('findings_key', ['sha256', 'filename', 'trust'])
    .modifyEnd(sql`strict`)
    .execute()
  await schema
    .createTable('files')
    .addColumn('project', 'text', column => column.notNull())
    .addColumn('filename', 'text', column => column.notNull())
    .addColumn('sha256', 'blob')
    .addColumn('place', 'blob', column => column.notNull())
    .addColumn('first_seen', 'integer', column => column.notNull())
    .addPrimaryKeyConstraint('files_key', ['project', 'filename'])
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await schema.createIndex('files_place').on('files').column('place').execute()
  await schema
    .createTable('serials')
    .addColumn('project', 'text', column => column.primaryKey().notNull())
    .addColumn('serial', 'integer', column => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute()
}

async function createJournal({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('words')
    .addColumn('id', 'integer', column => column.primaryKey())
    .addColumn('word', 'text', column => column.notNull().unique())
    .modifyEnd(sql`strict`)
    .execute()
  await schema
    .createTable('journal')
    .addColumn('id', 'integer', column => column.primaryKey())
    .addColumn('at', 'integer', column => column.notNull())
    .addColumn('filename', 'integer', column => column.notNull())
    .addColumn('project', 'integer', column => column.notNull())
    .addColumn('sha256', 'integer')
    .addColumn('outcome', 'integer', column => column.notNull())
    .addColumn('code', 'integer', column => column.notNull())
    .addColumn('rule', 'integer')
    .addColumn('identity', 'integer')
    .addColumn('policy_digest', 'integer', column => column.notNull())
    .addColumn('trust_digest', 'integer')
    .addColumn('client', 'integer', column => column.notNull())
    .addColumn('count', 'integer', column => column.notNull())
    .modifyEnd(sql`strict`)
    .execute()
  await schema.createIndex('journal_at').on('journal').column('at').execute()
}

async function createRefusalsAndBlobs({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('refusals')
    .addColumn('id', 'text', column => column.primaryKey().notNull())
    .addColumn('refused', 'text', column => column.notNull())
    .addColumn('at', 'integer', column => column.notNull())
    .modifyEnd(sql`strict`)
    .execute()
  await schema.createIndex('refusals_at').on('refusals').column('at').execute()
  await schema
    .createTable('blobs')
    .addColumn('sha256', 'text', column => column.primaryKey().notNull())
    // device, inode, size, mtime and ctime as they were when the blob was hashed last; '' = never
    .addColumn('stat', 'text', column => column.notNull())
    .addColumn('size', 'integer', column => column.notNull())
    .addColumn('used', 'integer', column => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await schema.createIndex('blobs_used').on('blobs').columns(['used', 'size']).execute()
}

/** The journal with its words put back, for reports and for people with a SQLite shell. */
const JOURNAL_VIEW = `
create view journal_entries as
select journal.id, journal.at, filename.word as filename, project.word as project, sha256.word as sha256,
  outcome.word as outcome, code.word as code, rule.word as rule, identity.word as identity,
  policy_digest.word as policy_digest, trust_digest.word as trust_digest, client.word as client, journal.count
from journal
join words as filename on filename.id = journal.filename
join words as project on project.id = journal.project
left join words as sha256 on sha256.id = journal.sha256
join words as outcome on outcome.id = journal.outcome
join words as code on code.id = journal.code
left join words as rule on rule.id = journal.rule
left join words as identity on identity.id = journal.identity
join words as policy_digest on policy_digest.id = journal.policy_digest
left join words as trust_digest on trust_digest.id = journal.trust_digest
join words as client on client.id = journal.client`
