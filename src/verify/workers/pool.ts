import { Worker } from 'node:worker_threads'
import { GateError } from '../../domain/base/errors.ts'
import { Turns } from '../../flow/turns.ts'
import type { Events } from '../../observe/events.ts'
import type { TrustRoots, Verifier } from '../../ports/trust.ts'
import type { ProvenanceFinding } from '../evidence/document.ts'
import { decodeFinding } from '../evidence/finding-codec.ts'
import type { VerifyAnswer, VerifyRequest, WarmUp } from './worker-messages.ts'

export interface VerifierPoolOptions {
  /** workers at most; they are started when there is work for them */
  readonly size: number
  /** from the moment a worker gets the document; a worker that takes longer is ended */
  readonly timeoutMs: number
  /** documents waiting for a worker at most */
  readonly maxQueue: number
  readonly events?: Events
  /** after which a worker without work is ended: it costs memory, and the next one starts in a fifth of a second */
  readonly idleMs?: number
  /** The worker's module; tests bring misbehaving ones. */
  readonly workerUrl?: URL
}

type Turn = NonNullable<Parameters<Verifier['verify']>[2]>

interface Job {
  readonly document: Parameters<Verifier['verify']>[0]
  readonly roots: TrustRoots
  readonly turn: Turn
  readonly queued: number
  readonly asked: number
  settle(finding: ProvenanceFinding): void
  fail(error: GateError): void
}

/** A worker and the one job it has. */
interface Seat {
  readonly worker: Worker
  job: { readonly id: number; readonly work: Job; readonly deadline: NodeJS.Timeout } | undefined
  /** runs while there is no job */
  idle: NodeJS.Timeout | undefined
  /** its thread runs */
  started: boolean
}

/** Until a worker's thread runs. */
const START_MS = 60_000
const IDLE_MS = 60_000
/** for the first document of all: somebody who starts a gate asks it for something soon, or it may as well be small */
const WARM_MS = 10 * 60_000
/** of a worker’s heap, and of its new objects */
const HEAP_MIB = 512
const YOUNG_MIB = 8

const WORKER = new URL('./worker.ts', import.meta.url)

/** Of whoever does not say. */
const NO_TURN: Turn = ['', '']

/** Cryptography on other threads, a document of each client and project in turn. A worker that dies or hangs is `unknown-verifier` and replaced; a full queue is `unknown-overloaded`. */
export function createVerifierPool(options: VerifierPoolOptions): WarmVerifier {
  return new VerifierPool(options)
}

export interface WarmVerifier extends Verifier {
  /**
   * Has one worker start, load its modules and read these roots beside everything else, where there is none. The first document
   * would wait for that: 0.2 s of a processor from source, half of it bundled.
   */
  warmUp(roots: TrustRoots): void
}

class VerifierPool implements WarmVerifier {
  readonly #options: VerifierPoolOptions
  readonly #seats = new Set<Seat>()
  readonly #waiting = new Turns<Job>()
  #lastId = 0
  #closed = false

  constructor(options: VerifierPoolOptions) {
    this.#options = options
  }

  verify(document: Job['document'], roots: TrustRoots, turn = NO_TURN): Promise<ProvenanceFinding> {
    const { promise, resolve, reject } = Promise.withResolvers<ProvenanceFinding>()
    const asked = performance.now()
    const job: Job = {
      document,
      roots,
      turn,
      asked,
      queued: this.#waiting.size,
      settle: finding => {
        this.#report(job, finding.kind)
        resolve(finding)
      },
      fail: error => {
        this.#report(job, 'unknown')
        reject(error)
      },
    }
    this.#accept(job)
    return promise
  }

  warmUp(roots: TrustRoots): void {
    if (this.#closed || this.#seats.size > 0) return
    const seat = this.#start()
    seat.worker.unref()
    seat.worker.postMessage({ kind: 'warm-up', roots } satisfies WarmUp)
    seat.idle = setTimeout(() => void this.#end(seat, 'no document came'), WARM_MS).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (let job = this.#nextJob(); job !== undefined; job = this.#nextJob())
      job.fail(new GateError('unknown-verifier', 'the verifier is closing'))
    await Promise.all([...this.#seats].map(seat => this.#end(seat, 'the verifier is closing')))
  }

  #accept(job: Job): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      job.fail(refusal)
      return
    }
    this.#waiting.add(job, job.turn)
    this.#dispatch()
  }

  #refusal(): GateError | undefined {
    if (this.#closed) return new GateError('unknown-verifier', 'the verifier is closed')
    const full = this.#waiting.size >= this.#options.maxQueue && !this.#hasRoom()
    if (!full) return undefined
    return new GateError('unknown-overloaded', 'too many attestations are waiting to be verified', {
      limit: 'verifications',
    })
  }

  #hasRoom(): boolean {
    return this.#seats.size < this.#options.size || [...this.#seats].some(seat => seat.job === undefined)
  }

  #dispatch(): void {
    while (this.#waiting.size > 0) {
      const seat = this.#freeSeat()
      const job = seat === undefined ? undefined : this.#nextJob()
      if (seat === undefined || job === undefined) return
      this.#assign(seat, job)
    }
  }

