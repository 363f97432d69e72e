import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const LAUNCHER = new URL('../../bin/portcullis', import.meta.url).pathname
const LONGEST_START = 60_000
const LONGEST_STOP = 40_000
/** ms: what a gate that runs has to say it has said by then, however busy the machine is */
const HEARD_WITHIN = 60_000
const WATCH_MS = 500
const KEPT_LINES = 40

/** How a life of the gate ended. */
export interface Ended {
  /** `stuck`: it was asked to end, and had to be killed */
  readonly how: 'killed' | 'stopped' | 'stuck' | 'by itself'
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** which life it was */
  readonly life: number
  /** when it was killed, or was found dead (`performance.now`) */
  readonly at: number
  /** the last of what it printed */
  readonly lines: readonly string[]
}

/** The gate as a user starts it, that lives more than once. */
export interface GateProcess {
  /** `undefined` while it is down */
  readonly url: string | undefined
  /** which life it is, from 1 */
  readonly life: number
  readonly peakBytes: number
  /** resolves to its URL as soon as it is up; rejects once the run is over */
  up(): Promise<string>
  /** Rejects where it does not come to listen. */
  start(): Promise<void>
  kill(): Promise<void>
  /** asks it to end, and waits until it has */
  stop(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** when it was last made to stand still, up to now if it is (`performance.now`) */
  readonly stoodStillUntil: number
  /** resolves when it logs a line with these words; false when it does not within a minute or dies before */
  says(words: string): Promise<boolean>
  close(): Promise<void>
}

interface Options {
  readonly folder: string
  readonly configuration: Readonly<Record<string, unknown>>
  readonly line: (line: string) => void
  /** told in the same breath in which it is known, before anybody can start another */
  readonly ended: (ended: Ended) => void
}

export function createGateProcess({ folder, configuration, line, ended }: Options): GateProcess {
  const file = join(folder, 'nemesis.yaml')
  writeFileSync(file, JSON.stringify(configuration, undefined, 1))
  const waiting = new Set<{ words: string; resolve: (said: boolean) => void }>()
  let up = Promise.withResolvers<string>()
  up.promise.catch(() => {})
  let child: ChildProcess | undefined
  let gone: Promise<unknown> = Promise.resolve()
  let intent: { readonly how: Ended['how']; readonly at: number } | undefined
  let url: string | undefined
  let life = 0
  let peakBytes = 0
  let isStill = false
  let stoodStillUntil = 0
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child))
  }, WATCH_MS)

  function hear(text: string, kept: string[]): void {
    kept.push(text)
    if (kept.length > KEPT_LINES) kept.shift()
    line(text)
    const [, at] = /"detail":"(http:[^"]+)","msg":"listening"/.exec(text) ?? []
    if (at !== undefined) {
      url = at
      up.resolve(at)
    }
    for (const waiter of waiting) if (text.includes(waiter.words)) waiter.resolve(true)
  }

  function begin(): void {
    life += 1
    intent = undefined
    const kept: string[] = []
    const born = spawn(LAUNCHER, ['serve', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    child = born
    for (const stream of [born.stdout, born.stderr])
      createInterface({ input: stream }).on('line', text => hear(text, kept))
    const number = life
    gone = once(born, 'close').then(([code, signal]) => {
      down()
      child = undefined
      for (const waiter of waiting) waiter.resolve(false)
      const { how, at } = intent ?? { how: 'by itself', at: performance.now() }
      ended({
        how,
        at,
        life: number,
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        lines: kept,
      })
    })
  }

  /** Whoever waits for it to come up waits on. */
  function down(): void {
    if (url === undefined) return
    url = undefined
    up = Promise.withResolvers()
    up.promise.catch(() => {})
  }

  async function end(how: 'killed' | 'stopped' | 'stuck', patience: number): Promise<void> {
    intent = { how, at: performance.now() }
    peakBytes = Math.max(peakBytes, peakOf(child))
    down()
    child?.kill(how === 'stopped' ? 'SIGTERM' : 'SIGKILL')
    await within(gone, patience)
  }

  return {
    get url() {
      return url
    },
    get life() {
      return life
    },
    get peakBytes() {
      return peakBytes
    },
    up: () => up.promise,
    async start() {
      begin()
      const listening = await Promise.race([
        up.promise,
        gone.then(() => undefined),
        sleep(LONGEST_START, undefined, { ref: false }),
      ])
      if (listening === undefined) throw new Error('the gate did not come to listen')
    },
    kill: () => end('killed', LONGEST_STOP),
    async stop() {
      await end('stopped', LONGEST_STOP)
      if (child !== undefined) await end('stuck', LONGEST_STOP)
    },
    signal(name) {
      if (name === 'SIGSTOP') isStill = true
      if (name === 'SIGCONT') {
        isStill = false
        stoodStillUntil = performance.now()
      }
      child?.kill(name)
    },
    get stoodStillUntil() {
      return isStill ? performance.now() : stoodStillUntil
    },
    async says(words) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const waiter = { words, resolve }
      waiting.add(waiter)
      const late = setTimeout(() => resolve(false), HEARD_WITHIN)
      try {
        return await promise
      } finally {
        clearTimeout(late)
        waiting.delete(waiter)
      }
    },
    async close() {
      clearInterval(watch)
      up.reject(new Error('the run is over'))
      if (child !== undefined) await end('killed', LONGEST_STOP)
    },
  }
}

async function within(done: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController()
  await Promise.race([done, sleep(ms, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
}

/** The most that a process ever had resident, bytes; 0 where nobody tells. */
function peakOf(child: ChildProcess | undefined): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child?.pid}/status`, 'utf8'))
    return Number(line?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
