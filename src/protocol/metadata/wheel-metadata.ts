import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl'
import type { WheelFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, parseVersion } from '../../domain/packaging/version.ts'

/** A wheel that cannot be read as one. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

/** Bytes at positions, and how many there are. */
export interface RandomAccess {
  readonly size: number
  read(buffer: Buffer, position: number, length: number): Promise<number>
}

const MOST_ENTRIES = 200_000
const MOST_NAME_BYTES = 32 * 1024 * 1024
const MOST_METADATA_BYTES = 16 * 1024 * 1024
/** Info-ZIP's Unicode path: a second name, which some readers believe and others do not. */
const SECOND_NAME = 0x7075

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
 * {@link ArchiveError} when there is not exactly one, or the archive contradicts itself.
 */
export async function readWheelMetadata(source: RandomAccess, filename: WheelFilename): Promise<Buffer> {
  try {
    const zip = await fromRandomAccessReaderPromise(new Reader(source), source.size, {
      lazyEntries: true,
      autoClose: false,
    })
    const entry = await findMetadata(zip, filename)
    await assertLocalHeaderAgrees(zip, entry)
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

async function findMetadata(zip: ZipFile, filename: WheelFilename): Promise<Entry> {
  if (zip.entryCount > MOST_ENTRIES) throw new ArchiveError(`it has more than ${MOST_ENTRIES} entries`)
  const names = new Set<string>()
  const found: Entry[] = []
  let nameBytes = 0
  for await (const entry of zip.eachEntry()) {
    nameBytes += entry.fileNameRaw.length
    if (nameBytes > MOST_NAME_BYTES) throw new ArchiveError('its names are too long')
    if (names.has(entry.fileName)) throw new ArchiveError('it has two entries of one name')
    names.add(entry.fileName)
    if (entry.extraFields.some(({ id }) => id === SECOND_NAME)) throw new ArchiveError('an entry has two names')
    if (ANY_METADATA.test(entry.fileName)) found.push(entry)
  }
  const [entry, another] = found
  if (entry === undefined) throw new ArchiveError('it has no METADATA')
  if (another !== undefined) throw new ArchiveError('it has several METADATA')
  if (!isMetadata(entry.fileName, filename)) throw new ArchiveError('its METADATA is of another distribution')
  if (Math.max(entry.uncompressedSize, entry.compressedSize) > MOST_METADATA_BYTES)
    throw new ArchiveError('its METADATA is too large')
  return entry
}

/** In whatever spelling: file systems may not tell them apart, and installers pick one. */
const ANY_METADATA = /^[^/]+\.dist-info\/METADATA$/i

function isMetadata(path: string, filename: WheelFilename): boolean {
  const [, name, versionText] = /^([^/-]+)-([^/-]+)\.dist-info\/METADATA$/.exec(path) ?? []
  if (name === undefined || versionText === undefined) return false
  const version = parseVersion(versionText.replaceAll('_', '-'))
  return (
    tryProjectName(name) === filename.project &&
    version !== undefined &&
    compareVersions(version, filename.version) === 0
  )
}

/** Installers that read local headers must see what we see in the central directory. */
async function assertLocalHeaderAgrees(zip: ZipFile, entry: Entry): Promise<void> {
  const local = await zip.readLocalFileHeaderPromise(entry)
  const sizesLater = (local.generalPurposeBitFlag & 0x8) !== 0
  const agrees =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    (sizesLater || (local.compressedSize === entry.compressedSize && local.uncompressedSize === entry.uncompressedSize))
  if (!agrees) throw new ArchiveError('its METADATA has two headers that differ')
}