  #nextJob(): Job | undefined {
    const job = this.#waiting.next()?.item
    if (job !== undefined) this.#waiting.remove(job, job.turn)
    return job
  }

  #freeSeat(): Seat | undefined {
    for (const seat of this.#seats) if (seat.job === undefined) return seat
    return this.#seats.size < this.#options.size ? this.#start() : undefined
  }

  #start(): Seat {
    const worker = new Worker(this.#options.workerUrl ?? WORKER, {
      // nothing of the parent's loaders or inspector
      execArgv: [],
      // with a bound V8 collects sooner: after 1,250 leaves a worker is some 40 MB smaller. The largest document takes 170 of it
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    const seat: Seat = { worker, job: undefined, idle: undefined, started: false }
    this.#seats.add(seat)
    worker.on('online', () => this.#begin(seat))
    worker.on('message', (answer: VerifyAnswer) => this.#receive(seat, answer))
    worker.on('messageerror', () => void this.#end(seat, 'a verification worker sent something unreadable'))
    worker.on('error', cause => void this.#end(seat, 'a verification worker crashed', cause))
    worker.on('exit', () => void this.#end(seat, 'a verification worker ended'))
    return seat
  }

  #assign(seat: Seat, work: Job): void {
    this.#lastId += 1
    const id = this.#lastId
    clearTimeout(seat.idle)
    seat.job = { id, work, deadline: this.#deadline(seat, seat.started ? this.#options.timeoutMs : START_MS) }
    // only work keeps the process alive
    seat.worker.ref()
    post(seat.worker, id, work, undefined)
  }

  #deadline(seat: Seat, ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.#end(seat, `a verification took more than ${ms} ms`), ms)
  }

  /** What a busy machine takes to start a worker is no time of the document's. */
  #begin(seat: Seat): void {
    seat.started = true
    const { job } = seat
    if (job === undefined) return
    clearTimeout(job.deadline)
    seat.job = { ...job, deadline: this.#deadline(seat, this.#options.timeoutMs) }
  }

  #receive(seat: Seat, answer: VerifyAnswer): void {
    const { job } = seat
    if (job === undefined || job.id !== answer.id) {
      void this.#end(seat, 'a verification worker answered out of turn')
    } else if (answer.kind === 'trust-wanted') {
      post(seat.worker, job.id, job.work, job.work.roots)
    } else {
      clearTimeout(job.deadline)
      seat.job = undefined
      seat.worker.unref()
      conclude(job.work, answer)
      const { idleMs = IDLE_MS } = this.#options
      seat.idle = setTimeout(() => void this.#end(seat, 'a verification worker had no work'), idleMs).unref()
      this.#dispatch()
    }
  }

  /** Takes a worker out of service; what it was doing is unknown. Safe to call twice. */
  async #end(seat: Seat, why: string, cause?: unknown): Promise<void> {
    if (!this.#seats.delete(seat)) return
    clearTimeout(seat.idle)
    const { job } = seat
    if (job !== undefined) {
      clearTimeout(job.deadline)
      job.work.fail(new GateError('unknown-verifier', why, { cause }))
    }
    this.#dispatch()
    await seat.worker.terminate()
  }

  #report(job: Job, outcome: ProvenanceFinding['kind'] | 'unknown'): void {
    this.#options.events?.emit({ type: 'verification', outcome, ms: performance.now() - job.asked, queued: job.queued })
  }
}

function post(worker: Worker, id: number, { document, roots }: Job, sent: TrustRoots | undefined): void {
  const { bytes, filename, sha256 } = document
  const rootDigests = { sigstore: roots.sigstore.digest, custom: roots.custom.map(({ digest }) => digest) }
  worker.postMessage({ id, bytes, filename, sha256, rootDigests, roots: sent } satisfies VerifyRequest)
}

function conclude(work: Job, answer: Exclude<VerifyAnswer, { kind: 'trust-wanted' }>): void {
  const finding = answer.kind === 'finding' ? decodeFinding(answer.finding) : undefined
  if (answer.kind === 'failed') work.fail(new GateError(answer.code, answer.detail))
  else if (finding === undefined || finding.kind === 'unattested')
    work.fail(new GateError('unknown-verifier', 'a verification worker answered nonsense'))
  else work.settle(finding)
}
