import type { Entry } from 'yauzl'
import { ArchiveError, UnreadableArchive } from './archive-error.ts'

/** Bytes at positions, and how many there are. */
export interface RandomAccess {
  readonly size: number
  read(buffer: Buffer, position: number, length: number): Promise<number>
}

/** Where the central directory of an archive lies, as its end says. Bytes. */
export interface Directory {
  readonly start: number
  readonly size: number
}

// signatures of APPNOTE 4.3, and the sizes of what they begin
const END = { mark: 0x0605_4b50, size: 22 }
const END_64 = { mark: 0x0606_4b50, size: 56 }
const LOCATOR_64 = { mark: 0x0706_4b50, size: 20 }
const LOCAL = { mark: 0x0403_4b50, size: 30 }
const CENTRAL_SIZE = 46
const MOST_COMMENT = 0xffff
/** What stands in a field of 16 or 32 bits whose number stands in the Zip64 field or record (APPNOTE 4.4.1.4). */
const FULL_16 = 0xffff
const FULL_32 = 0xffff_ffff
/** APPNOTE 4.5.3: numbers of 64 bits */
const ZIP64 = 0x0001
/** APPNOTE 4.4.4, bit 3: sizes stand behind the data */
const SIZES_LATER = 0x8
/** CRC and two sizes of 32 or 64 bits, with or without a signature before them (APPNOTE 4.3.9) */
const DESCRIPTORS = [12, 16, 20, 24]
const MOST_PREFIX = 1024 * 1024
const WINDOW = 4_096

/**
 * Where the directory lies. Some readers go to the offset that the end of the archive gives, others go back from that end by the
 * directory's size, and a comment may look like another end: an archive in which they would find different directories throws
 * {@link UnreadableArchive}, what is no archive {@link ArchiveError}.
 */
export async function readDirectory(source: RandomAccess): Promise<Directory> {
  const tail = await bytesAt(source, Math.max(0, source.size - END.size - MOST_COMMENT - LOCATOR_64.size - END_64.size))
  const at = endIn(tail)
  const end = tail.subarray(at)
  const given = {
    disks: end.readUInt32LE(4) !== 0,
    count: end.readUInt16LE(10),
    size: end.readUInt32LE(12),
    start: end.readUInt32LE(16),
  }
  const large = read64(tail, at, source.size - tail.length)
  if (given.disks && large === undefined) throw twoWays('it has several disks')
  if (end.readUInt16LE(8) !== given.count) throw twoWays('it has several disks')
  if (large !== undefined)
    for (const [field, full] of [
      ['count', FULL_16],
      ['size', FULL_32],
      ['start', FULL_32],
    ] as const)
      if (given[field] !== full && given[field] !== large[field]) throw twoWays('its ends contradict each other')
  const { start, size } = large ?? given
  const behind = source.size - tail.length + at - (large === undefined ? 0 : LOCATOR_64.size + END_64.size)
  if (start + size !== behind) throw twoWays('its directory does not end where its end begins')
  return { start, size }
}

/** The last end, behind which no other begins, and no earlier one reaches as far. */
function endIn(tail: Buffer): number {
  const mark = Buffer.from('PK\x05\x06', 'latin1')
  const at = tail.lastIndexOf(mark)
  if (at === -1) throw new ArchiveError('it is no zip archive')
  if (tail.length - at < END.size) throw twoWays('something is behind its end')
  const reachesEnd = (start: number): boolean => start + END.size + tail.readUInt16LE(start + 20) === tail.length
  if (!reachesEnd(at)) throw twoWays('something is behind its end')
  for (let other = tail.lastIndexOf(mark, at - 1); at > 0 && other !== -1; ) {
    if (reachesEnd(other)) throw twoWays('it has two ends')
    other = other === 0 ? -1 : tail.lastIndexOf(mark, other - 1)
  }
  return at
}

/** What the Zip64 record says; `undefined` where there is none. It stands right before its locator, and that before the end. */
function read64(tail: Buffer, end: number, offset: number): (Directory & { readonly count: number }) | undefined {
  const locator = end - LOCATOR_64.size
  if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR_64.mark) return undefined
  const at = locator - END_64.size
  const isThere =
    at >= 0 &&
    tail.readUInt32LE(at) === END_64.mark &&
    Number(tail.readBigUInt64LE(at + 4)) === END_64.size - 12 &&
    Number(tail.readBigUInt64LE(locator + 8)) === offset + at &&
    tail.readUInt32LE(locator + 4) === 0 &&
    tail.readUInt32LE(locator + 16) <= 1
  const number = (field: number): number => Number(tail.readBigUInt64LE(at + field))
  if (!isThere || tail.readBigUInt64LE(at + 16) !== 0n || number(24) !== number(32))
    throw twoWays('its Zip64 record is not where it must be')
  return { count: number(32), size: number(40), start: number(48) }
}

/**
 * That whoever walks the archive from its beginning, by the headers before the data, finds the entries that the directory has, and
 * nothing else. Throws {@link UnreadableArchive} where anything stands between or behind them, or entries before them, where they overlap, or where
 * a header says something else than the directory.
 */
