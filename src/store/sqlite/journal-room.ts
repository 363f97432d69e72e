import type Database from 'better-sqlite3'
import type { Events } from '../../observe/events.ts'
import type { Words } from './tables/words-table.ts'

/** Names of facts: what left the journal because it was full. */
export const DROPPED = 'journal_dropped'
export const DROPPED_UNTIL = 'journal_dropped_until'

/** bytes of a row, its place in the index of times included */
const PER_ROW = 68
/** Rows and words that are gone through at once: a few milliseconds. */
const PIECE = 500
/** Words are looked through when so large a part of the rows has gone since the last time. */
const SWEPT_AFTER = 0.1

const COLUMNS = [
  'filename',
  'project',
  'sha256',
  'outcome',
  'code',
  'rule',
  'identity',
  'policy_digest',
  'trust_digest',
  'client',
  'subject',
  'index_name',
  'source_name',
] as const

type Row = { readonly id: number } & Readonly<Record<(typeof COLUMNS)[number], number | null>>

/** Keeps the journal, its words included, below so many bytes: the oldest entries go first, and it is written down how many went. */
export interface JournalRoom {
  /** that it takes, about */
  bytes(): number
  /** Makes room, one piece; false when there is room enough. */
  step(): boolean
  /** Rows that went for another reason. */
  gone(rows: number): void
}

interface Options {
  readonly database: Database.Database
  readonly words: Words
  readonly events: Events
  /** bytes */
  readonly most: number
}

export function createJournalRoom({ database, words, events, most }: Options): JournalRoom {
  const extent = database.prepare<[], { readonly first: number | null; readonly last: number | null }>(
    'select (select min(id) from journal) as first, (select max(id) from journal) as last',
  )
  const oldest = database.prepare<[], { readonly id: number; readonly at: number; readonly count: number }>(
    'select id, at, count from journal order by id limit 1',
  )
  const remove = database.prepare<[number]>('delete from journal where id = ?')
  const count = database.prepare<[string, number]>(
    'insert into facts (name, value) values (?, ?) on conflict (name) do update set value = value + excluded.value',
  )
  const note = database.prepare<[string, number]>(
    'insert into facts (name, value) values (?, ?) on conflict (name) do update set value = max(value, excluded.value)',
  )
  /** since the words were looked through, and since it was told */
  let gone = 0
  let told = { verdicts: 0, until: 0 }
  let sweep: (() => boolean) | undefined

  /** The first that were written down, whatever the clock said then, and no more than there are too many. */
  const drop = database.transaction(() => {
    const dropped = { rows: 0, verdicts: 0, until: 0 }
    const surplus = Math.min(PIECE, Math.ceil(rows() * (1 - most / bytes())))
    let row = oldest.get()
    for (; row !== undefined && dropped.rows < surplus && bytes() > most; row = oldest.get()) {
      remove.run(row.id)
      dropped.rows += 1
      dropped.verdicts += row.count
      dropped.until = Math.max(dropped.until, row.at)
    }
    // the clock of one that went may have run ahead of the one that is the oldest now
    const until = Math.min(dropped.until, row?.at ?? dropped.until)
    count.run(DROPPED, dropped.verdicts)
    note.run(DROPPED_UNTIL, until)
    return { ...dropped, until }
  })

  /** ids are given one after the other, and the oldest go first: never too few */
  function rows(): number {
    const { first, last } = extent.get() ?? { first: null, last: null }
    return first === null || last === null ? 0 : last - first + 1
  }

  function bytes(): number {
    return rows() * PER_ROW + words.bytes()
  }

  function tell(): void {
    if (told.verdicts > 0) events.emit({ type: 'journal-dropped', ...told })
    told = { verdicts: 0, until: 0 }
  }

  return {
    bytes,
    gone(count_) {
      gone += count_
    },
    step() {
      if (sweep !== undefined) {
        if (!sweep()) sweep = undefined
        return true
      }
      if (gone > 0 && gone >= SWEPT_AFTER * rows()) {
        gone = 0
        sweep = createSweep(database, words)
        return true
      }
      if (bytes() <= most) {
        tell()
        return false
      }
      const dropped = drop()
      gone += dropped.rows
      told = { verdicts: told.verdicts + dropped.verdicts, until: Math.max(told.until, dropped.until) }
      if (dropped.rows > 0) return true
      tell() // nothing is left, and the words are too many still: they go when nobody uses them
      return false
    },
  }
}

/**
 * Deletes the words that no row holds, piece by piece: first the rows are gone through, then the words. Rows that another process
 * writes meanwhile use words too, so words go only while nobody else wrote since the rows were gone through. False when it is done.
 */
function createSweep(database: Database.Database, words: Words): () => boolean {
  const select = database.prepare<[number, number], Row>(
    `select id, ${COLUMNS.join(', ')} from journal where id > ? order by id limit ?`,
  )
  const last = words.highest()
  const used = new Uint8Array((last >> 3) + 1)
  const use = (id: number): void => {
    if (id <= last) used[id >> 3] = (used[id >> 3] ?? 0) | (1 << (id & 7))
  }
  // so that its number is not given again: whoever remembers numbers may go on
  use(last)
  let row = 0
  let word: number | undefined
  let seen = written()
  // what is written here meanwhile is told
  words.watch(use)

  /** Rises with every commit of another connection. */
  function written(): unknown {
    return database.pragma('data_version', { simple: true })
  }

  /** From the lock on nobody else writes. False where somebody did before. */
  const deleteUnused = database.transaction((first: number): boolean => {
    if (written() !== seen) return false
    words.deleteUnused(
      { first, last: Math.min(last, first + PIECE - 1) },
      id => ((used[id >> 3] ?? 0) & (1 << (id & 7))) !== 0,
    )
    return true
  })

  return () => {
    if (word === undefined) {
      const rows = select.all(row, PIECE)
      for (const entry of rows)
        for (const column of COLUMNS) {
          const id = entry[column]
          if (id !== null) use(id)
        }
      row = rows.at(-1)?.id ?? row
      if (rows.length < PIECE) word = 1
      return true
    }
    if (!deleteUnused.immediate(word)) {
      seen = written()
      row = 0
      word = undefined
      return true
    }
    word += PIECE
    if (word <= last) return true
    words.watch(undefined)
    return false
  }
}
