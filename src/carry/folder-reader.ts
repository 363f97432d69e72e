import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { type Extract, extract } from 'tar-stream'
import { cut } from '../domain/base/cut.ts'
import { parseSha256, type Sha256 } from '../domain/base/digest.ts'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import { ImportRefusal } from '../domain/base/import-refusal.ts'
import type { CarriedFolder } from '../ports/carried.ts'
import type { CarriedBlob, CarriedPart } from '../protocol/carry/mirror-manifest.ts'
import { archiveBytes, entryName } from './archive-form.ts'
import { UNFINISHED } from './folder-writer.ts'

/** Nothing is followed, and a pipe in a file's place keeps nobody waiting. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const PIECE = 1024 * 1024
/** A folder with more is none of ours. */
const MOST_FILES = 200_000
const DEEPEST = 2

/** Reads a folder that was carried here. */
export function createFolderReader(folder: string): CarriedFolder {
  async function walk(below: string, depth: number, found: Map<string, number>): Promise<void> {
    for (const name of await readdir(join(folder, below))) {
      const path = below === '' ? name : `${below}/${name}`
      const stat = await lstat(join(folder, path))
      if (found.size >= MOST_FILES) throw new ImportRefusal('entry-strange', 'the folder holds far too many files')
      if (stat.isDirectory() && depth < DEEPEST) await walk(path, depth + 1, found)
      else if (stat.isFile()) found.set(path, stat.size)
      else throw strange(`${path} is ${stat.isSymbolicLink() ? 'a link' : 'no file'}`)
    }
  }

  async function opened<Result>(name: string, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
    const file = await carried(name, () => open(join(folder, name), FLAGS))
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw strange(`${name} is no file`)
      return await use(file)
    } finally {
      await file.close()
    }
  }

  return {
    async files() {
      const found = new Map<string, number>()
      await carried(folder, () => walk('', 1, found))
      if (found.has(UNFINISHED))
        throw new ImportRefusal('entry-missing', 'the export into this folder was never finished')
      return found
    },
    read: (name, most) =>
      opened(name, async file => {
        const { size } = await file.stat()
        if (size > most) throw new ImportRefusal('part-mismatch', `${name} has ${size} bytes, at most ${most} are read`)
        return await carried(name, () => file.readFile())
      }),
    sha256Of: name => opened(name, hashOf),
    unpack: (part, take) => opened(part.name, file => unpack(file, part, take)),
  }
}

async function hashOf(file: FileHandle): Promise<Sha256> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(PIECE)
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE, null)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
  }
  const digest = parseSha256(hash.digest('hex'))
  if (digest === undefined) throw new GateError('unknown-bug', 'a digest is none')
  return digest
}

/** As the archive is read entry by entry. */
type Entry = Extract extends AsyncIterable<infer Source> ? Source : never
type Take = Parameters<CarriedFolder['unpack']>[1]

async function unpack(file: FileHandle, part: CarriedPart, take: Take): Promise<void> {
  const archive = extract()
  const read = pipeline(
    file.createReadStream({ autoClose: false, highWaterMark: PIECE }),
    createZstdDecompress(),
    exactly(archiveBytes(part.blobs), part.name),
    archive,
  )
  read.catch(() => {}) // told below, once
  try {
    await takeEntries(archive, part, take)
    await read
  } catch (error) {
    archive.destroy()
    await read.catch(() => {})
    throw asRefusal(error, part.name)
  }
}

/** Entry by entry what the manifest says, in its order: names, kinds and sizes before a byte is looked at. */
async function takeEntries(archive: AsyncIterable<Entry>, { name, blobs }: CarriedPart, take: Take): Promise<void> {
  let next = 0
  for await (const entry of archive) {
    const blob = blobs[next]
    next += 1
    const { header } = entry
    if (blob === undefined) throw strange(`${name} holds more than the manifest says: ${cut(header.name, 200)}`)
    if (header.type !== 'file') throw strange(`${name} holds a ${header.type}: ${cut(header.name, 200)}`)
    if (header.name !== entryName(blob.sha256))
      throw strange(`${name} holds ${cut(header.name, 200)} where ${entryName(blob.sha256)} should stand`)
    if (header.size !== blob.size)
      throw new ImportRefusal(
        'blob-mismatch',
        `${blob.sha256} in ${name} declares ${header.size} bytes, the manifest says ${blob.size}`,
      )
    await take(blob, hashed(entry, blob, name))
  }
  const missing: CarriedBlob | undefined = blobs[next]
  if (missing !== undefined) throw new ImportRefusal('entry-missing', `${name} lacks ${missing.sha256}`)
}

/** Whoever reads to the end has read the right bytes, or is told before it ends. */
async function* hashed(entry: Entry, { sha256 }: CarriedBlob, name: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    hash.update(chunk)
    yield chunk
  }
  const found = hash.digest('hex')
  if (found !== sha256) throw new ImportRefusal('blob-mismatch', `${sha256} in ${name} has the sha256 ${found}`)
}

/** What unfolds to more or less than the manifest says is stopped there. */
function exactly(bytes: number, name: string): Transform {
  let seen = 0
  const wrong = (): ImportRefusal =>
    new ImportRefusal('part-mismatch', `${name} does not unfold to the ${bytes} bytes that the manifest says`)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.byteLength
      if (seen > bytes) done(wrong())
      else done(null, chunk)
    },
    flush(done) {
      done(seen === bytes ? null : wrong())
    },
  })
}

function strange(detail: string): ImportRefusal {
  return new ImportRefusal('entry-strange', detail)
}

/** A codec's words mean that the archive is none. */
function asRefusal(error: unknown, name: string): unknown {
  if (error instanceof ImportRefusal || error instanceof GateError) return error
  const message = error instanceof Error ? error.message : 'unreadable'
  return new ImportRefusal('part-mismatch', `${name} is no archive that can be read: ${message}`)
}

async function carried<Result>(name: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ImportRefusal || error instanceof GateError) throw error
    const code = errorCode(error) ?? 'unknown'
    if (code === 'ENOENT') throw new ImportRefusal('entry-missing', `${name} is not there`)
    if (code === 'ELOOP' || code === 'ENXIO') throw strange(`${name} is a link, or no file`)
    throw new GateError('unknown-store', `${name} could not be read (${code})`, { cause: error })
  }
}
