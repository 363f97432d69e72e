import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * The first and the last reading of a page that told all files, and the last of several readings that missed a file. What may have
 * been one odd page that left it out, and a file that was there ever since the page was read first, were missed by none. What
 * counts beside a source's own word, because nobody knows whose it is, tells how long the page was read.
 */
export const wholeReadings: Migration = {
  async up(database: Kysely<unknown>) {
    for (const [table, column] of COLUMNS)
      await database.schema.alterTable(table).addColumn(column, 'integer').execute()
    for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
  },
}

const COLUMNS = [
  ['pages', 'whole_first'],
  ['pages', 'whole_last'],
  ['files', 'missed'],
] as const

const STATEMENTS = [
  `create temporary table first_readings as
   select source, project, min(at) as at from (
     select source, project, min(first_seen) as at from files group by source, project
     union all select source, project, status_since from pages
   ) group by source, project`,
  `update pages set whole_first = first_readings.at, whole_last = last_read from first_readings
   where first_readings.source = pages.source and first_readings.project = pages.project`,
  `update first_readings set at = min(first_readings.at, nobodys.at) from first_readings as nobodys, sources
   where sources.source is null and nobodys.source = sources.id and nobodys.project = first_readings.project`,
  `update files set missed = absent from first_readings
   where first_readings.source = files.source and first_readings.project = files.project
     and min(files.absent, files.first_seen) - first_readings.at >= 600000`,
  'drop table first_readings',
]
