import { GateError } from '../../domain/base/errors.ts'
import { type Millis, millis } from '../../domain/base/instant.ts'
import { type Asker, OURSELVES } from '../../flow/asker.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import { type Task, type UnjudgedFile, WaitingFiles } from './waiting-files.ts'

/**
 * Judges files that a listing showed and nobody asked for yet, so that the next page can tell. Bounded: what does not fit is
 * dropped and comes back with the next page. Newest uploads first. A failure is not remembered; the file is tried again only
 * after a while.
 */
export interface Background {
  add(files: readonly UnjudgedFile[]): void
  /**
   * Judges these before those that nobody waits for, in their order and in turn with what others wait for, and resolves when
   * every one of them has an answer or failed, when `within` is over, or nobody waits any more. Those that failed a moment ago
   * are not tried again.
   */
  soon(files: readonly UnjudgedFile[], within: Millis, asker?: Asker): Promise<void>
  /** Why a file could not be judged a moment ago; `undefined` where it could, or nobody tried. */
  failureOf(key: string): Error | undefined
  /** Resolves when nothing is queued or under way (for shutdown and tests). */
  idle(): Promise<void>
  close(): void
}

/** files that wait to be judged */
export const LONGEST_LINE = 2_000
const AT_ONCE = { 'some time': 2, hurried: 16 } as const
/** A file that could not be judged is tried again after so long. */
export const TRIED_AGAIN = millis(15_000)
/** The same where nobody waits for it, whatever came of it. */
const TRIED_BESIDE = millis(60_000)

const MIB = 1024 * 1024
/** bytes of an error with its stack and its cause, about */
const ERROR = 2_048

export function createBackground(report: (error: unknown) => void): Background {
  const waiting = new WaitingFiles(LONGEST_LINE)
  let running = 0
  let closed = false
  let idlers: (() => void)[] = []
  const failures = keptWithin<string, Error>({ bytes: 8 * MIB, weigh: () => ERROR, ttl: TRIED_AGAIN })
  const tried = keptWithin<string, true>({ bytes: 4 * MIB, ttl: TRIED_BESIDE })

  function pump(): void {
    for (;;) {
      const task = closed ? undefined : waiting.take(kind => running < AT_ONCE[kind])
      if (task === undefined) break
      running += 1
      run(task).catch(report)
    }
    if (waiting.size > 0) return
    const resolved = idlers
    idlers = []
    for (const resolve of resolved) resolve()
  }

  async function run(task: Task): Promise<void> {
    const { key, judge } = task.file
    try {
      await judge()
    } catch (error) {
      failures.set(key, error instanceof Error ? error : new GateError('unknown-bug', 'a file could not be judged'))
      if (!(error instanceof GateError)) report(error)
    }
    tried.set(key, true)
    running -= 1
    waiting.finish(task)
    pump()
  }

  return {
    add(files) {
      if (closed) return
      waiting.add(newestOf(files.filter(({ key }) => !tried.has(key))))
      pump()
    },
    async soon(files, within, asker = OURSELVES) {
      if (closed) return
      const list = waiting.hurry(
        files.filter(({ key }) => !failures.has(key)),
        asker.names[0] ?? '',
      )
      pump()
      await atMost(within, Promise.all(list.tasks.map(({ done }) => done.promise)), asker)
      list.end()
      pump()
    },
    failureOf: key => failures.get(key),
    idle() {
      if (waiting.size === 0) return Promise.resolve()
      return new Promise(resolve => idlers.push(resolve))
    },
    close() {
      closed = true
      waiting.clear()
      pump()
    },
  }
}

/** Those that have a chance to stay in line. */
function newestOf(files: readonly UnjudgedFile[]): readonly UnjudgedFile[] {
  if (files.length <= LONGEST_LINE) return files
  const times = Float64Array.from(files, ({ uploaded }) => uploaded ?? 0).sort()
  const oldest = times[times.length - LONGEST_LINE] ?? 0
  return files.filter(({ uploaded }) => (uploaded ?? 0) >= oldest).slice(0, LONGEST_LINE)
}

async function atMost(length: Millis, settled: Promise<unknown>, asker: Asker): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, length)
  const unwatch = asker.watch(() => asker.gone && over.resolve())
  if (!asker.gone) await Promise.race([settled, over.promise])
  clearTimeout(timer)
  unwatch()
}
