import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import { type Asker, OURSELVES } from '../flow/asker.ts'
import { createLimit, type Limit } from '../flow/limit.ts'
import type { CodedDocument } from './coded.ts'
import type { ParseAnswer, ParseOrder, ParseRequest } from './parser-messages.ts'

export interface ParserPoolOptions {
  /** workers at most; they are started when there is work for them */
  readonly size?: number
  /** MiB of heap that one document may take */
  readonly heapMiB?: number
  /** from the moment a worker has the document */
  readonly timeoutMs?: number
  /** The worker's module; tests bring misbehaving ones. */
  readonly workerUrl?: URL
}

/** A document without its files, and the pieces that they come in, all of which are there. */
export interface Parsed {
  readonly answer: Exclude<ParseAnswer, { kind: 'failed' }>
  readonly port: MessagePort
}

interface Job {
  readonly document: CodedDocument
  readonly order: ParseOrder
  settle(parsed: Parsed | Extract<ParseAnswer, { kind: 'failed' }>): void
  fail(error: GateError): void
}

interface Seat {
  readonly worker: Worker
  job: { readonly id: number; readonly work: Job; readonly port: MessagePort } | undefined
  deadline: NodeJS.Timeout | undefined
}

const SIZE = 2
const HEAP_MIB = 512
const TIMEOUT_MS = 20_000
const IDLE_MS = 60_000
const MOST_WAITING = 64

const WORKER = new URL('./parser-worker.ts', import.meta.url)

/**
 * So many large documents are read at once as there are threads, and whoever brings many waits behind himself, as everywhere
 * (`flow/limit.ts`): they are read on other threads, each with a bound on its memory: one that is too much for it ends its thread and
 * nothing else. That, a thread that hangs, and one that dies are `unknown-upstream`, for it was the upstream's document; a full
 * line, or one in which nobody waits for it any more, is `unknown-overloaded`.
 */
export class ParserPool {
  readonly #options: ParserPoolOptions
  readonly #seats = new Set<Seat>()
  readonly #line: Limit
  readonly #closing = new AbortController()
  #lastId = 0
  constructor(options: ParserPoolOptions = {}) {
    this.#options = options
    const { size: running = SIZE } = options
    this.#line = createLimit({ running, waiting: MOST_WAITING, what: 'large documents', name: 'documents' })
  }

  async parse(
    document: CodedDocument,
    order: ParseOrder,
    asker: Asker = OURSELVES,
  ): Promise<Parsed | Extract<ParseAnswer, { kind: 'failed' }>> {
    const leave = await this.#enter(asker)
    try {
      return await new Promise((settle, fail) => {
        this.#assign(this.#freeSeat(), { document, order, settle, fail })
      })
    } finally {
      leave()
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#seats].map(seat => this.#end(seat, closed())))
  }

  async #enter(asker: Asker): Promise<() => void> {
    const { signal } = this.#closing
    try {
      const leave = await this.#line.enter(signal, { asker })
      if (!signal.aborted) return leave
      leave()
    } catch (error) {
      if (!signal.aborted) throw error
    }
    throw closed()
  }

  /** There are as many as may be read at once. */
  #freeSeat(): Seat {
    for (const seat of this.#seats) if (seat.job === undefined) return seat
    return this.#start()
  }

  #start(): Seat {
    const { heapMiB = HEAP_MIB, workerUrl = WORKER } = this.#options
    const worker = new Worker(workerUrl, {
      // nothing of the parent's loaders or inspector
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 32 },
    })
    const seat: Seat = { worker, job: undefined, deadline: undefined }
    this.#seats.add(seat)
    worker.on('message', (answer: ParseAnswer) => this.#receive(seat, answer))
    worker.on('messageerror', () => void this.#end(seat, given('a document came out unreadable')))
    worker.on('error', cause => void this.#end(seat, died(cause)))
    worker.on('exit', () => void this.#end(seat, given('the thread that read a document ended')))
    return seat
  }

  #assign(seat: Seat, work: Job): void {
    const { timeoutMs = TIMEOUT_MS } = this.#options
    this.#lastId += 1
    const id = this.#lastId
    const { port1, port2 } = new MessageChannel()
    port1.unref()
    seat.job = { id, work, port: port1 }
    clearTimeout(seat.deadline)
    seat.deadline = setTimeout(() => {
      void this.#end(seat, given(`a document took more than ${timeoutMs} ms to read`))
    }, timeoutMs)
    // only work keeps the process alive
    seat.worker.ref()
    const { document, order } = work
    const { buffer, byteLength } = document.bytes
    const whole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
    const request = { id, document, order, port: port2 } satisfies ParseRequest
    seat.worker.postMessage(request, [port2, ...whole])
  }

  #receive(seat: Seat, answer: ParseAnswer): void {
    const { job } = seat
    if (job === undefined || job.id !== answer.id) {
      void this.#end(seat, given('a document was read out of turn'))
      return
    }
    clearTimeout(seat.deadline)
    seat.job = undefined
    seat.worker.unref()
    seat.deadline = setTimeout(() => void this.#end(seat, given('no work')), IDLE_MS).unref()
    if (answer.kind === 'failed') {
      job.port.close()
      job.work.settle(answer)
    } else job.work.settle({ answer, port: job.port })
  }

  /** Takes a thread out of service. Safe to call twice. */
  async #end(seat: Seat, why: GateError): Promise<void> {
    if (!this.#seats.delete(seat)) return
    clearTimeout(seat.deadline)
    seat.job?.port.close()
    seat.job?.work.fail(why)
    await seat.worker.terminate()
  }
}

function closed(): GateError {
  return given('documents are not read any more')
}

function given(detail: string): GateError {
  return new GateError('unknown-upstream', detail)
}

function died(cause: unknown): GateError {
  const outgrown = errorCode(cause) === 'ERR_WORKER_OUT_OF_MEMORY'
  const detail = outgrown ? 'a document takes more memory than one may' : 'a document ended the thread that read it'
  return new GateError('unknown-upstream', detail, { cause })
}
