import type Database from 'better-sqlite3'
import { Kysely, SqliteDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { MigrationName } from './schema.ts'

/**
 * Forward only, oldest first; a migration that was released is never edited.
 *
 * Digests and the hexadecimal part of a path are blobs of 32 bytes. Times are milliseconds since 1970. Words that come
 * back in every row of the journal (file names, rules, identities, digests, clients) are written once and numbered.
 */
const MIGRATIONS: Readonly<Record<MigrationName, Migration>> = {
  '0001-begin': {
    async up(database: Kysely<unknown>) {
      const { schema } = database
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
      await sql.raw(JOURNAL_VIEW).execute(database)
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
    },
  },
  '0002-history': {
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
  },
  '0003-mirror': {
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
  },
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

/** Applies what is missing, all or nothing: a process that is killed here must not leave half a schema. */
export async function applyMigrations(database: Database.Database): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  database.exec('begin immediate')
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error instanceof Error ? error : new Error('a migration failed', { cause: error })
  database.exec('commit')
  // not destroyed: the connection stays with its owner, who closes it when this fails
}
