import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import { LET_GO, type LetGo } from '../../../domain/memory/letting-go.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { SourceId } from './sources-table.ts'

/** Something that somebody let go of, and whom it is of: `undefined` where it is the clock. */
export interface ForgottenRow {
  readonly id: number
  readonly at: Instant
  readonly what: LetGo
  readonly of: { readonly source: SourceId; readonly project: ProjectName } | undefined
  /** `undefined`: all files */
  readonly filename: string | undefined
  readonly reason: string
}

interface ForgottenTable {
  /** What nobody has taken notice of yet, oldest first. */
  unnoticed(): readonly ForgottenRow[]
  noticed(id: number, at: Instant): void
  isNoticed(id: number): boolean
  /** Within the transaction that is open; answers with its number. */
  write(row: Omit<ForgottenRow, 'id'>): number
}

interface Row {
  readonly id: number
  readonly at: number
  readonly what: string
  readonly source: SourceId | null
  readonly project: ProjectName | null
  readonly filename: string | null
  readonly reason: string
}

/** Append-only: what was let go of, and why, for good. */
export function prepareForgotten(database: Database.Database): ForgottenTable {
  const select = database.prepare<[], Row>('select * from forgotten where noticed is null order by id')
  const notice = database.prepare<[number, number]>('update forgotten set noticed = ? where id = ?')
  const selectNoticed = database
    .prepare<[number], number>('select 1 from forgotten where id = ? and noticed is not null')
    .pluck()
  const insert = database.prepare<(string | number | null)[]>(
    'insert into forgotten (at, what, source, project, filename, reason) values (?, ?, ?, ?, ?, ?)',
  )
  return {
    unnoticed: () => select.all().flatMap(row => readRow(row) ?? []),
    noticed: (id, at) => void notice.run(at, id),
    isNoticed: id => selectNoticed.get(id) !== undefined,
    write({ at, what, of, filename, reason }) {
      const { lastInsertRowid } = insert.run(
        at,
        what,
        of?.source ?? null,
        of?.project ?? null,
        filename ?? null,
        reason,
      )
      return Number(lastInsertRowid)
    },
  }
}

function readRow({ id, at, what: word, source, project, filename, reason }: Row): ForgottenRow | undefined {
  const what = LET_GO.find(known => known === word)
  if (what === undefined) return undefined
  const of = source === null || project === null ? undefined : { source, project }
  return { id, at: instant(at), what, of, filename: filename ?? undefined, reason }
}
