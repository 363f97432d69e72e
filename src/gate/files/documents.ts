import type { Sha256 } from '../../domain/base/digest.ts'
import { type Blobs, readBlob } from '../../ports/blobs.ts'

/** Bytes that a document kept by its content may have; a digest that leads to more is not one of a document. */
const LARGEST = 16 * 1024 * 1024

/** Small bytes by content, such as provenance documents. Throws unknown-store. */
export interface Documents {
  keep(sha256: Sha256, bytes: Uint8Array): Promise<void>
  kept(sha256: Sha256): Promise<Buffer | undefined>
}

export function createDocuments(blobs: Blobs): Documents {
  return {
    async keep(sha256, bytes) {
      const writer = await blobs.writer(sha256)
      try {
        await writer.write(Buffer.from(bytes))
        await writer.commit()
      } catch (error) {
        await writer.abort().catch(() => {})
        throw error
      }
    },
    async kept(sha256) {
      const blob = await blobs.open(sha256)
      return blob === undefined ? undefined : await readBlob(blob, LARGEST)
    },
  }
}
