import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { createLimit } from '../../flow/limit.ts'
import { type Blobs, type BlobWriter, type OpenBlob, readBlob } from '../../ports/blobs.ts'

/** Bytes that a document kept by its content may have; a digest that leads to more is not one of a document. */
const LARGEST = 16 * 1024 * 1024
/** Documents that are read into memory at once. */
const READING = { running: 4, waiting: 10_000, what: 'documents' }

/** Small bytes by content, such as provenance documents. Throws unknown-store. */
export interface Documents {
  keep(sha256: Sha256, bytes: Uint8Array): Promise<void>
  /** Keeps one that comes piece by piece: whoever gets it commits or aborts it. */
  writer(sha256: Sha256): Promise<BlobWriter>
  kept(sha256: Sha256): Promise<Buffer | undefined>
  /** The same, to be read piece by piece; whoever gets it closes it. */
  open(sha256: Sha256): Promise<OpenBlob | undefined>
  /** Gives `take` the whole of one, piece by piece, each of which is its own for that long; false where there is none. */
  look(sha256: Sha256, take: (piece: Uint8Array) => void): Promise<boolean>
}

/** bytes that are looked at in one turn */
const PIECE = 64 * 1024

export function createDocuments(blobs: Blobs): Documents {
  const reading = createLimit(READING)

  async function open(sha256: Sha256): Promise<OpenBlob | undefined> {
    const blob = await blobs.open(sha256)
    if (blob === undefined || blob.size <= LARGEST) return blob
    blob.close()
    return undefined
  }

  return {
    open,
    writer: sha256 => blobs.documentWriter(sha256),
    async look(sha256, take) {
      const blob = await open(sha256)
      if (blob === undefined) return false
      try {
        await reading.run(() => lookThrough(blob, take))
        return true
      } finally {
        blob.close()
      }
    },
    async keep(sha256, bytes) {
      const writer = await blobs.documentWriter(sha256)
      try {
        await writer.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        await writer.commit()
      } catch (error) {
        await writer.abort().catch(() => {})
        throw error
      }
    },
    async kept(sha256) {
      const blob = await blobs.open(sha256)
      if (blob === undefined) return undefined
      return blob.bytes === undefined ? await reading.run(() => readBlob(blob, LARGEST)) : await readBlob(blob, LARGEST)
    },
  }
}

async function lookThrough(blob: OpenBlob, take: (piece: Uint8Array) => void): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, blob.size))
  for (let done = 0; done < blob.size; ) {
    const count = await blob.read(buffer, done)
    if (count === 0) throw new GateError('unknown-store', 'a stored file was cut short')
    take(buffer.subarray(0, count))
    done += count
  }
}
