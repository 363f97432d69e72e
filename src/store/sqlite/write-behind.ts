import type Database from 'better-sqlite3'
import type { GateError } from '../../domain/base/errors.ts'
import type { Events } from '../../observe/events.ts'
import { storeError } from '../failure/store-error.ts'

/** Rows that wait to be written. They are readable all the while: whoever keeps them answers from them. */
export interface Pending {
  size(): number
  /** Writes up to `limit` rows within the transaction that is open; what it returns forgets them, once that is committed. */
  write(limit: number): () => void
}

/**
 * All writing happens here, beside the request: twice a second what is pending is written, in transactions that
 * are small enough not to hold requests up. While writing fails nothing is lost, nothing more is taken (`unknown-store`),
 * and it is tried again every second.
 */
export interface WriteBehind {
  add(pending: Pending): void
  /** Runs a statement; what SQLite throws becomes `unknown-store` with these words. */
  ask<Result>(what: string, query: () => Result): Result
  /**
   * Throws `unknown-store` while writing fails: to be asked before anything is kept. Where too much waits already, a piece of it
   * is written first.
   */
  assertWriting(): void
  /** Says that something is pending. */
  due(): void
  /** Writes everything now; throws `unknown-store`. */
  flush(): void
  close(): void
}

/** Rows of one transaction at most. */
const PIECE = 1_000
const LEAST_PIECE = 50
/** What a transaction may take beside requests, ms: the next has more rows, or fewer, as this one took less, or more. */
const PIECE_MS = 5
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

  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  const rollback = database.prepare('rollback')

  function waiting(): number {
    return kept.reduce((sum, pending) => sum + pending.size(), 0)
  }

  /** One transaction. False when nothing is left. */
  function writePiece(most = PIECE): boolean {
    const forgets: (() => void)[] = []
    let left = most
    try {
      begin.run()
      for (const pending of kept) {
        const rows = Math.min(left, pending.size())
        if (rows <= 0) continue
        forgets.push(pending.write(rows))
        left -= rows
      }
      commit.run()
    } catch (error) {
      fail(error)
    }
    for (const forget of forgets) forget()
    failure = undefined
    return waiting() > 0
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
    if (closed || waiting() === 0) return
    try {
      const began = performance.now()
      const isMore = writePiece(piece)
      const took = Math.max(1, performance.now() - began)
      piece = Math.round(Math.min(PIECE, Math.max(LEAST_PIECE, (piece * PIECE_MS) / took)))
      if (isMore) schedule(1)
    } catch {
      schedule(AGAIN_MS) // said already; whoever asks is told by assertWriting
    }
  }

  function flush(): void {
    if (waiting() === 0 && failure === undefined) return
    while (writePiece());
  }

  return {
    add: pending => void kept.push(pending),
    ask(what, query) {
      try {
        return query()
      } catch (error) {
        failed(error)
        throw storeError(what, error)
      }
    },
    assertWriting() {
      if (failure !== undefined) throw failure
      if (waiting() > MOST) writePiece()
    },
    due: () => schedule(EVERY_MS),
    flush,
    close() {
      closed = true
      clearTimeout(timer)
      flush()
    },
  }
}
