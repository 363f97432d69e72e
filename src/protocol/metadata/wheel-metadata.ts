import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Entry, fromRandomAccessReaderPromise, getFileNameLowLevel, RandomAccessReader, type ZipFile } from 'yauzl'
import type { WheelFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { ArchiveError, UnreadableArchive } from './archive-error.ts'
import { MOST_METADATA_BYTES } from './metadata-objection.ts'
import { assertLaidOut, type Directory, type RandomAccess, readDirectory } from './zip-layout.ts'

export { ArchiveError, UnreadableArchive } from './archive-error.ts'

const MOST_ENTRIES = 200_000
const MOST_NAME_BYTES = 32 * 1024 * 1024
/** Info-ZIP's Unicode path: a second name, which some readers believe and others do not. */
const SECOND_NAME = 0x7075
/** entries that are there twice, and their bytes, which are read to compare them */
const MOST_TWINS = 1_000
const MOST_TWIN_BYTES = 256 * 1024 * 1024

/** Adapts {@link RandomAccess} to what yauzl reads from. */
class Reader extends RandomAccessReader {
  readonly #source: RandomAccess

  constructor(source: RandomAccess) {
    super()
    this.#source = source
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end))
  }

  async *#pieces(start: number, end: number): AsyncIterable<Buffer> {
    for (let position = start; position < end; ) {
      const piece = Buffer.allocUnsafe(Math.min(65_536, end - position))
      const count = await this.#source.read(piece, position, piece.length)
      if (count === 0) throw new ArchiveError('the archive is cut short')
      yield piece.subarray(0, count)
      position += count
    }
  }
}

/**
 * The bytes of `<name>-<version>.dist-info/METADATA` inside a wheel (binary distribution format). Throws
 * {@link ArchiveError} when there is not exactly one, or the archive contradicts itself, and {@link UnreadableArchive} when it
 * is kept in a way that is not read here, or in one in which installers may find other entries than are found here.
 */
export async function readWheelMetadata(source: RandomAccess, filename: WheelFilename): Promise<Buffer> {
  try {
    const directory = await readDirectory(source)
    const zip = await fromRandomAccessReaderPromise(new Reader(source), source.size, {
      lazyEntries: true,
      autoClose: false,
    })
    const entry = findMetadata(await listEntries(zip, source, directory), filename)
    assertReadable(entry)
    return await buffer(await zip.openReadStreamPromise(entry))
  } catch (error) {
    if (error instanceof ArchiveError || isTrouble(error)) throw error
    throw new ArchiveError(error instanceof Error ? error.message : 'not a zip archive')
  }
}

/** Our own storage in trouble is no statement about the archive. */
function isTrouble(error: unknown): boolean {
  return error instanceof Error && (error.name === 'GateError' || 'syscall' in error)
}

function assertReadable(entry: Entry): void {
  if (entry.isEncrypted()) throw new UnreadableArchive('its METADATA is encrypted')
  if (!entry.canDecodeFileData())
    throw new UnreadableArchive(
      `its METADATA is compressed by method ${entry.compressionMethod}, which is not read here`,
    )
  if (Math.max(entry.uncompressedSize, entry.compressedSize) > MOST_METADATA_BYTES)
    throw new UnreadableArchive(`its METADATA has more than ${MOST_METADATA_BYTES} bytes`)
}

function findMetadata(entries: readonly Entry[], filename: WheelFilename): Entry {
  const [entry, another] = entries.filter(({ fileName }) => ANY_METADATA.test(fileName))
  if (entry === undefined) throw new ArchiveError('it has no METADATA')
  if (another !== undefined) throw new ArchiveError('it has several METADATA')
  if (entries.some(other => other !== entry && isUnpackedTo(entry, other)))
    throw new UnreadableArchive('its METADATA is there under another path too')
  if (entry.fileNameRaw.includes('\\'))
    throw new UnreadableArchive('not every reader finds METADATA behind a backslash')
  if (!isMetadata(entry.fileName, filename)) throw new ArchiveError('its METADATA is of another distribution')
  return entry
}

