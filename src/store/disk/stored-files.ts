import { type BigIntStats, constants } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import type { Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { type Clock, formatInstant } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { OpenBlob } from '../../ports/blobs.ts'
import { storeError } from '../failure/store-error.ts'
import type { BlobRecords } from '../sqlite/tables/blob-records-table.ts'
import type { BlobPlaces } from './blob-places.ts'
import { Descriptor, hashOf } from './descriptor.ts'
import { createInTurn } from './in-turn.ts'
import { OpenBlobs } from './open-blobs.ts'
import { statText } from './stat-record.ts'

/** Nothing is followed, and a pipe in a blob's place keeps nobody waiting. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

interface Options {
  readonly places: BlobPlaces
  readonly records: BlobRecords
  readonly events: Events
  readonly clock: Clock
}

/** A temporary file whose content is right and on the disk. Whoever gets it takes the descriptor over. */
export interface WrittenFile {
  readonly descriptor: Descriptor
  /** bytes */
  readonly size: number
}

/** What stands in the places of blobs, one after the other for each of them, and what is on record of it. */
export class StoredFiles {
  readonly #options: Options
  readonly #open: OpenBlobs
  readonly #inTurn = createInTurn<Sha256>()

  constructor(options: Options) {
    const { records } = options
    this.#options = options
    // its record is made void, so that the next opening hashes it
    this.#open = new OpenBlobs(sha256 => records.put(sha256, { stat: '', size: records.get(sha256)?.size ?? 0 }))
  }

  async open(sha256: Sha256): Promise<OpenBlob | undefined> {
    const atHand = this.#open.open(sha256)
    return atHand ?? (await this.#inTurn(sha256, async () => this.#open.open(sha256) ?? (await this.#openFile(sha256))))
  }

  /** `published` is told in the same breath in which the file counts as stored. */
  async publish(sha256: Sha256, temporary: string, file: WrittenFile, published: () => void): Promise<void> {
    const { places, records } = this.#options
    const { descriptor, size } = file
    await this.#inTurn(sha256, async () => {
      await places.publish(temporary, sha256)
      const stat = await descriptor.stat()
      records.put(sha256, { stat: statText(stat), size })
      published()
      this.#open.add({ sha256, path: places.pathOf(sha256), size, stat, descriptor }).close()
    })
  }

  async remove(sha256: Sha256): Promise<void> {
    await this.#inTurn(sha256, async () => {
      this.#open.forget(sha256)
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
    this.#options.records.put(sha256, { ...record, stat: '' })
    const blob = await this.open(sha256)
    blob?.close()
  }

  /** Puts on record what lies in the blob's place and is not. Not hashed yet: that is for whoever opens it. */
  async record(sha256: Sha256): Promise<void> {
    const { places, records } = this.#options
    if (records.get(sha256) !== undefined) return
    const stat = await lstat(places.pathOf(sha256)).catch(() => undefined)
    if (stat?.isFile() && records.get(sha256) === undefined) records.put(sha256, { stat: '', size: stat.size })
  }

  /** Those who read go on reading. */
  clear(): void {
    this.#open.clear()
  }

  /** Opens what stands in the blob's place, and believes it only when it is what was hashed before, or hashes right now. */
  async #openFile(sha256: Sha256): Promise<OpenBlob | undefined> {
    const path = this.#options.places.pathOf(sha256)
    const descriptor = await this.#descriptorOf(sha256, path)
    if (descriptor === undefined) return undefined
    let kept = false
    try {
      const stat = await descriptor.stat()
      if (stat.nlink === 0n) return undefined
      const wrong = strange(stat) ?? (await this.#wrongBytes(sha256, descriptor, stat))
      if (wrong !== undefined) return await this.#setAside(sha256, wrong)
      const blob = this.#open.add({ sha256, path, size: Number(stat.size), stat, descriptor })
      kept = true
      return blob
    } catch (error) {
      throw storeError('a stored file could not be opened', error)
    } finally {
      if (!kept) descriptor.release()
    }
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
    if (records.get(sha256)?.stat === text) return undefined
    const found = await hashOf(descriptor)
    if (found !== sha256) return `its bytes have the sha256 ${found}`
    if (statText(await descriptor.stat()) !== text) return 'it changed while it was hashed'
    records.put(sha256, { stat: text, size: Number(stat.size) })
    return undefined
  }

  async #setAside(sha256: Sha256, why: string): Promise<undefined> {
    const { places, records, events, clock } = this.#options
    this.#open.forget(sha256)
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
