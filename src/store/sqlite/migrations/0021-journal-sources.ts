import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Of several sources the one that the project of a verdict was of; rows from before say nothing. */
export const journalSources: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    await schema.alterTable('journal').addColumn('source_name', 'integer').execute()
    await schema.dropView('journal_entries').execute()
    await sql.raw(JOURNAL_VIEW).execute(database)
  },
}

/** The journal with its words put back, for reports and for people with a SQLite shell. */
const JOURNAL_VIEW = `
create view journal_entries as
select journal.id, journal.at, filename.word as filename, project.word as project, sha256.word as sha256,
  outcome.word as outcome, code.word as code, rule.word as rule, identity.word as identity,
  policy_digest.word as policy_digest, trust_digest.word as trust_digest, client.word as client, journal.count,
  subject.word as subject, index_name.word as index_name, source_name.word as source_name
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
join words as client on client.id = journal.client
left join words as subject on subject.id = journal.subject
left join words as index_name on index_name.id = journal.index_name
left join words as source_name on source_name.id = journal.source_name`
