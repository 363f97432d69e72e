import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { BlobWriter } from '../../ports/blobs.ts'
import { storeError } from '../failure/store-error.ts'
import { Descriptor } from './descriptor.ts'
import type { Room } from './space.ts'

/** More buffers than this are joined before they are written. */
const MOST_BUFFERS = 64
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

interface Options {
  readonly sha256: Sha256
  readonly temporary: string
  /** bytes that are written at once; twice as many are in memory at the most */
  readonly piece: number
  /** for what is written; it ends with the write */
  readonly room: Room
  /** Publishes the temporary file, whose content is right, and takes the descriptor over. */
  readonly publish: (written: { readonly descriptor: Descriptor; readonly size: number }) => Promise<void>
}

/**
 * Writes a temporary file in large pieces, one of them under way while the next gathers. What is not on the disk yet is
 * read from memory.
 */
export class DiskWriter implements BlobWriter {
  readonly #options: Options
  readonly #descriptor: Descriptor
  readonly #hash = createHash('sha256')
  /** bytes that are in the file */
  #written = 0
  /** being written, starting at `#written` */
  #leaving: readonly Buffer[] = []
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #flight: Promise<void> = Promise.resolve()
  #failure: GateError | undefined
  /** once it was asked for: then nothing is added to it */
  #digest: Sha256 | undefined
  #ended = false

  private constructor(options: Options, descriptor: Descriptor) {
    this.#options = options
    this.#descriptor = descriptor
  }

  static async begin(options: Options): Promise<DiskWriter> {
    try {
      return new DiskWriter(options, await Descriptor.open(options.temporary, FLAGS, 0o600))
    } catch (error) {
      throw storeError('a file could not be stored', error)
    }
  }

  async write(chunk: Buffer): Promise<void> {
    this.#assertOpen()
    if (this.#digest !== undefined) throw new GateError('unknown-store', 'this write has its digest')
    this.#hash.update(chunk)
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.byteLength
    if (this.#gatheredBytes < this.#options.piece) return
    await this.#flight
    this.#assertOpen()
    await this.#options.room.reach(this.#written + this.#gatheredBytes)
    this.#assertOpen()
    this.#depart()
  }

  get written(): number {
    return this.#written
  }

  digest(): Sha256 {
    this.#digest ??= this.#hash.digest('hex') as Sha256
    return this.#digest
  }

  /** Starts writing what has gathered. */
  #depart(): void {
    const buffers = this.#gathered.length > MOST_BUFFERS ? [Buffer.concat(this.#gathered)] : this.#gathered
    const bytes = this.#gatheredBytes
    this.#leaving = buffers
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#flight = this.#descriptor.write(buffers, this.#written).then(
      () => {
        this.#written += bytes
        this.#leaving = []
      },
      error => this.#fail(error),
    )
  }

  #fail(error: unknown): void {
    this.#failure ??= storeError('a file could not be stored', error)
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) throw new GateError('unknown-store', 'this write has ended')
  }

  async commit(): Promise<void> {
    const { sha256, publish } = this.#options
    this.#assertOpen()
    try {
      await this.#flight
      await this.#options.room.reach(this.#written + this.#gatheredBytes)
      this.#depart()
      await this.#flight
      this.#assertOpen()
      this.#ended = true
      const found = this.digest()
      if (found !== sha256)
        throw new GateError('unknown-store', `the bytes to be stored have not the sha256 ${sha256}`, {
          untrusted: { sha256: found },
        })
      await publish({ descriptor: this.#descriptor, size: this.#written })
    } catch (error) {
      await this.#discard()
      throw storeError('a file could not be stored', error)
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#flight
    await this.#discard()
  }

  async #discard(): Promise<void> {
    this.#ended = true
    this.#options.room.end()
    this.#descriptor.release()
    // when even that fails, the next start clears it away
    await rm(this.#options.temporary, { force: true }).catch(() => {})
  }

  async read(buffer: Buffer, position: number, length: number): Promise<number> {
    const inFile = this.#written - position
    if (inFile > 0) return await this.#descriptor.read(buffer, position, Math.min(length, inFile))
    let skip = -inFile
    for (const piece of [...this.#leaving, ...this.#gathered]) {
      if (skip < piece.byteLength) return piece.copy(buffer, 0, skip, skip + length)
      skip -= piece.byteLength
    }
    return 0
  }
}