/** The entries, each name once: of two that are equal either one is what installers take. */
async function listEntries(zip: ZipFile, source: RandomAccess, directory: Directory): Promise<readonly Entry[]> {
  if (zip.entryCount > MOST_ENTRIES) throw new UnreadableArchive(`it has more than ${MOST_ENTRIES} entries`)
  const all: Entry[] = []
  const entries = new Map<string, Entry>()
  const twins: (readonly [Entry, Entry])[] = []
  let nameBytes = 0
  for await (const entry of zip.eachEntry()) {
    nameBytes += entry.fileNameRaw.length
    if (nameBytes > MOST_NAME_BYTES) throw new UnreadableArchive('its names are too long')
    assertOneName(entry)
    all.push(entry)
    const first = entries.get(entry.fileName)
    if (first === undefined) entries.set(entry.fileName, entry)
    else twins.push([first, entry])
  }
  await assertLaidOut(source, directory, all)
  const bytes = twins.reduce((sum, [first]) => sum + first.compressedSize, 0)
  if (twins.length > MOST_TWINS || bytes > MOST_TWIN_BYTES) throw new UnreadableArchive('too much of it is there twice')
  for (const [first, second] of twins) await assertTwins(zip, first, second)
  return [...entries.values()]
}

/** A name ends at a NUL for some readers, and terminals and file systems do this and that with its like. */
const isControl = (byte: number): boolean => byte < 0x20 || byte === 0x7f

/** Readers that believe the second name must see what those see that do not know of it. */
function assertOneName({ extraFields, fileNameRaw, generalPurposeBitFlag }: Entry): void {
  if (fileNameRaw.some(isControl)) throw new UnreadableArchive('the name of an entry holds control characters')
  const name = getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, [], true)
  // version and CRC of the first name stand before the second (APPNOTE 4.6.9); not every reader looks at them
  const others = extraFields.filter(({ id }) => id === SECOND_NAME).map(({ data }) => data.subarray(5).toString('utf8'))
  if (others.some(other => other !== name)) throw new ArchiveError('an entry has two names')
}

/** Whichever of the two an installer takes, it gets the same file. */
async function assertTwins(zip: ZipFile, first: Entry, second: Entry): Promise<void> {
  const equal =
    TWIN_FIELDS.every(field => first[field] === second[field]) &&
    (first.relativeOffsetOfLocalHeader === second.relativeOffsetOfLocalHeader ||
      (await rawDigest(zip, first)) === (await rawDigest(zip, second)))
  if (!equal) throw new ArchiveError('it has two different entries of one name')
}

const TWIN_FIELDS = [
  'compressionMethod',
  'compressedSize',
  'uncompressedSize',
  'crc32',
  'externalFileAttributes',
] as const

/** As they are stored: equal ones of one method hold equal files, and nothing has to be unpacked for it. */
async function rawDigest(zip: ZipFile, entry: Entry): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(await zip.openReadStreamPromise(entry, { decodeFileData: false }), hash)
  return hash.digest('hex')
}

/** In whatever spelling: file systems may not tell them apart, and installers pick one. */
const ANY_METADATA = /^[^/]+\.dist-info\/METADATA$/i
const DIST_INFO = '.dist-info/METADATA'

/**
 * Whether the folder is the wheel's own, as installers see it: its name begins with that of the project, and the version
 * behind it may be spelled in any way.
 */
function isMetadata(path: string, { project }: WheelFilename): boolean {
  if (!path.endsWith(DIST_INFO)) return false
  const fields = path.slice(0, -DIST_INFO.length).split('-')
  return fields.some((_, count) => count > 0 && tryProjectName(fields.slice(0, count).join('-')) === project)
}

/** Where installers put a file: a `.data` folder is spread over the others, `.` and empty parts of a path are none. */
function isUnpackedTo({ fileName }: Entry, other: Entry): boolean {
  const path = posix.normalize(other.fileNameRaw.toString('latin1').replaceAll('\\', '/')).replace(DATA_FOLDER, '')
  return path.toLowerCase() === fileName.toLowerCase()
}

const DATA_FOLDER = /^[^/]+\.data\/(?:purelib|platlib)\//i
