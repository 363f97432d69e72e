import type { Sha256 } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'

export interface ByteRange {
  readonly start: number
  /** inclusive */
  readonly end: number
}

/** A blob that is open for reading; whoever got it closes it. Position reads only, so that many readers share one. */
export interface OpenBlob {
  readonly sha256: Sha256
  readonly size: number
  /** Reads into `buffer` at `position`; resolves to the count. */
  read(buffer: Buffer, position: number): Promise<number>
  /** The whole content when the blob is kept in memory. */
  readonly bytes: Buffer | undefined
  /**
   * Where its file stands below the folder of all blobs (`ab/cd/<sha256>`), for another process that reads it there. The file is looked
   * at in this moment: `undefined` where it is not the one that was opened, or changed, or only its owner may read it.
   */
  readonly place?: () => string | undefined
  close(): void
}

/** A blob that lies in memory as a whole. */
export function openBytes(sha256: Sha256, bytes: Buffer): OpenBlob {
  return {
    sha256,
    size: bytes.byteLength,
    bytes,
    read: async (buffer, position) => bytes.copy(buffer, 0, position),
    close() {},
  }
}

/** The whole of a blob that holds no more than `most` bytes, `undefined` of a larger one; closes it. Throws unknown-store. */
export async function readBlob(blob: OpenBlob, most: number): Promise<Buffer | undefined> {
  try {
    if (blob.size > most) return undefined
    if (blob.bytes !== undefined) return blob.bytes
    const buffer = Buffer.allocUnsafe(blob.size)
    for (let done = 0; done < buffer.length; ) {
      const count = await blob.read(buffer.subarray(done), done)
      if (count === 0) throw new GateError('unknown-store', 'a stored file was cut short')
      done += count
    }
    return buffer
  } finally {
    blob.close()
  }
}

/** A write that is under way: nothing is visible until `commit`. It hashes what it is given, once, so that nobody else has to. */
export interface BlobWriter {
  write(chunk: Buffer): Promise<void>
  /** bytes from the start that were written so far: those after them are still looked at in the chunks that came */
  readonly written: number
  /** sha256 of everything that was written; nothing can be written afterwards. */
  digest(): Sha256
  /**
   * Puts it in its place, where a kill leaves it; the disk has it some moments later, and until then it is known that a power cut could take it.
   * Throws `unknown-store`, and nothing is kept, where the digest is not the one that it was opened for.
   */
  commit(): Promise<void>
  abort(): Promise<void>
  /** Reads back what was written so far, for clients that read along. */
  read(buffer: Buffer, position: number, length: number): Promise<number>
}

/**
 * Bytes by content. Readers never see a partial blob; writing the same blob twice is harmless. Before a blob is opened
 * its stat record (device, inode, size, mtime, ctime) is compared with the remembered one and the blob is re-hashed when
 * they differ; a blob that fails is set aside and absent. Bounded by size, least recently used first. What lies in a bucket
 * that several gates share ({@link SharedBlobs}) is hashed when it comes from there, and lies here from then on.
 */
export interface Blobs {
  /** `here`: what others keep for us is not asked for. Default: `anywhere`. */
  open(sha256: Sha256, where?: 'anywhere' | 'here'): Promise<OpenBlob | undefined>
  /**
   * `arriving` is a file that comes in from outside, of `size` bytes where that is known: there is room for it, within the bound,
   * before it is written, and `write` and `commit` throw `unknown-overloaded` when others keep that room for too long.
   */
  writer(sha256: Sha256, arriving?: { readonly size: number | undefined }): Promise<BlobWriter>
  /**
   * For what an index says about a file, small as a rule and one of many: it can be opened as soon as it is committed, and is on the disk
   * within a second. `commit` waits while too much waits to be written down.
   */
  documentWriter(sha256: Sha256): Promise<BlobWriter>
  remove(sha256: Sha256): Promise<void>
  /** Hashes a blob whatever its stat record says; false when it is not there, or fails and is set aside. */
  check(sha256: Sha256): Promise<boolean>
  totalBytes(): number
  close(): Promise<void>
}
