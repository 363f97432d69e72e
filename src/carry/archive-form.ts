import { constants } from 'node:zlib'
import type { Sha256 } from '../domain/base/digest.ts'
import type { CarriedBlob } from '../protocol/carry/mirror-manifest.ts'

/** bytes of a header, and to which contents are filled up (POSIX ustar) */
const BLOCK = 512
/** two empty blocks */
const END = 2 * BLOCK

/** Wheels and archives are compressed already: more effort would find nothing. */
export const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } }

/** Where a blob stands in an archive. */
export function entryName(sha256: Sha256): string {
  return `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`
}

/** What an archive of these blobs has before it is compressed, to the byte. */
export function archiveBytes(blobs: readonly CarriedBlob[]): number {
  return blobs.reduce((sum, { size }) => sum + BLOCK + Math.ceil(size / BLOCK) * BLOCK, END)
}
