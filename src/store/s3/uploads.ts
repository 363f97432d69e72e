import type { Sha256 } from '../../domain/base/digest.ts'
import type { OpenBlob } from '../../ports/blobs.ts'
import { bodyOf } from './blob-body.ts'
import type { Bucket } from './bucket.ts'
import type { PendingUploads } from './pending-uploads.ts'
import type { Reach } from './reach.ts'

/** On their way at once. */
const AT_ONCE = 4
/** Files that are kept open until it is their turn, so that they may be evicted meanwhile. */
const MOST_OPEN = 128
/** After one that failed, ms; twice as long after each further time. */
const AGAIN_AFTER = 500
const AGAIN_AT_MOST = 10_000
/** How long those that are on their way are waited for at the end, ms. */
const LAST_WAIT = 3_000
/** The least bytes per second that one is believed to be on its way with, and what it has besides, ms. */
const LEAST_RATE = 256 * 1024
const GRACE = 15_000
/** What one PUT may bring, bytes. */
export const LARGEST_OBJECT = 5 * 1024 ** 3

interface Options {
  readonly open: (sha256: Sha256) => Promise<OpenBlob | undefined>
  readonly bucket: Bucket
  readonly reach: Reach
  readonly pending: PendingUploads
  /** the object of this digest that has other bytes, by its tag */
  readonly wrongObject: (sha256: Sha256) => string | undefined
  /** It is there. What throws has it looked for there once more. */
  readonly arrived: (sha256: Sha256, bytes: number) => Promise<void>
  /** it can never be there */
  readonly tooLarge: (sha256: Sha256, bytes: number) => void
}

interface Upload {
  /** kept open, as far as there is room for that */
  readonly blob: OpenBlob | undefined
  readonly tries: number
  /** on the monotonic clock, ms */
  readonly notBefore: number
  /** whoever waits for the first try */
  readonly tried: PromiseWithResolvers<void>
}

/** Brings what was stored to the bucket, behind those who stored it, until it is there. */
export class Uploads {
  readonly #options: Options
  readonly #waiting = new Map<Sha256, Upload>()
  readonly #underWay = new Map<Sha256, { readonly done: Promise<void>; readonly ending: AbortController }>()
  #open = 0
  #closed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** how many are not there yet */
  get size(): number {
    return this.#waiting.size + this.#underWay.size
  }

