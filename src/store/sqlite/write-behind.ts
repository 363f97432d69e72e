import type Database from 'better-sqlite3'
import type { GateError } from '../../domain/base/errors.ts'
import type { Events } from '../../observe/events.ts'
import { storeError } from '../failure/store-error.ts'

/** Rows that wait to be written. They are readable all the while: whoever keeps them answers from them. */
export interface Pending {
  size(): number
  /** Whether one transaction takes its rows in many pieces, with requests in between; otherwise it takes one piece. */
  readonly inPieces?: true
  /**
   * Writes up to `limit` rows within the transaction that is open, after the first `written`, which it has already; what it returns
   * forgets them, once that is committed.
   */
  write(limit: number, written: number): () => void
}

/** A transaction that goes on. */
interface Open {
  readonly began: number
  readonly forgets: (() => void)[]
  readonly written: Map<Pending, number>
}

/**
 * All writing happens here, beside the request: twice a second what is pending is written, in pieces that are small enough not to
 * hold requests up. Rows of files lie scattered over their indexes, so a transaction for each piece would write the same pages
 * again and again (966 MB for 50,000 files, 170 MB so): it goes on over many pieces. While writing fails nothing is lost, nothing more is taken (`unknown-store`),
 * and it is tried again every second.
 */
export interface WriteBehind {
  add(pending: Pending): void
  /** Runs a statement; what SQLite throws becomes `unknown-store` with these words. */
  ask<Result>(what: string, query: () => Result): Result
  /** Writes something that must be there when this returns: in no transaction that goes on, which could fail yet. Throws `unknown-store`. */
  now<Result>(what: string, write: () => Result): Result
  /**
   * Throws `unknown-store` while writing fails: to be asked before anything is kept. Where too much waits already, a piece of it
   * is written first.
   */
  assertWriting(): void
  /** Says that something is pending. */
  due(): void
  /** Says that it is pending, and much. */
  hurry(): void
  /** Writes everything now; throws `unknown-store`. */
  flush(): void
  close(): void
}

/** Rows of one piece at most. */
const PIECE = 1_000
const LEAST_PIECE = 50
/** What a piece may take beside requests, ms: the next has more rows, or fewer, as this one took less, or more. */
const PIECE_MS = 5
/** How long a transaction goes on at most, ms, and how many rows it has: that is how much is written when it ends. */
const LONGEST_MS = 400
const MOST_OF_ONE = 5_000
/** Between two transactions other programs that write here have a turn. */
const BETWEEN_MS = 30
/** Above this many rows the writer is made to wait. */
const MOST = 50_000
const EVERY_MS = 400
const AGAIN_MS = 1_000

interface Options {
  readonly database: Database.Database
  readonly events: Events
  /** told of everything that SQLite throws */
  readonly failed: (error: unknown) => void
}

export function createWriteBehind({ database, events, failed }: Options): WriteBehind {
  const kept: Pending[] = []
  let failure: GateError | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let piece = PIECE / 4
  let open: Open | undefined

  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const rollback = database.prepare('rollback')

  function waiting(): number {
    return kept.reduce((sum, pending) => sum + pending.size(), 0)
  }

  /** One piece of a transaction, or the `last` of it. False when nothing is left. */
  function writePiece(most: number, last?: 'last'): boolean {
    try {
      open ??= start()
      const began = performance.now()
      const rows = writeOn(open, most)
      adapt(began)
      if (last === 'last' || rows < most || isLong(open)) end(open, most)
    } catch (error) {
      fail(error)
    }
    return waiting() > 0
  }

  function start(): Open {
    begin.run()
    return { began: performance.now(), forgets: [], written: new Map() }
  }

  /** Of what comes in pieces; how many rows there were. */
  function writeOn({ forgets, written }: Open, most: number): number {
    let rows = 0
    for (const pending of kept) {
      if (pending.inPieces === undefined) continue
      const before = written.get(pending) ?? 0
      const count = Math.min(most - rows, pending.size() - before)
      if (count <= 0) continue
      forgets.push(pending.write(count, before))
      written.set(pending, before + count)
      rows += count
    }
    return rows
  }

  function isLong({ began, written }: Open): boolean {
    const rows = written.values().reduce((sum, count) => sum + count, 0)
    return rows >= MOST_OF_ONE || performance.now() - began >= LONGEST_MS
  }

  /** With a piece of everything else. */
  function end({ forgets }: Open, most: number): void {
    let left = most
    for (const pending of kept) {
      const rows = pending.inPieces === undefined ? Math.min(left, pending.size()) : 0
      if (rows <= 0) continue
      forgets.push(pending.write(rows, 0))
      left -= rows
    }
    commit.run()
    open = undefined
    for (const forget of forgets) forget()
    failure = undefined
  }

  function adapt(began: number): void {
    const took = Math.max(1, performance.now() - began)
    piece = Math.round(Math.min(PIECE, Math.max(LEAST_PIECE, (piece * PIECE_MS) / took)))
  }

  function fail(error: unknown): never {
    undo()
    const first = failure === undefined
    failure = storeError('what was decided could not be written down', error)
    failed(error)
    if (first)
      events.emit({
        type: 'unknown',
        code: failure.code,
        detail: failure.detail,
        route: 'background',
        untrusted: undefined,
        cause: error,
        id: '',
      })
    throw failure
  }

  function undo(): void {
    open = undefined
    try {
      if (database.inTransaction) rollback.run()
    } catch {
      // the transaction died with what made it fail
    }
  }

  function schedule(ms: number): void {
    if (timer !== undefined || closed) return
    timer = setTimeout(run, ms).unref()
  }

  function run(): void {
    timer = undefined
    if (closed || (waiting() === 0 && open === undefined)) return
    try {
      const isMore = writePiece(piece)
      if (isMore) schedule(open === undefined ? BETWEEN_MS : 1)
    } catch {
      schedule(AGAIN_MS) // said already; whoever asks is told by assertWriting
    }
  }

  function flush(): void {
    if (waiting() === 0 && failure === undefined && open === undefined) return
    while (writePiece(MOST_OF_ONE, 'last'));
  }

  function ask<Result>(what: string, query: () => Result): Result {
    try {
      return query()
    } catch (error) {
      failed(error)
      throw storeError(what, error)
    }
  }

  return {
    add: pending => void kept.push(pending),
    ask,
    now(what, write) {
      flush()
      return ask(what, write)
    },
    assertWriting() {
      if (failure !== undefined) throw failure
      if (waiting() > MOST) writePiece(PIECE)
    },
    due: () => schedule(EVERY_MS),
    hurry() {
      if (failure !== undefined) return
      clearTimeout(timer)
      timer = undefined
      schedule(1)
    },
    flush,
    close() {
      closed = true
      clearTimeout(timer)
      flush()
    },
  }
}
