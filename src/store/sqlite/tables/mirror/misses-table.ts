import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../../domain/base/instant.ts'
import type { ProjectName } from '../../../../domain/packaging/name.ts'
import type { Misses } from '../../../../ports/mirror.ts'
import type { Miss } from '../../../../ports/records.ts'
import type { WriteBehind } from '../../write-behind.ts'

/** Anybody may ask for anything: of more rows than this, those that were asked for least go. */
const MOST = 10_000
const GO_AT_ONCE = 1_000

interface PendingMiss {
  readonly index: string
  readonly project: ProjectName
  readonly filename: string
  readonly times: number
  readonly last: Instant
}

export function createMissesTable(database: Database.Database, writes: WriteBehind): Misses {
  const count = database.prepare<[], number>('select count(*) from misses').pluck()
  const upsert = database.prepare<[string, string, string, number, number]>(
    `insert into misses (index_name, project, filename, times, last) values (?, ?, ?, ?, ?)
     on conflict do update set times = times + excluded.times, last = max(last, excluded.last)`,
  )
  const known = database.prepare<[string, string, string], number>(
    'select 1 from misses where index_name = ? and project = ? and filename = ?',
  )
  const forget = database.prepare<[number]>(
    'delete from misses where (index_name, project, filename) in (select index_name, project, filename from misses order by times, last limit ?)',
  )
  const pending = new Map<string, PendingMiss>()
  let rows = count.get() ?? 0 // what is carried in takes some away, in a process of its own

  writes.add({
    size: () => pending.size,
    write(limit) {
      const written = [...pending.entries().take(limit)]
      for (const [, { index, project, filename, times, last }] of written) {
        const fresh = known.get(index, project, filename) === undefined
        if (fresh && rows >= MOST) rows -= forget.run(GO_AT_ONCE).changes
        if (fresh) rows += 1
        upsert.run(index, project, filename, times, last)
      }
      return () => {
        for (const [key] of written) pending.delete(key)
      }
    },
  })

  return {
    note(project, filename = '', at, index = '') {
      const key = `${index} ${project} ${filename}`
      const before = pending.get(key)
      if (before === undefined && pending.size >= MOST) return
      pending.set(key, { index, project, filename, times: 1 + (before?.times ?? 0), last: at })
      writes.due()
    },
  }
}

interface MissRow {
  /** absent in the table of an older version */
  readonly index_name?: string
  readonly project: ProjectName
  readonly filename: string
  readonly times: number
  readonly last: number
}

/** What is written down, by project and file name. */
export function readMisses(database: Database.Database): readonly Miss[] {
  const rows = database.prepare<[], MissRow>('select * from misses order by project, filename').all()
  return rows.map(({ index_name: index = '', project, filename, times, last }) => ({
    ...(index === '' ? {} : { index }),
    project,
    filename: filename === '' ? undefined : filename,
    times,
    last: instant(last),
  }))
}
