import { Worker } from 'node:worker_threads'
import { GateError } from '../../domain/base/errors.ts'
import type { Ledger } from '../../ports/console/ledger.ts'
import type { LedgerAnswer, LedgerOrder, LedgerPlace, Question } from './messages.ts'

export interface LedgerOptions extends LedgerPlace {
  /** questions that wait at most */
  readonly most?: number
  /** how long one waits for its turn, ms */
  readonly patienceMs?: number
  /** how long one is worked on before the thread is given up, ms */
  readonly hangsAfterMs?: number
  /** The worker's module; tests bring misbehaving ones. */
  readonly workerUrl?: URL
}

const MOST = 64
const PATIENCE_MS = 10_000
const HANGS_AFTER_MS = 20_000
const HEAP_MIB = 512
const CLOSES_WITHIN_MS = 2_000

const WORKER = new URL('./ledger-worker.ts', import.meta.url)

interface Job {
  readonly question: Question
  readonly words: readonly unknown[]
  readonly answer: Promise<unknown>
  readonly since: number
  settle(answer: unknown): void
  fail(error: GateError): void
}

/**
 * The ledger on a thread of its own, which is started for the first question. One is answered after the other; the same question that waits already
 * is asked once. What waits too long, what finds the line full, and a thread that hangs or dies, are `unknown-store`: the next question
 * starts another.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const line = new Line(options)
  // what comes back is what the same method of the engine answered
  const ask = <Name extends Question>(question: Name): Ledger[Name] =>
    (async (...words: readonly unknown[]) => await line.ask(question, words)) as Ledger[Name]
  return {
    coverage: ask('coverage'),
    journal: ask('journal'),
    refusals: ask('refusals'),
    wouldRefuse: ask('wouldRefuse'),
    projects: ask('projects'),
    downloads: ask('downloads'),
    overTime: ask('overTime'),
    top: ask('top'),
    close: async () => await line.close(),
  }
}

class Line {
  readonly #options: LedgerOptions
  readonly #waiting = new Map<string, Job>()
  #worker: Worker | undefined
  #now: { readonly id: number; readonly job: Job; readonly deadline: NodeJS.Timeout } | undefined
  #lastId = 0
  #closed = false

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  async ask(question: Question, words: readonly unknown[]): Promise<unknown> {
    const { most = MOST } = this.#options
    if (this.#closed) throw away('the ledger is closed')
    const key = JSON.stringify([question, words])
    const before = this.#waiting.get(key)
    if (before !== undefined) return await before.answer
    if (this.#waiting.size >= most) throw tooMany()
    const { promise: answer, resolve: settle, reject: fail } = Promise.withResolvers<unknown>()
    this.#waiting.set(key, { question, words, answer, since: performance.now(), settle, fail })
    this.#next()
    return await answer
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#end(away('the ledger is closed'))
    for (const job of this.#waiting.values()) job.fail(away('the ledger is closed'))
    this.#waiting.clear()
    if (worker === undefined) return
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, CLOSES_WITHIN_MS)
    worker.once('message', () => resolve())
    worker.once('exit', () => resolve())
    worker.postMessage({ id: 0, question: 'close', words: [] } satisfies LedgerOrder)
    await closed
    clearTimeout(late)
    await worker.terminate()
  }

  #next(): void {
    const { patienceMs = PATIENCE_MS, hangsAfterMs = HANGS_AFTER_MS } = this.#options
    if (this.#now !== undefined) return
    for (const [key, job] of this.#waiting) {
      this.#waiting.delete(key)
      if (performance.now() - job.since > patienceMs) {
        job.fail(tooMany())
        continue
      }
      this.#lastId += 1
      const id = this.#lastId
      const deadline = setTimeout(() => this.#end(away('what was written down takes too long to read')), hangsAfterMs)
      this.#now = { id, job, deadline }
      this.#worker ??= this.#start()
      // only questions keep the process alive
      this.#worker.ref()
      this.#worker.postMessage({ id, question: job.question, words: job.words } satisfies LedgerOrder)
      return
    }
  }

  #start(): Worker {
    const { journal, file, workerUrl = WORKER } = this.#options
    const worker = new Worker(workerUrl, {
      execArgv: [],
      workerData: { journal, file } satisfies LedgerPlace,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 32 },
    })
    worker.on('message', (answer: LedgerAnswer) => this.#receive(worker, answer))
    worker.on('error', () => this.#endOf(worker))
    worker.on('exit', () => this.#endOf(worker))
    return worker
  }

  #receive(worker: Worker, answer: LedgerAnswer): void {
    if (worker !== this.#worker || this.#now?.id !== answer.id) return
    const { job, deadline } = this.#now
    clearTimeout(deadline)
    this.#now = undefined
    worker.unref()
    if ('code' in answer) job.fail(new GateError(answer.code, answer.detail))
    else job.settle(answer.answer)
    this.#next()
  }

  #endOf(worker: Worker): void {
    if (worker === this.#worker) this.#end(away('the thread that reads what was written down ended'))
  }

  /** Takes the thread out of service; whoever waits for his turn gets another. */
  #end(why: GateError): void {
    const { job, deadline } = this.#now ?? {}
    clearTimeout(deadline)
    const worker = this.#worker
    this.#worker = undefined
    this.#now = undefined
    job?.fail(why)
    if (this.#closed) return
    void worker?.terminate()
    this.#next()
  }
}

function away(detail: string): GateError {
  return new GateError('unknown-store', detail)
}

function tooMany(): GateError {
  return new GateError('unknown-overloaded', 'too many ask for what was written down')
}
