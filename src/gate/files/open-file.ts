import type { OpenBlob } from '../../ports/blobs.ts'
import type { VerifiedFile } from './verified-file.ts'

/**
 * An opened file: either a stored, verified blob (ranges may be cut from it), or an ingest that is under way.
 */
export type OpenFile =
  | { readonly kind: 'stored'; readonly file: VerifiedFile; readonly blob: OpenBlob }
  | {
      readonly kind: 'flowing'
      readonly file: VerifiedFile
      /** Settles when the whole file is stored and verified, or fails with integrity-mismatch/unknown-…. */
      readonly stored: Promise<void>
      /**
       * The bytes as they come; the last chunk only after size and sha256 agree. Throws when they do not: the socket
       * must then be reset. Several readers may read side by side, from memory that they share; for one that is where nobody else
       * is, the next chunk is read into a buffer that `take` gives. A chunk is looked at until the next one is asked for.
       */
      chunks(take?: () => Promise<Buffer>): AsyncIterable<Buffer>
    }
