import { GateError } from '../../../domain/base/errors.ts'
import type { WaitingFile, WaitingRow } from './waiting-file.ts'

const EVERY_MS = 400
const AGAIN_MS = 1_000
/** Rows that are sent at once. */
const PIECE = 500
/** Rows that wait in memory for the local disk at most. */
const MOST = 50_000

/**
 * Rows on their way to the database: in memory for less than half a second, then on the local disk until the database has them. What is
 * there twice is written once, so that a gate that was killed in the middle sends it again.
 */
export interface Outbox {
  next(): number
  /** @throws GateError `unknown-store` while nothing more can be kept */
  put(row: WaitingRow): void
  /** @throws GateError `unknown-store` while nothing more can be kept */
  assertRoom(): void
  /** What waits, in memory or on the disk; the latest under its number. */
  waiting(): number
  /** All of it is on the local disk; and in the database, unless that is away. */
  flush(): Promise<void>
  close(): Promise<void>
}

interface Options {
  readonly file: WaitingFile
  /** Writes them into the database, whatever of them it has already. Throws `unknown-store`. */
  readonly send: (rows: readonly WaitingRow[]) => Promise<void>
}

export function createOutbox({ file, send }: Options): Outbox {
  const gathered = new Map<number, WaitingRow>()
  let failure: GateError | undefined
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let closed = false
  if (file.size() > 0) schedule(EVERY_MS)

  function schedule(ms: number): void {
    if (timer !== undefined || closed) return
    timer = setTimeout(() => void run(), ms).unref()
  }

  function keep(): void {
    if (gathered.size === 0) return
    try {
      file.put([...gathered.values()])
      gathered.clear()
      failure = undefined
    } catch (error) {
      failure = error instanceof GateError ? error : new GateError('unknown-store', 'nothing can be kept')
      throw failure
    }
  }

  async function sendAll(): Promise<void> {
    for (let rows = file.first(PIECE); rows.length > 0; rows = file.first(PIECE)) {
      await send(rows)
      file.drop(rows)
    }
  }

  async function run(): Promise<void> {
    timer = undefined
    try {
      keep()
      await sendOnce()
    } catch {
      // it waits; whoever records is told by `assertRoom` when that cannot go on
    }
    if (gathered.size + file.size() > 0) schedule(AGAIN_MS)
  }

  async function sendOnce(): Promise<void> {
    sending ??= sendAll().finally(() => {
      sending = undefined
    })
    await sending
  }

  return {
    next: () => file.next(),
    put(row) {
      gathered.set(row.number, row)
      schedule(EVERY_MS)
    },
    assertRoom() {
      if (failure !== undefined && gathered.size >= MOST) throw failure
      if (failure !== undefined) keep()
      file.assertRoom()
    },
    waiting: () => gathered.size + file.size(),
    async flush() {
      keep()
      await sending?.catch(() => {})
      await sendOnce()
    },
    async close() {
      if (closed) return
      closed = true
      clearTimeout(timer)
      try {
        keep()
        await sending?.catch(() => {})
        await sendOnce().catch(() => {}) // it is on the disk, and sent at the next start
      } finally {
        file.close()
      }
    },
  }
}
