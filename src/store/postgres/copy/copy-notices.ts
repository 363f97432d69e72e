import type Database from 'better-sqlite3'
import type { Connection } from '../connection.ts'
import { jsonText } from '../json-text.ts'

const WHAT = 'what webhooks were not told yet could not be brought into the database'
const PIECE = 500

interface Row {
  readonly number: number
  readonly dead: number
}

const COLUMNS = [
  'id',
  'hook',
  'host',
  'type',
  'subject',
  'title',
  'content_type',
  'body',
  'rank',
  'queued',
  'due',
  'attempts',
  'dead',
  'why',
]

/**
 * What waits, what is dead, and what was told. A delivery that arrived is gone from there, so what was brought once is not brought again: the
 * database knows up to which number that is, of the gate that is called `gate`.
 */
export async function copyNotices(database: Database.Database, connection: Connection, gate: string): Promise<void> {
  const select = database.prepare<[number, number], Row>(
    `select number, ${COLUMNS.join(', ')} from notice_deliveries where number > ? order by number limit ?`,
  )
  const mark = `notices of ${gate}`
  for (let isMore = true; isMore; )
    isMore = await connection.transaction(WHAT, async ask => {
      await ask('insert into facts (name, value) values ($1, 0) on conflict do nothing', [mark])
      const [done] = await ask<{ value: number }>('select value from facts where name = $1 for update', [mark])
      const rows = select.all(done?.value ?? 0, PIECE)
      const last = rows.at(-1)
      if (last === undefined) return false
      await ask(
        `insert into notice_deliveries (${COLUMNS.join(', ')})
         select ${COLUMNS.map(column => `r.${column}`).join(', ')}
         from json_populate_recordset(null::notice_deliveries, $1::json) r order by r.number on conflict do nothing`,
        [jsonText(rows.map(row => ({ ...row, dead: row.dead !== 0 })))],
      )
      await ask('update facts set value = $2 where name = $1', [mark, last.number])
      return true
    })
  const stories = database.prepare('select story, until from notice_stories').all()
  for (let from = 0; from < stories.length; from += PIECE)
    await connection.ask(
      WHAT,
      `insert into notice_stories as told (story, until)
       select r.story, r.until from json_populate_recordset(null::notice_stories, $1::json) r
       on conflict (story) do update set until = greatest(told.until, excluded.until)`,
      [jsonText(stories.slice(from, from + PIECE))],
    )
}
