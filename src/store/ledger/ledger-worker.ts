import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { GateError } from '../../domain/base/errors.ts'
import type { Engine } from './engine.ts'
import type { LedgerAnswer, LedgerOrder, LedgerPlace } from './messages.ts'
import { openEngine } from './open-engine.ts'

/** Packages go first: how far this thread stands back. */
const NICENESS = 10
/** Between two pieces of work that nobody waits for, ms, and between two looks whether there is any. */
const PAUSE_MS = 20
const LOOK_MS = 10_000

let engine: Promise<Engine> | undefined
let busy: Promise<unknown> = Promise.resolve()
let waiting = 0

/** Linux gives each thread a priority of its own. */
function standBack(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
  } catch {
    // elsewhere it competes
  }
}

async function answer({ id, question, words }: LedgerOrder): Promise<LedgerAnswer> {
  try {
    engine ??= openEngine(workerData as LedgerPlace)
    const ask = (await engine)[question] as (...words: readonly unknown[]) => Promise<unknown>
    return { id, answer: await ask(...words) }
  } catch (error) {
    engine = (await engine?.catch(() => undefined)) === undefined ? undefined : engine
    if (error instanceof GateError) return { id, code: error.code, detail: error.detail }
    return { id, code: 'unknown-store', detail: 'what was written down could not be read' }
  }
}

/** One after the other: questions first. */
async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = busy.then(work)
  busy = turn.catch(() => {})
  return await turn
}

async function workAhead(): Promise<void> {
  for (;;) {
    const isMore = waiting === 0 && engine !== undefined && (await inTurn(step))
    if (isMore) await delay(PAUSE_MS)
    else await delay(waiting === 0 ? LOOK_MS : PAUSE_MS, undefined, { ref: false })
  }
}

async function step(): Promise<boolean> {
  try {
    return (await (await engine)?.step()) ?? false
  } catch {
    return false // whoever asks is told
  }
}

standBack()
parentPort?.on('message', (order: LedgerOrder) => {
  waiting += 1
  void inTurn(async () => await answer(order)).then(async told => {
    waiting -= 1
    parentPort?.postMessage(told)
    if (order.question === 'close') parentPort?.close()
    await setImmediate()
  })
})
void workAhead()
