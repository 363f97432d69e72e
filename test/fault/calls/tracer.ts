import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Ingesting, Thread } from './ingesting.ts'

/** A tracer that was set on a process. */
interface Tracer {
  /** Lets go of it; what it noted, a line a call. */
  detach(): Promise<string>
}

/** Sets strace on a process or one thread of it; it has hold of it when this resolves. */
export async function attach(words: readonly string[], heard: (line: string) => void = () => {}): Promise<Tracer> {
  const tracer = spawn('strace', ['-s', '0', ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(tracer, 'close')
  const attached = Promise.withResolvers<void>()
  const lines: string[] = []
  createInterface({ input: tracer.stderr }).on('line', line => {
    lines.push(line)
    if (/^strace: Process \d+ attached/.test(line)) attached.resolve()
    heard(line)
  })
  void closed.then(() => attached.reject(new Error(`strace could not be set on the process: ${lines.join('; ')}`)))
  await attached.promise
  return {
    async detach() {
      tracer.kill('SIGINT')
      await closed
      return lines.join('\n')
    },
  }
}

/** Why nothing can be traced here; false where it can. */
export function withoutTracer(): string | false {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return false
  } catch {
    return 'strace is not installed, or may not trace'
  }
}

/** One call of a kind, in one thread, that touches a data folder: the `when`-th that this thread makes of it, from 1. */
export interface Call {
  readonly thread: Thread
  readonly name: string
  readonly when: number
}

/** Everything by which a file or a folder is changed, or comes to be. */
export const CHANGING = [
  'openat',
  'mkdir',
  'mkdirat',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'pwritev2',
  'fsync',
  'fdatasync',
  'ftruncate',
  'fallocate',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'unlink',
  'unlinkat',
  'rmdir',
] as const

/** Every call of one ingest that touches the folder, in order. */
export async function callsOf(ingesting: Ingesting, folder: string): Promise<readonly Call[]> {
  const { main, pool } = ingesting.threads
  const tracer = await attach(['-f', '-y', '-e', `trace=${CHANGING.join(',')}`, '-p', main])
  const { ended } = await ingesting.ingest(folder)
  const text = await tracer.detach()
  if (!ended) throw new Error('the process ended while its calls were counted')
  const counts = new Map<string, number>()
  const calls: Call[] = []
  for (const line of text.split('\n')) {
    // `[pid 1234] pwrite64(17</data/portcullis.sqlite-wal>, ""..., 32, 0) = 32`; one that is resumed was counted when it began
    const [, id = main, name, rest = ''] = /^(?:\[pid +(\d+)\] )?(\w+)\((.*)$/.exec(line) ?? []
    if (name === undefined) continue
    const when = (counts.get(`${id} ${name}`) ?? 0) + 1
    counts.set(`${id} ${name}`, when)
    if (!rest.includes(folder)) continue
    if (id !== main && id !== pool) throw new Error(`a thread that nobody knows made ${line}`)
    calls.push({ thread: id === main ? 'main' : 'pool', name, when })
  }
  return calls
}

/**
 * Has a folder taken in by a process that stops as a whole after each of these calls: what the folder holds then is what is there
 * when the process is killed. `stopped` gets what was promised so far.
 */
export async function stopAfterEach(
  {
    ingesting,
    folder,
    names,
  }: { readonly ingesting: Ingesting; readonly folder: string; readonly names: readonly string[] },
  stopped: (lines: readonly string[]) => void,
): Promise<void> {
  const { main } = ingesting.threads
  const threads = readdirSync(`/proc/${main}/task`).length
  const set = names.join(',')
  const lines: string[] = []
  let still = 0
  const tracer = await attach(['-f', '-e', `trace=${set}`, '-e', `inject=${set}:signal=SIGSTOP`, '-p', main], line => {
    // each thread says it; what it was promised before is in the pipe by then
    if (!line.endsWith('--- stopped by SIGSTOP ---')) return
    still += 1
    if (still % threads !== 0) return
    setImmediate(() => {
      stopped([...lines])
      process.kill(Number(main), 'SIGCONT')
    })
  })
  const { ended } = await ingesting.ingest(folder, lines)
  await tracer.detach()
  if (!ended) throw new Error('the process ended while it was stopped again and again')
}
