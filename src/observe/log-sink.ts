import { write, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { errorCode } from '../domain/base/error-code.ts'

/** Where the lines of the log go. */
export interface Sink {
  write(text: string): void
  /** soon, without waiting for more lines */
  hurry(): void
  /** Writes what waits before it returns, as far as the destination takes it. */
  flush(): void
}

/** Lines are gathered: a write for each would cost more than the answer it tells about. */
const GATHERED_CHARACTERS = 32 * 1024
const FLUSH_EVERY_MS = 250
/** What may wait for a reader that is stuck; more is dropped, because the gate matters more than its log. */
const MOST_WAITING_CHARACTERS = 16 * 1024 * 1024
/** until a pipe that was full is tried again */
const AGAIN_MS = 100
/** How long a process that ends waits for a reader that is stuck. */
const LAST_WAIT_MS = 1_000

/**
 * A file descriptor as a sink, one write under way at a time. What cannot be written is dropped: the log has nowhere to
 * complain, and a full disk or a reader that went away must neither stop the gate nor keep it from stopping.
 */
export function openSink(fd: number): Sink {
  let gathered = ''
  /** on its way out; what is left of it */
  let leaving: Buffer = Buffer.alloc(0)
  let state: 'idle' | 'writing' | 'waiting' = 'idle'
  setInterval(depart, FLUSH_EVERY_MS).unref()

  function depart(): void {
    if (state !== 'idle' || gathered === '') return
    leaving = Buffer.from(gathered)
    gathered = ''
    writeMore()
  }

  function writeMore(): void {
    state = 'writing'
    write(fd, leaving, (error, count) => {
      if (isFull(error)) {
        state = 'waiting'
        return void setTimeout(writeMore, AGAIN_MS).unref()
      }
      leaving = error === null ? leaving.subarray(count) : Buffer.alloc(0)
      if (leaving.length > 0) return writeMore()
      state = 'idle'
      if (gathered.length >= GATHERED_CHARACTERS) depart()
    })
  }

  function flush(): void {
    // what is with the kernel is not sent twice
    const rest = Buffer.concat([state === 'writing' ? Buffer.alloc(0) : leaving, Buffer.from(gathered)])
    gathered = ''
    if (state === 'waiting') leaving = Buffer.alloc(0)
    writeAtOnce(fd, rest)
  }

  return {
    write(text) {
      if (gathered.length + text.length > MOST_WAITING_CHARACTERS) return
      gathered += text
      if (gathered.length >= GATHERED_CHARACTERS) depart()
    },
    hurry: depart,
    flush,
  }
}

function writeAtOnce(fd: number, bytes: Buffer): void {
  const given = performance.now()
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (error) {
      if (!isFull(error) || performance.now() - given > LAST_WAIT_MS) return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

/** A pipe whose reader is behind, as opposed to a destination that takes nothing more. */
function isFull(error: unknown): boolean {
  return errorCode(error) === 'EAGAIN'
}
