import type { Sha256 } from '../../domain/base/digest.ts'
import type { Events } from '../../observe/events.ts'
import { storeError } from '../failure/store-error.ts'
import type { BlobPlaces } from './blob-places.ts'
import type { Descriptor } from './descriptor.ts'

/** How long a file waits for others that are synced with it, ms. */
const GATHERS = 50
/** Files of one batch: their folders are synced once for all of them. */
const BATCH = 32
/** Files that wait; each of them has a descriptor. Above this many, whoever stores one more waits for the disk. */
const MOST = 64

/** A file in its place whose bytes the system has, and the disk perhaps not. */
export interface Unsettled {
  readonly sha256: Sha256
  /** its owner is somebody else */
  readonly descriptor: Descriptor
  /** its stat record, as a text */
  readonly stat: string
  /** whose entries are to be on the disk with it */
  readonly folders: readonly string[]
}

interface Options {
  readonly places: BlobPlaces
  readonly events: Events
  /** It is on the disk now, under its name. In its turn. */
  readonly settled: (file: Unsettled) => Promise<void>
  /** The disk did not take it: what is read of it from now on may be anything. In its turn. */
  readonly lost: (file: Unsettled) => Promise<void>
}

/**
 * Brings files to the disk behind those who wait for them: one batch after the other, first the bytes, then the names, and only then is
 * it written down that they are there. A kill takes nothing away, because the system has it all; a power cut may, and then there is
 * no more on record than that the file is to be hashed.
 */
export class Settling {
  readonly #options: Options
  readonly #waiting = new Map<Sha256, Unsettled>()
  /** of the waiting, those that no batch has taken up */
  #next: Unsettled[] = []
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #failure: unknown
  #closed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** Resolves when there is room for one more; `undefined` where there is. */
  room(): Promise<void> | undefined {
    if (this.#waiting.size < MOST) return undefined
    this.#start()
    return this.#running
  }

  add(file: Unsettled): void {
    file.descriptor.hold()
    this.#waiting.set(file.sha256, file)
    this.#next.push(file)
    if (this.#next.length >= BATCH || this.#closed) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), GATHERS).unref()
  }

  /** Whether this very file was put there, or hashed, by this process: the system has what it gives out. */
  isKnown(sha256: Sha256, stat?: string): boolean {
    const file = this.#waiting.get(sha256)
    return file !== undefined && (stat === undefined || file.stat === stat)
  }

  /** It is gone, or not believed any more: nothing is written down of it. */
  forget(sha256: Sha256): void {
    this.#waiting.delete(sha256)
  }

  /** Everything that was added until now, and how that went: throws `unknown-store` where the disk did not take one since this was asked last. */
  async all(): Promise<void> {
    this.#start()
    await this.#running
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw storeError('a stored file did not reach the disk', failure)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.all().catch(() => {}) // told already
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#next.length > 0) {
      const batch = this.#next.splice(0, BATCH)
      this.#running = this.#running.then(() => this.#settle(batch))
    }
  }

  async #settle(batch: readonly Unsettled[]): Promise<void> {
    const folders = new Map<string, boolean>()
    const synced: Unsettled[] = []
    for (const file of batch)
      if (await this.#sync(file)) {
        synced.push(file)
        for (const folder of file.folders) folders.set(folder, false)
      }
    for (const folder of folders.keys()) folders.set(folder, await this.#syncFolder(folder))
    for (const file of synced) {
      if (this.#isCurrent(file) && file.folders.every(folder => folders.get(folder) === true))
        await this.#options.settled(file).catch(error => this.#tell(error))
      // where its folder was not synced it goes on as it is: it may vanish, and nothing says that it cannot
      if (this.#isCurrent(file)) this.#waiting.delete(file.sha256)
    }
    for (const { descriptor } of batch) descriptor.release()
  }

  #isCurrent(file: Unsettled): boolean {
    return this.#waiting.get(file.sha256) === file
  }

  async #sync(file: Unsettled): Promise<boolean> {
    try {
      await file.descriptor.sync()
      return true
    } catch (error) {
      // the system lets go of what it could not write, and says so once
      file.descriptor.spoil()
      if (!this.#isCurrent(file)) return false
      this.#tell(error)
      await this.#options.lost(file).catch(() => {})
      if (this.#isCurrent(file)) this.#waiting.delete(file.sha256)
      return false
    }
  }

  async #syncFolder(folder: string): Promise<boolean> {
    try {
      await this.#options.places.sync(folder)
      return true
    } catch (error) {
      this.#tell(error)
      return false
    }
  }

  #tell(cause: unknown): void {
    const detail = 'a stored file did not reach the disk'
    this.#failure ??= cause
    const { code } = storeError(detail, cause)
    this.#options.events.emit({
      type: 'unknown',
      code,
      detail,
      route: 'background',
      untrusted: undefined,
      cause,
      id: '',
    })
  }
}
