import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const CHILD = new URL('./ingest-child.ts', import.meta.url).pathname

/** Where a call is made: SQLite writes in the main thread, files are written in the one thread of the pool. */
export type Thread = 'main' | 'pool'

/** What came of one ingest. */
export interface Told {
  readonly lines: readonly string[]
  /** false: the process died on the way */
  readonly ended: boolean
}

/** A process that takes files in when it is told to. */
export interface Ingesting {
  /** as the system numbers them */
  readonly threads: Readonly<Record<Thread, string>>
  /** `lines` fills while it goes on. */
  ingest(folder: string, lines?: string[]): Promise<Told>
  end(): Promise<void>
}

/** `scratch` is a folder that does not exist yet, for what is done once for nothing. */
export async function startIngesting(scratch: string): Promise<Ingesting> {
  const child: ChildProcess = spawn(process.execPath, [CHILD, scratch], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  })
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new TypeError('it has pipes')
  const exited = once(child, 'exit')
  stdin.on('error', () => {})
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()

  async function linesUntil(last: RegExp, told: string[] = []): Promise<Told> {
    for (;;) {
      const next = await lines.next()
      if (next.done === true) return { lines: told, ended: false }
      if (last.test(next.value)) return { lines: [...told, next.value], ended: true }
      told.push(next.value)
    }
  }

  const begun = await linesUntil(/^ready /)
  const [, pool = ''] = /^ready (\d+)$/.exec(begun.lines.at(-1) ?? '') ?? []
  if (pool === '') throw new Error(`the process that takes files in did not begin: ${begun.lines.join(', ')}`)
  return {
    threads: { main: `${child.pid}`, pool },
    ingest(folder, told) {
      stdin.write(`${folder}\n`)
      return linesUntil(/^done$/, told)
    },
    async end() {
      stdin.end()
      child.kill('SIGKILL')
      await exited
    },
  }
}

let processes = 0

/** A folder's name for the scratch of one more process. */
export function scratchIn(folder: string): string {
  processes += 1
  return join(folder, `scratch-${processes}`)
}
