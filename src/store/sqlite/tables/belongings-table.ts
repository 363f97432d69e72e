import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Instant } from '../../../domain/base/instant.ts'
import type { SourceName } from '../../../domain/base/source-name.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Belongings } from '../../../ports/belongings.ts'
import type { WriteBehind } from '../write-behind.ts'

/** How long a row that was read counts before it is read again: a command may have changed it. Milliseconds. */
const LASTS = 1_000
/** names at hand, some hundred bytes each */
const AT_HAND = 20_000

/** In the place of a project, which it cannot be: the row that says that what was known before was taken over, and what the index is called. */
const BEGUN = ''

/** What an index knows of whom names belong to; written with what was learned of the name, and at hand until then. */
export function createBelongingsTable(database: Database.Database, writes: WriteBehind, index: string): Belongings {
  const select = database
    .prepare<[string, string], SourceName>('select source_name from belongings where index_name = ? and project = ?')
    .pluck()
  const insert = database.prepare<[string, string, string, number]>(
    'insert into belongings (index_name, project, source_name, since) values (?, ?, ?, ?) on conflict do nothing',
  )
  const atHand = new LRUCache<ProjectName, SourceName>({ max: AT_HAND, ttl: LASTS })
  const waiting = new Map<ProjectName, { readonly source: SourceName; readonly at: Instant }>()

  writes.add({
    size: () => waiting.size,
    write(limit) {
      const rows = [...waiting.entries().take(limit)]
      for (const [project, { source, at }] of rows) insert.run(index, project, source, at)
      return () => {
        for (const [project] of rows) waiting.delete(project)
      }
    },
  })

  function read(project: ProjectName): SourceName | undefined {
    const source = writes.ask('whom a name belongs to could not be read', () => select.get(index, project))
    if (source !== undefined) atHand.set(project, source)
    return source
  }

  function of(project: ProjectName): SourceName | undefined {
    return atHand.get(project) ?? read(project) ?? waiting.get(project)?.source
  }

  function hasBegun(): boolean {
    return writes.ask('whom names belong to could not be read', () => select.get(index, BEGUN)) !== undefined
  }

  return {
    of,
    remember(project, source, at) {
      const before = of(project)
      if (before !== undefined) return before
      writes.assertWriting()
      waiting.set(project, { source, at })
      writes.due()
      return source
    },
    hasBegun,
    takeOver(name, places) {
      writes.now('whom names belong to could not be written down', () => takeOver(database, { index, name, places }))
      atHand.clear()
    },
    begin(known, at, name = '') {
      if (hasBegun()) return
      const all = database.transaction(() => {
        for (const [project, source] of known) insert.run(index, project, source, at)
        insert.run(index, BEGUN, name, at)
      })
      writes.now('whom names belong to could not be written down', () => all.immediate())
    },
  }
}

interface Taking {
  readonly index: string
  readonly name: string
  /** of every index that is configured */
  readonly places: readonly string[]
}

/** The rows of an index that was at another place, or that was written down by its name; what this one has stays. */
function takeOver(database: Database.Database, { index, name, places }: Taking): void {
  const begun = database
    .prepare<[string, string], string>('select index_name from belongings where project = ? and source_name = ?')
    .pluck()
  const has = database.prepare<[string], number>('select 1 from belongings where index_name = ? limit 1').pluck()
  const rename = database.prepare<[string, string]>(
    'update or ignore belongings set index_name = ? where index_name = ?',
  )
  const leave = database.prepare<[string]>('delete from belongings where index_name = ?')
  const call = database.prepare<[string, string, string]>(
    'update belongings set source_name = ? where index_name = ? and project = ?',
  )
  const own = database
    .prepare<[string, string], string>('select source_name from belongings where index_name = ? and project = ?')
    .pluck()
  const all = database.transaction(() => {
    if (own.get(index, BEGUN) === undefined) {
      const moved = begun.all(BEGUN, name).find(place => place.startsWith('/') && !places.includes(place))
      const from = has.get(name) === undefined ? moved : name
      if (from === undefined) return
      rename.run(index, from)
      leave.run(from)
    }
    if (own.get(index, BEGUN) !== name) call.run(name, index, BEGUN)
  })
  all.immediate()
}

/** Whom names belong to, changed by a person's word, in the transaction of whoever calls. */
export function prepareDecided(database: Database.Database): {
  /** What was known before, with the index that knew it. */
  readonly of: (project: ProjectName) => readonly { readonly index: string; readonly source: SourceName }[]
  /** Whether the index has taken over what was known before it had several sources. */
  readonly hasBegun: (index: string) => boolean
  readonly decide: (index: string, project: ProjectName, source: SourceName, at: number) => void
} {
  const select = database.prepare<[string], { index: string; source: SourceName }>(
    'select index_name as "index", source_name as source from belongings where project = ? order by index_name',
  )
  const upsert = database.prepare<[string, string, string, number]>(
    `insert into belongings (index_name, project, source_name, since) values (?, ?, ?, ?)
     on conflict do update set source_name = excluded.source_name, since = excluded.since`,
  )
  return {
    of: project => select.all(project),
    hasBegun: index => select.all(BEGUN).some(row => row.index === index),
    decide: (index, project, source, at) => void upsert.run(index, project, source, at),
  }
}