export async function assertLaidOut(
  source: RandomAccess,
  directory: Directory,
  entries: readonly Entry[],
): Promise<void> {
  const listed = entries.reduce(
    (sum, entry) => sum + CENTRAL_SIZE + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength,
    0,
  )
  if (listed !== directory.size) throw twoWays('its directory has another size than its entries')
  const window = createWindow(source)
  const inOrder = entries.toSorted((one, other) => one.relativeOffsetOfLocalHeader - other.relativeOffsetOfLocalHeader)
  const first = inOrder[0]?.relativeOffsetOfLocalHeader ?? directory.start
  if (!(await isNoEntry(source, first))) throw twoWays('entries are before its first')
  let ends: readonly number[] = [first]
  let last: number | undefined
  for (const entry of inOrder) {
    const start = entry.relativeOffsetOfLocalHeader
    // two entries of one place, which have to be equal
    if (start !== last && !ends.includes(start)) throw twoWays(`something is before ${entry.fileName}`)
    ends = endsOf(await headerAt(window, entry), entry)
    last = start
  }
  if (!ends.includes(directory.start)) throw twoWays('something is before its directory')
}

/** A line for a shell may stand before an archive, and an icon, but nothing that could be taken for entries. */
async function isNoEntry(source: RandomAccess, size: number): Promise<boolean> {
  return size <= MOST_PREFIX && !(await bytesAt(source, 0, size)).includes('PK\x03\x04', 0, 'latin1')
}

interface Header {
  readonly flags: number
  /** bytes, with the name and the extra field */
  readonly size: number
}

async function headerAt(window: (position: number, length: number) => Promise<Buffer>, entry: Entry): Promise<Header> {
  const start = entry.relativeOffsetOfLocalHeader
  const fixed = await window(start, LOCAL.size)
  const [flags, nameLength, extraLength] = [fixed.readUInt16LE(6), fixed.readUInt16LE(26), fixed.readUInt16LE(28)]
  const [method, compressed, uncompressed] = [fixed.readUInt16LE(8), fixed.readUInt32LE(18), fixed.readUInt32LE(22)]
  const size = LOCAL.size + nameLength + extraLength
  const isHeader = fixed.readUInt32LE(0) === LOCAL.mark
  const whole = await window(start, size)
  const sizes = sizesIn(compressed, uncompressed, whole.subarray(LOCAL.size + nameLength))
  const agrees =
    isHeader &&
    whole.subarray(LOCAL.size, LOCAL.size + nameLength).equals(entry.fileNameRaw) &&
    method === entry.compressionMethod &&
    ((flags & SIZES_LATER) !== 0 ||
      (sizes.compressed === entry.compressedSize && sizes.uncompressed === entry.uncompressedSize))
  if (!agrees) throw twoWays(`${entry.fileName} has two headers that differ`)
  return { flags, size }
}

/** Both must stand in the Zip64 field of a local header where one of them does, the original size first (APPNOTE 4.5.3). */
function sizesIn(
  compressed: number,
  uncompressed: number,
  extra: Buffer,
): { compressed: number; uncompressed: number } {
  if (compressed !== FULL_32 && uncompressed !== FULL_32) return { compressed, uncompressed }
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== ZIP64 || extra.readUInt16LE(at + 2) < 16 || at + 20 > extra.length) continue
    const large = (from: number, small: number): number =>
      small === FULL_32 ? Number(extra.readBigUInt64LE(from)) : small
    return { uncompressed: large(at + 4, uncompressed), compressed: large(at + 12, compressed) }
  }
  return { compressed, uncompressed }
}

/** Where an entry may end: sizes that stand behind its data take more or less room. */
function endsOf({ flags, size }: Header, entry: Entry): readonly number[] {
  const end = entry.relativeOffsetOfLocalHeader + size + entry.compressedSize
  return (flags & SIZES_LATER) === 0 ? [end] : DESCRIPTORS.map(length => end + length)
}

/** Bytes at positions that mostly rise, read in larger pieces. */
function createWindow(source: RandomAccess): (position: number, length: number) => Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0)
  let from = 0
  return async (position, length) => {
    if (position < from || position + length > from + bytes.length) {
      from = position
      bytes = await bytesAt(source, from, Math.max(WINDOW, length))
    }
    const piece = bytes.subarray(position - from, position - from + length)
    if (piece.length < length) throw new ArchiveError('the archive is cut short')
    return piece
  }
}

async function bytesAt(source: RandomAccess, position: number, most = source.size): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(most, source.size - position)))
  for (let read = 0; read < bytes.length; ) {
    const count = await source.read(bytes.subarray(read), position + read, bytes.length - read)
    if (count === 0) throw new ArchiveError('the archive is cut short')
    read += count
  }
  return bytes
}

function twoWays(why: string): UnreadableArchive {
  return new UnreadableArchive(`not every reader would find the same in this archive: ${why}`)
}
