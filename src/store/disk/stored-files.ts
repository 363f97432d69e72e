import { type BigIntStats, constants } from 'node:fs'
import { lstat, rm, unlink } from 'node:fs/promises'
import type { Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { type Clock, formatInstant } from '../../domain/base/instant.ts'
import { createInTurn } from '../../flow/in-turn.ts'
import type { Events } from '../../observe/events.ts'
import type { OpenBlob } from '../../ports/blobs.ts'
import { storeError } from '../failure/store-error.ts'
import { type BlobRecords, UNSETTLED } from '../sqlite/tables/blob-records-table.ts'
import type { BlobPlaces } from './blob-places.ts'
import { Descriptor, hashOf } from './descriptor.ts'
import { OpenBlobs } from './open-blobs.ts'
import { Settling, type Unsettled } from './settling.ts'
import { GROUP_READS, mayGroupRead, statText } from './stat-record.ts'

/** Nothing is followed, and a pipe in a blob's place keeps nobody waiting. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** `group`: a front of the same group sends files itself. */
export type ReadableBy = 'owner' | 'group'

interface Options {
  readonly places: BlobPlaces
  readonly readableBy: ReadableBy
  readonly records: BlobRecords
  readonly events: Events
  readonly clock: Clock
}

/** A temporary file whose content is right. Whoever gets it takes the descriptor over. */
export interface WrittenFile {
  readonly descriptor: Descriptor
  /** bytes */
  readonly size: number
}

/**
 * What stands in the places of blobs, one after the other for each of them, and what is on record of it.
 *
 * A file counts as stored when the system has it under its name; the disk has it some moments later ({@link Settling}). Rows of the database
 * and pages of files reach the disk each in their own time, so that after a power cut there may be
 *
 * | row | file | what becomes of it |
 * |---|---|---|
 * | its stat record | whole: that row is written last | believed |
 * | `unsettled` | whole | hashed once, and brought to the disk |
 * | `unsettled` | short, zeros, other bytes, absent | dropped, and fetched again; nobody changed it |
 * | none | whole | the same as with `unsettled` |
 * | none | short, zeros | dropped as well, where the last process did not end by itself; else somebody put it there |
 * | a stat record of an earlier file | any | cannot be: a row is off the disk before another file takes the place ({@link BlobRecords.withdraw}) |
 */
export class StoredFiles {
  readonly #options: Options
  readonly #open: OpenBlobs
  readonly #settling: Settling
  /** what nothing is on record of may have been lost with the power */
  readonly #isDoubtful: boolean
  #marked: Promise<void> | undefined
  readonly #inTurn = createInTurn<Sha256>()

  constructor(options: Options) {
    const { records, places, events } = options
    this.#options = options
    this.#isDoubtful = places.isUnsettled
    this.#settling = new Settling({
      places,
      events,
      settled: file => this.#settled(file),
      lost: file => this.#lost(file),
    })
    // its record is made void, so that the next opening hashes it
    this.#open = new OpenBlobs(sha256 => {
      this.#settling.forget(sha256)
      records.put(sha256, { stat: '', size: records.get(sha256)?.size ?? 0 })
    })
  }

  /** To be called before anything is written: what tells of it reaches the disk meanwhile. */
  begin(): void {
    this.#marked ??= this.#options.places.markUnsettled().catch((error: unknown) => {
      this.#marked = undefined
      throw error
    })
    this.#marked.catch(() => {}) // whoever publishes is told
  }

  /** One that was opened lately. */
  atHand(sha256: Sha256): OpenBlob | undefined {
    return this.#open.open(sha256)
  }

  async open(sha256: Sha256): Promise<OpenBlob | undefined> {
    return (
      this.atHand(sha256) ??
      (await this.#inTurn(sha256, async () => this.#open.open(sha256) ?? (await this.#openFile(sha256))))
    )
  }

  /** `published` is told in the same breath in which the file counts as stored. */
  async publish(sha256: Sha256, temporary: string, file: WrittenFile, published: () => void): Promise<void> {
    const { places, records, readableBy } = this.#options
    const { descriptor, size } = file
    this.begin()
    await this.#marked
    await this.#settling.room()
    await this.#inTurn(sha256, async () => {
      this.#settling.forget(sha256)
      // what the disk has is not given for what it may lose
      if (records.get(sha256) !== undefined) await descriptor.sync()
      records.withdraw(sha256)
      if (readableBy === 'group') await descriptor.changeMode(GROUP_READS)
      await places.publish(temporary, sha256)
      const stat = await descriptor.stat()
      records.put(sha256, { stat: UNSETTLED, size })
      published()
      this.#settle(sha256, descriptor, stat)
      this.#open.add({ sha256, path: places.pathOf(sha256), size, stat, descriptor }).close()
    })
  }

  /** Everything that was stored until now is on the disk when this resolves. Throws `unknown-store` where some of it is not. */
  synced(): Promise<void> {
    return this.#settling.all()
  }

  async remove(sha256: Sha256): Promise<void> {
    await this.#inTurn(sha256, async () => {
      this.#open.forget(sha256)
      this.#settling.forget(sha256)
      try {
        await unlink(this.#options.places.pathOf(sha256))
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw storeError('a stored file could not be removed', error)
      }
      this.#options.records.delete(sha256)
    })
  }

  /** Hashes a blob whatever its stat record says; what is wrong is set aside. */
  async examine(sha256: Sha256, pause: (bytes: number) => Promise<void>): Promise<void> {
    if (await this.#isSound(sha256, pause)) return
    // perhaps it was replaced meanwhile: the next opening decides, under the same lock as everything else
    const record = this.#options.records.get(sha256)
    if (record === undefined) return
    this.#open.forget(sha256)
    this.#settling.forget(sha256)
    if (record.stat !== UNSETTLED) this.#options.records.put(sha256, { ...record, stat: '' })
    const blob = await this.open(sha256)
    blob?.close()
  }

  /** Puts on record what lies in the blob's place and is not. Not hashed yet: that is for whoever opens it. */
  async record(sha256: Sha256): Promise<void> {
    const { places, records } = this.#options
    if (records.get(sha256) !== undefined) return
    const stat = await lstat(places.pathOf(sha256)).catch(() => undefined)
    if (!stat?.isFile() || records.get(sha256) !== undefined) return
    records.put(sha256, { stat: this.#isDoubtful ? UNSETTLED : '', size: stat.size })
  }

  /** `isKnown`: everything that lies here is on record. Those who read go on reading. */
  async close(stock: { readonly isKnown: boolean }): Promise<void> {
    await this.#settling.close()
    this.#open.clear()
    // what was doubtful and was not looked at stays so
    const isSettled = this.#isDoubtful ? stock.isKnown : this.#marked !== undefined
    if (isSettled) await this.#options.places.clearUnsettled().catch(() => {})
  }

  #settle(sha256: Sha256, descriptor: Descriptor, stat: BigIntStats): void {
    const folders = this.#options.places.foldersOf(sha256)
    this.#settling.add({ sha256, descriptor, stat: statText(stat), folders })
  }

  #settled(file: Unsettled): Promise<void> {
    return this.#inTurn(file.sha256, async () => {
      const { sha256, stat } = file
      this.#options.places.lasts(sha256)
      if (this.#settling.isKnown(sha256, stat)) this.#options.records.confirm(sha256, stat)
    })
  }

  /** Fetched again by whoever asks next. */
  #lost({ sha256, stat }: Unsettled): Promise<void> {
    return this.#inTurn(sha256, async () => {
      if (this.#settling.isKnown(sha256, stat)) await this.#drop(sha256)
    })
  }

  async #drop(sha256: Sha256): Promise<undefined> {
    const { places, records } = this.#options
    this.#open.forget(sha256)
    this.#settling.forget(sha256)
    const size = records.get(sha256)?.size ?? 0
    await rm(places.pathOf(sha256), { force: true })
    records.delete(sha256)
    this.#options.events.emit({ type: 'blob', action: 'lost', bytes: size, total: records.total() })
  }

  /** Opens what stands in the blob's place, and believes it only when it is what was hashed before, or hashes right now. */
  async #openFile(sha256: Sha256): Promise<OpenBlob | undefined> {
    const path = this.#options.places.pathOf(sha256)
    const descriptor = await this.#descriptorOf(sha256, path)
    if (descriptor === undefined) return undefined
    let kept = false
    try {
      const stat = await this.#readableStat(descriptor)
      if (stat.nlink === 0n) return undefined
      const odd = strange(stat)
      if (odd !== undefined) return await this.#setAside(sha256, odd)
      const wrong = await this.#wrongBytes(sha256, descriptor, stat)
      if (wrong !== undefined)
        return await (this.#mayBeLost(sha256) ? this.#drop(sha256) : this.#setAside(sha256, wrong))
      const blob = this.#open.add({ sha256, path, size: Number(stat.size), stat, descriptor })
      kept = true
      return blob
    } catch (error) {
      throw storeError('a stored file could not be opened', error)
    } finally {
      if (!kept) descriptor.release()
    }
  }

  /** A file from before others were to read it is given to them now: its stat record changes with that, so it is hashed again. */
  async #readableStat(descriptor: Descriptor): Promise<BigIntStats> {
    const stat = await descriptor.stat()
    if (this.#options.readableBy === 'owner' || strange(stat) !== undefined || mayGroupRead(stat)) return stat
    await descriptor.changeMode(GROUP_READS)
    return await descriptor.stat()
  }

  async #descriptorOf(sha256: Sha256, path: string): Promise<Descriptor | undefined> {
    try {
      return await Descriptor.open(path, FLAGS)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'ENOENT') this.#options.records.delete(sha256)
      else if (code === 'ELOOP' || code === 'ENXIO') await this.#setAside(sha256, 'it is not a regular file')
      else throw storeError('a stored file could not be opened', error)
      return undefined
    }
  }

  async #wrongBytes(sha256: Sha256, descriptor: Descriptor, stat: BigIntStats): Promise<string | undefined> {
    const { records } = this.#options
    const text = statText(stat)
    if (records.get(sha256)?.stat === text || this.#settling.isKnown(sha256, text)) return undefined
    const found = await hashOf(descriptor)
    if (found !== sha256) return `its bytes have the sha256 ${found}`
    if (statText(await descriptor.stat()) !== text) return 'it changed while it was hashed'
    // the system has them; whether the disk has is not known yet
    records.put(sha256, { stat: UNSETTLED, size: Number(stat.size) })
    this.#settle(sha256, descriptor, stat)
    return undefined
  }

  /** Whether a power cut may have made it what it is, so that nobody is to be accused. What this process wrote, the system has. */
  #mayBeLost(sha256: Sha256): boolean {
    if (this.#settling.isKnown(sha256)) return false
    const record = this.#options.records.get(sha256)
    return record === undefined ? this.#isDoubtful : record.stat === UNSETTLED
  }

  async #setAside(sha256: Sha256, why: string): Promise<undefined> {
    const { places, records, events, clock } = this.#options
    this.#open.forget(sha256)
    this.#settling.forget(sha256)
    await places.setAside(sha256, formatInstant(clock()).replace(/[:.]/g, '-'))
    records.delete(sha256)
    const detail = `the stored file ${sha256} was changed on disk (${why}); it was moved to ${places.root}/quarantine`
    events.emit({ type: 'alarm', alarm: 'blob-corrupt', detail, untrusted: undefined })
  }

  async #isSound(sha256: Sha256, pause: (bytes: number) => Promise<void>): Promise<boolean> {
    const descriptor = await Descriptor.open(this.#options.places.pathOf(sha256), FLAGS).catch(() => undefined)
    if (descriptor === undefined) return false
    try {
      return strange(await descriptor.stat()) === undefined && (await hashOf(descriptor, pause)) === sha256
    } finally {
      descriptor.release()
    }
  }
}

function strange(stat: BigIntStats): string | undefined {
  if (!stat.isFile()) return 'it is not a regular file'
  return stat.nlink === 1n ? undefined : 'it has a second name'
}