  /** What an earlier process did not bring there. */
  async resume(): Promise<void> {
    for (const sha256 of await this.#options.pending.all()) this.#add(sha256, undefined)
    this.go()
  }

  /** It is stored, and written down as pending. */
  async start(sha256: Sha256): Promise<void> {
    if (this.#closed || this.#waiting.has(sha256)) return
    const blob = this.#open < MOST_OPEN ? await this.#options.open(sha256).catch(() => undefined) : undefined
    if (this.#closed || this.#waiting.has(sha256)) return blob?.close()
    this.#add(sha256, blob)
    this.go()
  }

  settled(sha256: Sha256): Promise<void> {
    const waiting = this.#waiting.get(sha256)
    if (waiting !== undefined) return waiting.tried.promise
    return this.#underWay.get(sha256)?.done ?? Promise.resolve()
  }

  /** It is not to be brought there any more: resolves when it is not on its way either. */
  async forget(sha256: Sha256): Promise<void> {
    this.#take(sha256)?.blob?.close()
    const flight = this.#underWay.get(sha256)
    flight?.ending.abort()
    await flight?.done
    this.#take(sha256)?.blob?.close()
    await this.#options.pending.remove(sha256)
  }

  /** Goes on, where there is a place and the bucket can be had. */
  go(): void {
    while (!this.#closed && !this.#options.reach.isAway && this.#underWay.size < AT_ONCE) {
      const next = this.#next()
      if (next === undefined) return
      const upload = this.#take(next)
      if (upload !== undefined) this.#depart(next, upload)
    }
    // whoever waits for one to get there need not wait for the bucket to come back
    if (this.#options.reach.isAway) for (const { tried } of this.#waiting.values()) tried.resolve()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { blob, tried } of this.#waiting.values()) {
      blob?.close()
      tried.resolve()
    }
    this.#waiting.clear()
    const flights = [...this.#underWay.values()]
    const late = setTimeout(() => {
      for (const { ending } of flights) ending.abort()
    }, LAST_WAIT)
    await Promise.all(flights.map(({ done }) => done))
    clearTimeout(late)
  }

  #next(): Sha256 | undefined {
    const now = performance.now()
    for (const [sha256, { notBefore }] of this.#waiting)
      if (notBefore <= now && !this.#underWay.has(sha256)) return sha256
    return undefined
  }

  #add(sha256: Sha256, blob: OpenBlob | undefined): void {
    if (blob !== undefined) this.#open += 1
    this.#waiting.set(sha256, { blob, tries: 0, notBefore: 0, tried: Promise.withResolvers() })
  }

  /** From the line; its blob is for whoever takes it to close. */
  #take(sha256: Sha256): Upload | undefined {
    const upload = this.#waiting.get(sha256)
    this.#waiting.delete(sha256)
    if (upload?.blob !== undefined) this.#open -= 1
    return upload
  }

  #depart(sha256: Sha256, upload: Upload): void {
    const ending = new AbortController()
    const done = this.#bring(sha256, upload, ending).then(outcome => {
      this.#underWay.delete(sha256)
      upload.tried.resolve()
      if (outcome === 'again' && !this.#closed) this.#lineUpAgain(sha256, upload)
      this.go()
    })
    this.#underWay.set(sha256, { done, ending })
  }

  #lineUpAgain(sha256: Sha256, { tries, tried }: Upload): void {
    const pause = Math.min(AGAIN_AFTER * 2 ** tries, AGAIN_AT_MOST)
    const again = { blob: undefined, tries: tries + 1, notBefore: performance.now() + pause, tried }
    if (!this.#waiting.has(sha256)) this.#waiting.set(sha256, again)
    setTimeout(() => this.go(), pause + 1).unref()
  }

  async #bring(sha256: Sha256, { blob: kept }: Upload, ending: AbortController): Promise<'done' | 'again'> {
    const { open, tooLarge } = this.#options
    let blob: OpenBlob | undefined
    try {
      blob = kept ?? (await open(sha256))
      // it was let go of, and is fetched from where it came by whoever asks for it
      if (blob === undefined) return await this.#isDone(sha256)
      if (blob.size > LARGEST_OBJECT) {
        tooLarge(sha256, blob.size)
        return await this.#isDone(sha256)
      }
      await this.#put(blob, ending)
      return await this.#isDone(sha256)
    } catch {
      return 'again'
    } finally {
      blob?.close()
    }
  }

  async #put(blob: OpenBlob, ending: AbortController): Promise<void> {
    const { bucket, reach, wrongObject, arrived } = this.#options
    const { sha256, size } = blob
    let isLate = false
    const late = setTimeout(
      () => {
        isLate = true
        ending.abort()
      },
      GRACE + (size / LEAST_RATE) * 1_000,
    )
    const bring = async (): Promise<void> => {
      const wrong = wrongObject(sha256)
      const there = await bucket.head(sha256)
      if (there !== undefined && there.size === size && there.tag !== wrong) return
      // these bytes are right, whatever became of what stood there meanwhile
      const over = there === undefined ? 'nothing' : 'anything'
      await bucket.put(sha256, { body: bodyOf(blob), size }, { over, signal: ending.signal })
    }
    try {
      await reach.ask(bring, () => ending.signal.aborted && !isLate)
      await arrived(sha256, size)
    } finally {
      clearTimeout(late)
    }
  }

  async #isDone(sha256: Sha256): Promise<'done'> {
    if (!this.#waiting.has(sha256)) await this.#options.pending.remove(sha256)
    return 'done'
  }
}
