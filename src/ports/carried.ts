import type { Sha256 } from '../domain/base/digest.ts'
import type { CarriedBlob, CarriedDocument, CarriedPart } from '../protocol/carry/mirror-manifest.ts'
import type { OpenBlob } from './blobs.ts'

/**
 * A folder that was carried here. Nothing in it is believed, and no link is followed. Methods throw ImportRefusal for what
 * is wrong with it, `unknown-store` for what the disk says.
 */
export interface CarriedFolder {
  /** Every file in it and its size in bytes; `entry-strange` for whatever is neither a file nor a folder. */
  files(): Promise<ReadonlyMap<string, number>>
  /** A document of at most `most` bytes; `entry-missing`, `part-mismatch`. */
  read(name: string, most: number): Promise<Buffer>
  /** `entry-missing` */
  sha256Of(name: string): Promise<Sha256>
  /**
   * Every blob of a part, in its order. The archive must hold exactly these, of exactly these sizes and digests; whoever
   * takes one reads it to its end, and has it whole before that is known. Throws `part-mismatch`, `entry-strange`,
   * `entry-missing`, `blob-mismatch`.
   */
  unpack(part: CarriedPart, take: (blob: CarriedBlob, body: AsyncIterable<Buffer>) => Promise<void>): Promise<void>
}

/**
 * A folder to be carried away. Until `finish` it says of itself that it is not whole; one that was interrupted is begun
 * anew, any other that is not empty is `usage`. What is written is on the disk before it has its name.
 */
export interface CarriedFolderWriter {
  document(name: string, bytes: Uint8Array): Promise<CarriedDocument>
  blob(name: string, blob: OpenBlob): Promise<CarriedDocument>
  /** An archive (tar, zstd) of `blobs/sha256/ab/<hex>`; the same blobs, the same bytes. */
  part(
    name: string,
    blobs: readonly CarriedBlob[],
    open: (blob: CarriedBlob) => Promise<OpenBlob>,
  ): Promise<CarriedPart>
  finish(): Promise<void>
}

/** Where the documents of an import stay, so that it can be shown later what was carried and who signed it. */
export interface Evidence {
  keep(manifest: Sha256, documents: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void>
}
