import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import { pack } from 'tar-stream'
import { parseSha256, type Sha256 } from '../domain/base/digest.ts'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { OpenBlob } from '../ports/blobs.ts'
import type { CarriedFolderWriter } from '../ports/carried.ts'
import type { CarriedBlob, CarriedDocument } from '../protocol/carry/mirror-manifest.ts'
import { COMPRESSION, entryName } from './archive-form.ts'

/** Stands in a folder that is not whole yet. */
export const UNFINISHED = '.unfinished-export'
const PIECE = 1024 * 1024
const EPOCH = new Date(0)

/** Begins a folder; throws `usage` where something else lies there already. */
export async function createFolderWriter(folder: string): Promise<CarriedFolderWriter> {
  await begin(folder)

  /** Under another name until it is whole and on the disk. */
  async function write(name: string, fill: (sink: HashingFile) => Promise<void>): Promise<CarriedDocument> {
    const path = join(folder, name)
    const temporary = `${path}.unfinished`
    await mkdir(dirname(path), { recursive: true })
    const sink = await HashingFile.open(temporary)
    try {
      await fill(sink)
      await sink.sync()
    } finally {
      await sink.close()
    }
    await rename(temporary, path)
    return { name, sha256: sink.digest(), size: sink.size }
  }

  return {
    document: (name, bytes) => carrying(name, () => write(name, sink => sink.write(Buffer.from(bytes)))),
    blob: (name, blob) =>
      carrying(name, async () => {
        const written = await write(name, async sink => {
          for await (const piece of piecesOf(blob)) await sink.write(piece)
        })
        if (written.sha256 !== blob.sha256) throw changed(blob)
        return written
      }),
    part: (name, blobs, openBlob) =>
      carrying(name, async () => {
        const written = await write(name, sink => writeArchive(sink, blobs, openBlob))
        return { ...written, blobs }
      }),
    async finish() {
      await carrying(UNFINISHED, async () => {
        await syncTree(folder)
        await rm(join(folder, UNFINISHED))
        await syncFolder(folder)
      })
    },
  }
}

async function begin(folder: string): Promise<void> {
  await carrying(folder, async () => {
    await mkdir(folder, { recursive: true })
    const names = await readdir(folder)
    if (names.length > 0 && !names.includes(UNFINISHED))
      throw new GateError('usage', `${folder} is not empty: an export wants a folder of its own`)
    // the mark stays until nothing else is left
    for (const name of names) if (name !== UNFINISHED) await rm(join(folder, name), { recursive: true })
    const mark = await open(join(folder, UNFINISHED), 'w')
    await mark.close()
    await syncFolder(folder)
  })
}

async function writeArchive(
  sink: HashingFile,
  blobs: readonly CarriedBlob[],
  openBlob: (blob: CarriedBlob) => Promise<OpenBlob>,
): Promise<void> {
  const archive = pack()
  const written = pipeline(archive, createZstdCompress(COMPRESSION), async (compressed: AsyncIterable<Buffer>) => {
    for await (const chunk of compressed) await sink.write(chunk)
  })
  written.catch(() => {}) // told below, once
  const filled = async (): Promise<void> => {
    for (const blob of blobs) await addEntry(archive, blob, await openBlob(blob))
    archive.finalize()
  }
  await Promise.all([filled().catch(error => archive.destroy(error as Error)), written])
}

/** The same header for the same blob: no time, no owner. */
async function addEntry(
  archive: ReturnType<typeof pack>,
  { sha256, size }: CarriedBlob,
  blob: OpenBlob,
): Promise<void> {
  const added = Promise.withResolvers<void>()
  const header = { name: entryName(sha256), size, mode: 0o644, mtime: EPOCH, uid: 0, gid: 0, type: 'file' } as const
  const entry = archive.entry(header, error => (error ? added.reject(error) : added.resolve()))
  added.promise.catch(() => {}) // awaited at the end
  entry.on('error', () => {}) // an archive that is given up says so to each entry; whoever gave it up knows why
  const hash = createHash('sha256')
  for await (const piece of piecesOf(blob)) {
    hash.update(piece)
    if (!entry.write(piece)) await once(entry, 'drain')
  }
  if (hash.digest('hex') !== sha256) throw changed(blob)
  entry.end(undefined)
  await added.promise
}

function changed({ sha256 }: OpenBlob): GateError {
  return new GateError('unknown-store', `the stored file ${sha256} was changed on disk: see portcullis mirror verify`)
}

/** Closes the blob at the end. */
async function* piecesOf(blob: OpenBlob): AsyncGenerator<Buffer> {
  try {
    for (let position = 0; position < blob.size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(PIECE, blob.size - position))
      const count = await blob.read(buffer, position)
      if (count === 0) throw new GateError('unknown-store', 'a stored file was cut short')
      position += count
      yield buffer.subarray(0, count)
    }
  } finally {
    blob.close()
  }
}

/** A file that is hashed while it is written. */
class HashingFile {
  readonly #hash = createHash('sha256')
  readonly #file: Awaited<ReturnType<typeof open>>
  #size = 0

  private constructor(file: Awaited<ReturnType<typeof open>>) {
    this.#file = file
  }

  static async open(path: string): Promise<HashingFile> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
    return new HashingFile(await open(path, flags, 0o644))
  }

  /** bytes */
  get size(): number {
    return this.#size
  }

  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk)
    this.#size += chunk.byteLength
    await this.#file.writeFile(chunk)
  }

  digest(): Sha256 {
    const digest = parseSha256(this.#hash.digest('hex'))
    if (digest === undefined) throw new GateError('unknown-bug', 'a digest is none')
    return digest
  }

  async sync(): Promise<void> {
    await this.#file.sync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) if (entry.isDirectory()) await syncFolder(join(entry.parentPath, entry.name))
  await syncFolder(folder)
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function carrying<Result>(name: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof GateError) throw error
    const code = errorCode(error) ?? 'unknown'
    throw new GateError('unknown-store', `${name} could not be written (${code})`, { cause: error })
  }
}
