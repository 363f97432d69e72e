import { setImmediate } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import type { AuditEntry, AuditFilter, AuditRecords, AuditRow } from '../../../../ports/console/audit-log.ts'
import { ChainCheck, COLUMNS, chained, NOTHING, rowOf, type StoredRow } from '../../../audit/chain.ts'

/** The fact that says how many rows were written. */
const WRITTEN = 'audited'
/** Rows that are looked at before others have a turn. */
const PIECE = 1_000
const WINDOW = 5_000
/** Rows of a time that are looked for by themselves. */
const FEW = 20_000

/**
 * Adds a row behind the last, within the transaction that is open, which has to be one that writes (`begin immediate`): another
 * process could have the same place else.
 */
export function appendAudit(database: Database.Database, entry: AuditEntry): AuditRow {
  if (!database.inTransaction) throw new TypeError('a row is added within a transaction')
  const last = database
    .prepare<[], Pick<StoredRow, 'sequence' | 'hash'>>(
      'select sequence, hash from audit_log order by sequence desc limit 1',
    )
    .get()
  const { sequence, hash } = last ?? NOTHING
  // where the last rows were taken away, the gap stays
  const row = chained(entry, Math.max(sequence, writtenIn(database) ?? 0) + 1, hash)
  database
    .prepare(`insert into audit_log (${COLUMNS.join()}) values (${COLUMNS.map(column => `@${column}`).join()})`)
    .run(row)
  database.prepare('insert or replace into facts (name, value) values (?, ?)').run(WRITTEN, row.sequence)
  return rowOf(row)
}

function writtenIn(database: Database.Database): number | undefined {
  return database.prepare<[string], number>('select value from facts where name = ?').pluck().get(WRITTEN)
}

/** `ask` turns what SQLite throws into `unknown-store`. Statements are prepared when something is asked. */
export function createAuditRecords(
  database: Database.Database,
  ask: <Result>(query: () => Result) => Result,
): AuditRecords {
  /** In one statement: somebody may be adding to it. */
  function ends(): { readonly last: number; readonly written: number | null } {
    const row = database
      .prepare<[string], { readonly last: number; readonly written: number | null }>(
        `select coalesce((select max(sequence) from audit_log), 0) as last,
           (select value from facts where name = ?) as written`,
      )
      .get(WRITTEN)
    return row ?? { last: 0, written: null }
  }

  /** Between which rows those of a time lie, where they are few: clocks of several gates differ, so they need not stand together. */
  function rangeOf({ since, until }: AuditFilter): { readonly first: number; readonly next: number } {
    const all = { first: 1, next: ends().last + 1 }
    if (since === undefined && until === undefined) return all
    const its = database
      .prepare<number[], { readonly first: number | null; readonly last: number | null; readonly rows: number }>(
        `select min(sequence) as first, max(sequence) as last, count(*) as rows
         from (select sequence from audit_log where at >= ? and at < ? limit ?)`,
      )
      .get(since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER, FEW)
    if (its === undefined || its.rows === FEW) return all
    return { first: its.first ?? 1, next: (its.last ?? 0) + 1 }
  }

  /** Every row up to `last`, oldest first, in pieces. */
  async function* upTo(last: number): AsyncGenerator<readonly StoredRow[]> {
    const select = ask(() =>
      database.prepare<[number, number, number], StoredRow>(
        `select ${COLUMNS.join()} from audit_log where sequence > ? and sequence <= ? order by sequence limit ?`,
      ),
    )
    const selectBytes = ask(() =>
      database.prepare<[number], BytesRow>(`select ${BYTES} from audit_log where sequence = ?`),
    )
    /** A text that is no UTF-8 comes back with a sign that could have been written, too. */
    function exact(row: StoredRow): StoredRow {
      const isDoubtful = TEXTS.some(column => row[column]?.includes('\ufffd') === true)
      const bytes = isDoubtful ? ask(() => selectBytes.get(row.sequence)) : undefined
      return bytes === undefined ? row : decoded(bytes)
    }
    let after = Number.MIN_SAFE_INTEGER
    for (;;) {
      const rows = ask(() => select.all(after, last, PIECE))
      yield rows.map(exact)
      if (rows.length < PIECE) return
      after = rows.at(-1)?.sequence ?? last
      await setImmediate()
    }
  }

  return {
    async rows(filter, { before, limit }) {
      const { where, values } = conditionsOf(filter)
      const select = ask(() =>
        database.prepare<(string | number)[], StoredRow>(
          `select ${COLUMNS.join()} from audit_log where sequence >= ? and sequence < ?${where}
           order by sequence desc limit ?`,
        ),
      )
      const found: AuditRow[] = []
      const { first, next } = ask(() => rangeOf(filter))
      let end = Math.min(before ?? next, next)
      while (end > first) {
        const begin = Math.max(first, end - WINDOW)
        const rows = ask(() => select.all(begin, end, ...values, limit - found.length))
        found.push(...rows.map(rowOf))
        if (found.length >= limit) break
        end = begin
        await setImmediate()
      }
      return found
    },
    async *all() {
      for await (const rows of upTo(ask(ends).last)) yield* rows.map(rowOf)
    },
    async verify(place) {
      const { last, written } = ask(ends)
      const check = new ChainCheck({ written: written ?? undefined, place })
      for await (const rows of upTo(last)) if (!rows.every(row => check.take(row))) break
      return check.verdict()
    },
  }
}

function conditionsOf(filter: AuditFilter): { readonly where: string; readonly values: readonly (string | number)[] } {
  const { action, actor, text, since, until } = filter
  const part = text === undefined ? undefined : `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const conditions: readonly (readonly [string, readonly (string | number | undefined)[]])[] = [
    ['action = ?', [action]],
    ['actor = ?', [actor]],
    [String.raw`(target like ? escape '\' or why like ? escape '\' or actor like ? escape '\')`, [part, part, part]],
    ['at >= ?', [since]],
    ['at < ?', [until]],
  ]
  const asked = conditions.filter(([, values]) => values[0] !== undefined)
  return {
    where: asked.map(([condition]) => ` and ${condition}`).join(''),
    values: asked.flatMap(([, values]) => values.filter(value => value !== undefined)),
  }
}

type TextColumn = Exclude<keyof StoredRow, 'sequence' | 'at'>
type BytesRow = Pick<StoredRow, 'sequence' | 'at'> & Readonly<Record<TextColumn, Buffer | null>>

const TEXTS = COLUMNS.filter(column => column !== 'sequence' && column !== 'at')
const BYTES = COLUMNS.map(column =>
  column === 'sequence' || column === 'at' ? column : `cast(${column} as blob) as ${column}`,
).join()
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decoded({ sequence, at, why, ...texts }: BytesRow): StoredRow {
  return {
    sequence,
    at,
    why: why === null ? null : textOf(why),
    previous: textOf(texts.previous),
    action: textOf(texts.action),
    actor: textOf(texts.actor),
    origin: textOf(texts.origin),
    target: textOf(texts.target),
    detail: textOf(texts.detail),
    hash: textOf(texts.hash),
  }
}

/** What is no text begins with what no text here has. */
function textOf(bytes: Buffer | null): string {
  try {
    return UTF8.decode(bytes ?? undefined)
  } catch {
    return `\0${bytes?.toString('latin1') ?? ''}`
  }
}
