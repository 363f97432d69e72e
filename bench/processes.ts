import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Servers run on the first core, clients and the embedded upstream on the second. */
export const SERVER_CORE = 0
export const CLIENT_CORE = 1

/** ms that a server may take to end by itself */
const LONGEST_STOP = 10_000
/** ms that a client may take */
const LONGEST_CLIENT = 10 * 60_000

export interface Running {
  readonly pid: number
  /** resident set, bytes */
  memory(): number
  stop(): Promise<void>
}

/** Servers that were started; whatever ends this process ends them too. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server on its core; what it prints goes to a file, as an access log does. */
export function startServer(command: string, words: readonly string[], log: string): Running & { child: ChildProcess } {
  const out = openSync(log, 'a')
  const child = spawn('taskset', ['-c', String(SERVER_CORE), command, ...words], { stdio: ['ignore', out, out] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} did not start`)
  return {
    child,
    pid,
    memory: () => residentBytes(pid),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP)
      await gone
      clearTimeout(timer)
    },
  }
}

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? Number.NaN) * 1024
}

/** Runs a client on its core and gives what it printed. */
export async function runClient(command: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run('taskset', ['-c', String(CLIENT_CORE), command, ...words], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: LONGEST_CLIENT,
  })
  return stdout
}

/** Runs a command where servers run, in a folder; throws when it fails. */
export async function runOnServerCore(command: string, words: readonly string[], folder: string): Promise<void> {
  await run('taskset', ['-c', String(SERVER_CORE), command, ...words], { cwd: folder, timeout: LONGEST_CLIENT })
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

/** Asks until it answers 200; throws after `seconds`. */
export async function waitFor(url: string, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
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
}
