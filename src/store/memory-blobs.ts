import { createHash } from 'node:crypto'
import type { Sha256 } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Events } from '../observe/events.ts'
import { type Blobs, type BlobWriter, openBytes } from '../ports/blobs.ts'

/** Blobs without a disk. Nothing is ever evicted. */
export function createMemoryBlobs(events: Events): Blobs {
  const blobs = new Map<Sha256, Buffer>()
  let total = 0

  function keep(sha256: Sha256, bytes: Buffer): void {
    if (blobs.has(sha256)) return
    blobs.set(sha256, bytes)
    total += bytes.byteLength
    events.emit({ type: 'blob', action: 'stored', bytes: bytes.byteLength, total })
  }

  const writer = async (sha256: Sha256) => new MemoryWriter(sha256, bytes => keep(sha256, bytes))

  return {
    async open(sha256) {
      const bytes = blobs.get(sha256)
      return bytes === undefined ? undefined : openBytes(sha256, bytes)
    },
    writer,
    documentWriter: writer,
    async remove(sha256) {
      total -= blobs.get(sha256)?.byteLength ?? 0
      blobs.delete(sha256)
    },
    check: async sha256 => blobs.has(sha256),
    totalBytes: () => total,
    async close() {},
  }
}

class MemoryWriter implements BlobWriter {
  readonly #sha256: Sha256
  readonly #publish: (bytes: Buffer) => void
  readonly #hash = createHash('sha256')
  #room = Buffer.allocUnsafeSlow(64 * 1024)
  #length = 0
  #digest: Sha256 | undefined
  #ended = false

  constructor(sha256: Sha256, publish: (bytes: Buffer) => void) {
    this.#sha256 = sha256
    this.#publish = publish
  }

  async write(chunk: Buffer): Promise<void> {
    this.#assertOpen()
    if (this.#digest !== undefined) throw new GateError('unknown-store', 'this write has its digest')
    this.#hash.update(chunk)
    const length = this.#length + chunk.byteLength
    if (length > this.#room.byteLength) {
      const larger = Buffer.allocUnsafeSlow(2 * length)
      this.#room.copy(larger, 0, 0, this.#length)
      this.#room = larger
    }
    chunk.copy(this.#room, this.#length)
    this.#length = length
  }

  get written(): number {
    return this.#length
  }

  digest(): Sha256 {
    this.#digest ??= this.#hash.digest('hex') as Sha256
    return this.#digest
  }

  async commit(): Promise<void> {
    this.#assertOpen()
    this.#ended = true
    const found = this.digest()
    if (found !== this.#sha256)
      throw new GateError('unknown-store', `the bytes to be stored have not the sha256 ${this.#sha256}`, {
        untrusted: { sha256: found },
      })
    this.#publish(Buffer.from(this.#room.subarray(0, this.#length)))
  }

  async abort(): Promise<void> {
    this.#ended = true
  }

  async read(buffer: Buffer, position: number, length: number): Promise<number> {
    return this.#room.copy(buffer, 0, Math.min(position, this.#length), Math.min(position + length, this.#length))
  }

  #assertOpen(): void {
    if (this.#ended) throw new GateError('unknown-store', 'this write has ended')
  }
}
