import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Servers run on the first core, clients and the index on the second. */
const SERVER_CORE = 0
const CLIENT_CORE = 1

/** ms that a server may take to end by itself */
const LONGEST_STOP = 10_000
/** ms that a client may take */
const LONGEST_CLIENT = 10 * 60_000

export interface Running {
  readonly pid: number
  isRunning(): boolean
  /** resident set, bytes */
  memory(): number
  /** the largest resident set so far, bytes */
  peakMemory(): number
  /** From here on the largest resident set is that of now and later. Needs root. */
  forgetPeak(): void
  /** of all its threads since it started, and of its processes that run, ms */
  cpu(): number
  stop(): Promise<void>
}

/** Processes that were started; whatever ends this one ends them too. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server on its core; what it prints goes to a file, as an access log does. */
export function startServer(
  command: string,
  words: readonly string[],
  log: string,
  environment: Readonly<Record<string, string>> = {},
): Running {
  const out = openSync(log, 'a')
  const child = spawn('taskset', ['-c', String(SERVER_CORE), command, ...words], {
    stdio: ['ignore', out, out],
    env: { ...process.env, ...environment },
  })
  return watch(child, command)
}

/** Starts a script of `children/`; its first line says that it is ready, and with what, in JSON. */
export async function startScript<Ready>(
  script: string,
  words: readonly string[],
  core: 'server' | 'client',
): Promise<Running & { readonly ready: Ready }> {
  const number = core === 'server' ? SERVER_CORE : CLIENT_CORE
  const child = spawn('taskset', ['-c', String(number), process.execPath, scriptAt(script), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const started = watch(child, script)
  for await (const line of createInterface({ input: child.stdout })) return { ...started, ready: JSON.parse(line) }
  throw new Error(`${script} ended before it was ready`)
}

export function scriptAt(name: string): string {
  return new URL(`../children/${name}`, import.meta.url).pathname
}

function watch(child: ChildProcess, command: string): Running {
  running.add(child)
  child.once('exit', () => running.delete(child))
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} did not start`)
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    pid,
    isRunning,
    memory: () => statusBytes(pid, 'VmRSS'),
    peakMemory: () => statusBytes(pid, 'VmHWM'),
    forgetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
    cpu: () => cpuMs(pid),
    async stop() {
      if (!isRunning()) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP)
      await gone
      clearTimeout(timer)
    },
  }
}

function statusBytes(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find(each => each.startsWith(`${name}:`))
  return Number(/(\d+) kB$/.exec(line ?? '')?.[1] ?? Number.NaN) * 1024
}

/** With what it has started and what still runs, such as nginx's worker. Ticks are hundredths of a second on every Linux that Node runs on. */
function cpuMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  const theirs = children.filter(child => child !== '').reduce((sum, child) => sum + cpuMs(Number(child)), 0)
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // behind the name, which may hold anything: the state is field 3, utime and stime are 14 and 15 (proc_pid_stat(5))
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return theirs + (Number(fields[11]) + Number(fields[12])) * 10
}

/** Runs a client on its core and gives what it printed. */
export async function runClient(command: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run('taskset', ['-c', String(CLIENT_CORE), command, ...words], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: LONGEST_CLIENT,
  })
  return stdout
}

/** Runs a script of `children/` where clients run; what it printed, from JSON. */
export async function runScript(script: string, words: readonly string[]): Promise<Readonly<Record<string, number>>> {
  return JSON.parse(await runClient(process.execPath, [scriptAt(script), ...words]))
}

export interface Took {
  readonly seconds: number
  /** of all threads, and of what it started, ms */
  readonly cpu: number
  /** the largest resident set, bytes */
  readonly memory: number
}

/** Runs a command to its end where servers run, in a folder, and what it remembers for its user stays there; throws when it fails. */
export async function runToEnd(command: string, words: readonly string[], folder: string): Promise<Took> {
  const figures = join(folder, '.took')
  const measured = ['time', '-q', '-o', figures, '-f', '%U %S %M', command, ...words]
  const options = { cwd: folder, timeout: LONGEST_CLIENT, maxBuffer: 64 * 1024 * 1024 }
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') }
  const started = performance.now()
  await run('taskset', ['-c', String(SERVER_CORE), ...measured], { ...options, env })
  const seconds = (performance.now() - started) / 1000
  const [user, system, kilobytes] = readFileSync(figures, 'utf8').trim().split(' ').map(Number)
  rmSync(figures)
  return { seconds, cpu: ((user ?? 0) + (system ?? 0)) * 1000, memory: (kilobytes ?? 0) * 1024 }
}

export async function moveToClientCore(): Promise<void> {
  await run('taskset', ['-a', '-cp', String(CLIENT_CORE), String(process.pid)])
}

export async function isInstalled(command: string): Promise<boolean> {
  try {
    await run('which', [command])
    return true
  } catch {
    return false
  }
}

/** Asks until it answers 200; throws after `seconds`, or when who is to answer has ended. */
export async function waitFor(url: string, seconds: number, server: Pick<Running, 'isRunning'>): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (server.isRunning()) {
    try {
      const answer = await fetch(url)
      await answer.arrayBuffer()
      if (answer.status === 200) return
    } catch {
      // not listening yet
    }
    if (performance.now() > deadline) throw new Error(`${url} did not answer 200 within ${seconds} s`)
    await sleep(5)
  }
  throw new Error(`what was to answer ${url} has ended`)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
