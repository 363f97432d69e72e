import type Database from 'better-sqlite3'
import { keptWithin } from '../../../flow/kept-within.ts'

/** bytes of a word beside its text, which stands in the table and in its index */
const PER_WORD = 30
const BYTES = 'words_bytes'

/** Words that come back in the journal, each written once and numbered. */
export interface Words {
  /** The word's number, given to it now when it has none; `fresh` holds what the open transaction learned. */
  number(word: string, fresh: Map<string, number>): number
  /** The transaction was committed. */
  learn(fresh: ReadonlyMap<string, number>): void
  /** that they take, about */
  bytes(): number
  /** the highest number there is */
  highest(): number
  /** Told of every number that is used while somebody looks for those that nobody uses. */
  watch(used: ((id: number) => void) | undefined): void
  /** Deletes those from `first` to `last` that are not `used`. */
  deleteUnused(range: { readonly first: number; readonly last: number }, used: (id: number) => boolean): void
}

export function createWords(database: Database.Database): Words {
  const select = database.prepare<[string], number>('select id from words where word = ?').pluck()
  const insert = database.prepare<[string]>('insert into words (word) values (?)')
  const grow = database.prepare<[number]>(`update facts set value = value + ? where name = '${BYTES}'`)
  const total = database.prepare<[], number>(`select value from facts where name = '${BYTES}'`).pluck()
  const highest = database.prepare<[], number>('select coalesce(max(id), 0) from words').pluck()
  const between = database.prepare<[number, number], { readonly id: number; readonly word: string }>(
    'select id, word from words where id between ? and ?',
  )
  const remove = database.prepare<[number]>('delete from words where id = ?')
  const known = keptWithin<string, number>({ bytes: 2 * 1024 * 1024 })
  let watching: ((id: number) => void) | undefined
  countOnce(database, total)

  const removeAll = database.transaction((words: readonly { readonly id: number; readonly word: string }[]) => {
    for (const { id } of words) remove.run(id)
    grow.run(-words.reduce((sum, { word }) => sum + weightOf(word), 0))
  })

  function give(word: string): number {
    const id = Number(insert.run(word).lastInsertRowid)
    grow.run(weightOf(word))
    return id
  }

  return {
    number(word, fresh) {
      const id = known.get(word) ?? fresh.get(word) ?? select.get(word) ?? give(word)
      // not remembered beyond the transaction before that is committed: it may be rolled back
      if (!known.has(word)) fresh.set(word, id)
      watching?.(id)
      return id
    },
    learn(fresh) {
      for (const [word, id] of fresh) known.set(word, id)
    },
    bytes: () => total.get() ?? 0,
    highest: () => highest.get() ?? 0,
    watch(used) {
      watching = used
    },
    deleteUnused({ first, last }, used) {
      const unused = between.all(first, last).filter(({ id }) => !used(id))
      if (unused.length === 0) return
      removeAll(unused)
      for (const { word } of unused) known.delete(word)
    },
  }
}

/** Of a database that did not count yet. */
function countOnce(database: Database.Database, total: { get(): number | undefined }): void {
  if (total.get() !== undefined) return
  database.exec(
    `insert into facts (name, value)
     select '${BYTES}', coalesce(sum(2 * length(cast(word as blob)) + ${PER_WORD}), 0) from words`,
  )
}

function weightOf(word: string): number {
  return 2 * Buffer.byteLength(word) + PER_WORD
}
