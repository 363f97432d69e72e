import type { Sha256 } from '../../domain/base/digest.ts'
import { createLimit } from '../../flow/limit.ts'
import { type Blobs, type OpenBlob, readBlob } from '../../ports/blobs.ts'

/** Bytes that a document kept by its content may have; a digest that leads to more is not one of a document. */
const LARGEST = 16 * 1024 * 1024
/** Documents that are read into memory at once. */
const READING = { running: 4, waiting: 10_000, what: 'documents' }

/** Small bytes by content, such as provenance documents. Throws unknown-store. */
export interface Documents {
  keep(sha256: Sha256, bytes: Uint8Array): Promise<void>
  kept(sha256: Sha256): Promise<Buffer | undefined>
  /** The same, to be read piece by piece; whoever gets it closes it. */
  open(sha256: Sha256): Promise<OpenBlob | undefined>
}

export function createDocuments(blobs: Blobs): Documents {
  const reading = createLimit(READING)
  return {
    async keep(sha256, bytes) {
      const writer = await blobs.writer(sha256)
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
    async open(sha256) {
      const blob = await blobs.open(sha256)
      if (blob === undefined || blob.size <= LARGEST) return blob
      blob.close()
      return undefined
    },
  }
}
