import { GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { type Asker, Party } from '../../flow/asker.ts'
import type { Limit } from '../../flow/limit.ts'
import type { Blobs, BlobWriter, OpenBlob } from '../../ports/blobs.ts'
import type { Origin } from '../../ports/outward.ts'
import { DigestGate } from './digest-gate.ts'
import { RecentBytes } from './recent-bytes.ts'
import { SharedPieces } from './shared-pieces.ts'

/** Bytes that are held back, at least, until size and sha256 agree. */
const WITHHELD = 64 * 1024
/** Bytes that a reader who is where nobody else is reads at once, where it is not told otherwise. */
const ALONE = 64 * 1024
/** Bytes that came last and stay in memory, for readers that keep step. The writer holds about as many of them anyway. */
const RECENT = 2 * 1024 * 1024

interface Options {
  readonly artifact: Artifact
  /** who waits for it first */
  readonly asker: Asker
  readonly origin: Origin
  readonly blobs: Blobs
  /** of downloads */
  readonly limit: Limit
  /** bytes */
  readonly maxSize: number
  /** Looks at the whole file, before the last bytes are released; throws what stops it. */
  readonly inspect: (
    read: (buffer: Buffer, position: number, length: number) => Promise<number>,
    size: number,
  ) => Promise<void>
}

/**
 * One download of one file, however many clients wait for it. Once it has begun it goes on when they leave; as long as it waits
 * for a place, it waits for them, and is given up when all of them have left. Readers read along, from memory
 * or the temporary file, up to what is released: everything but the last 64 KiB until the digest matched and the blob is
 * stored. A file that a client has whole is one that a crash does not take away.
 */
export class Ingest {
  /** bytes; `undefined` where neither the index nor the upstream said: then nobody can read along */
  readonly size: Promise<number | undefined>
  /** Settles when the file is stored and verified. */
  readonly stored: Promise<void>
  readonly #openStored: () => Promise<OpenBlob | undefined>
  readonly #party: Party
  #writer: BlobWriter | undefined
  #blob: Promise<OpenBlob | undefined> | undefined
  #readers = 0
  #released = 0
  #ended: { readonly failure: unknown } | 'stored' | undefined
  #waiting: (() => void)[] = []
  #recent = new RecentBytes(RECENT)
  /** for readers that fell back */
  readonly #pieces = new SharedPieces((start, length) => this.#read(Buffer.allocUnsafeSlow(length), start))

  constructor(options: Options) {
    const size = Promise.withResolvers<number | undefined>()
    this.size = size.promise
    this.#openStored = () => options.blobs.open(options.artifact.sha256)
    this.#party = new Party(options.asker)
    this.stored = options.limit
      .run(() => this.#run(options, size.resolve), this.#party)
      .then(
        () => this.#end('stored'),
        (failure: unknown) => {
          size.reject(failure)
          this.#end({ failure })
          throw failure
        },
      )
    // whoever waits sees the failure; nobody waiting is no reason to end the process
    this.size.catch(() => {})
    this.stored.catch(() => {})
  }

  /** Another one waits for it; false when it was given up already. */
  join(asker: Asker): boolean {
    return this.#party.join(asker)
  }

  async #run(options: Options, tellSize: (size: number | undefined) => void): Promise<void> {
    const { artifact, origin, blobs, maxSize } = options
    const abort = new AbortController()
    const source = (await origin.file(artifact, abort.signal, { asker: this.#party })).value
    try {
      this.#recent = new RecentBytes(RECENT, source.recycle)
      const expected = artifact.size ?? source.length
      if (expected !== undefined && expected > maxSize)
        throw new GateError(
          'integrity-mismatch',
          `${artifact.filename.text} has ${expected} bytes, files.max_size is ${maxSize}`,
        )
      const gate = new DigestGate(artifact, { expected, most: maxSize })
      const writer = await blobs.writer(artifact.sha256, { size: expected })
      this.#writer = writer
      try {
        tellSize(expected)
        for await (const chunk of source.body as AsyncIterable<Buffer>) {
          gate.take(chunk)
          await writer.write(chunk)
          this.#recent.add(chunk)
          this.#recent.isWritten(writer.written)
          this.#release(this.#recent.wholeUpTo(gate.seen - WITHHELD, WITHHELD))
        }
        gate.finish(writer.digest())
        await options.inspect((buffer, position, length) => writer.read(buffer, position, length), gate.seen)
        await writer.commit()
        this.#recent.isWritten(gate.seen)
        this.#writer = undefined
        // opened at once for those who read along: what is evicted in the meantime stays readable
        await this.#stillOpen()
        this.#release(gate.seen)
      } catch (error) {
        // why it failed is worth more than that the rest of it could not be cleared away
        await writer.abort().catch(() => {})
        throw error
      }
    } finally {
      abort.abort()
      source.body.destroy()
    }
  }

  #release(bytes: number): void {
    if (bytes <= this.#released) return
    this.#released = bytes
    this.#wake()
  }

  #end(how: { readonly failure: unknown } | 'stored'): void {
    this.#ended = how
    this.#party.end()
    this.#wake()
    this.#letGo()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  /** The bytes in order, as they are released, as an open file gives them. Throws when the file turns out wrong: the last bytes never come. */
  async *chunks(take: () => Promise<Buffer> = async () => Buffer.allocUnsafeSlow(ALONE)): AsyncIterable<Buffer> {
    this.#readers += 1
    try {
      const size = await this.size
      if (size === undefined) throw new GateError('unknown-bug', 'a file of unknown size cannot be read along')
      for (let position = 0; position < size; ) {
        this.#assertNotFailed()
        while (this.#released <= position) {
          await new Promise<void>(resolve => this.#waiting.push(resolve))
          this.#assertNotFailed()
        }
        const end = Math.min(this.#released, size)
        const recent = this.#recent.lend(position, end)
        const shared = recent === undefined ? this.#pieces.lend(position, end, size) : undefined
        try {
          const piece = recent?.bytes ?? (await shared?.bytes) ?? (await this.#readAlone(position, end, take))
          yield piece
          // whoever asks for more is done with it; of one who went away it is not known
          recent?.giveBack()
          position += piece.byteLength
        } finally {
          shared?.giveBack()
        }
      }
    } finally {
      this.#readers -= 1
      this.#letGo()
    }
  }

  #assertNotFailed(): void {
    if (this.#ended !== undefined && this.#ended !== 'stored') throw this.#ended.failure
  }

  #letGo(): void {
    if (this.#readers > 0 || this.#ended === undefined) return
    this.#pieces.clear()
    this.#recent.clear()
    if (this.#ended === 'stored') this.#recent.isWritten(Number.POSITIVE_INFINITY)
    const blob = this.#blob
    this.#blob = undefined
    blob?.then(open => open?.close()).catch(() => {})
  }

  async #readAlone(position: number, end: number, take: () => Promise<Buffer>): Promise<Buffer> {
    const buffer = await take()
    return await this.#read(buffer.subarray(0, end - position), position)
  }

  /** Fills the buffer. */
  async #read(buffer: Buffer, position: number): Promise<Buffer> {
    for (let done = 0; done < buffer.byteLength; ) {
      const count = await this.#readSome(buffer.subarray(done), position + done)
      if (count === 0) throw new GateError('unknown-store', 'a file was cut short while it was read along')
      done += count
    }
    return buffer
  }

  async #readSome(buffer: Buffer, position: number): Promise<number> {
    const writer = this.#writer
    if (writer !== undefined)
      try {
        return await writer.read(buffer, position, buffer.byteLength)
      } catch {
        // the writer may be turning into the blob under our hands, or be given up: the end tells which
        await this.stored
      }
    const blob = await this.#stillOpen()
    if (blob === undefined) throw new GateError('unknown-store', 'a file vanished while it was read along')
    return await blob.read(buffer, position)
  }

  /** The stored file, opened once for all readers, and again for one who comes after the others have left. */
  #stillOpen(): Promise<OpenBlob | undefined> {
    this.#blob ??= this.#openStored()
    return this.#blob
  }
}
