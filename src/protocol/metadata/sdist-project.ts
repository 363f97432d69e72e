import { Readable, Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { fromBufferPromise } from 'yauzl'
import type { SdistFilename } from '../../domain/packaging/filename.ts'
import { UnreadableArchive } from './archive-error.ts'

/** What a source distribution unfolds to at most, and how many entries it has. */
const MOST = { bytes: 1024 * 1024 * 1024, entries: 200_000 }
type Most = typeof MOST
/** A pyproject.toml that has more is not read. Bytes. */
const MOST_PROJECT = 1024 * 1024

/**
 * The text of `pyproject.toml` of a source distribution (PEP 517, PEP 625): in the one folder at its top. `undefined` where it has
 * none. Throws {@link UnreadableArchive} where the bytes are no such archive, unfold to too much, or where it cannot be told which
 * file is the one.
 */
export async function readSdistProject(
  bytes: Uint8Array,
  { extension }: SdistFilename,
  most: Most = MOST,
): Promise<string | undefined> {
  try {
    const found = extension === '.zip' ? await inZip(bytes, most) : await inTar(bytes, most)
    if (found.size > 1) throw new UnreadableArchive('it has several pyproject.toml, in several folders')
    const [text] = found.values()
    return text === undefined ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch (error) {
    if (error instanceof UnreadableArchive) throw error
    throw new UnreadableArchive(error instanceof Error ? error.message : 'it is no archive')
  }
}

/** Whatever is in the folder at the top; `./` before it means nothing. */
const PROJECT = /^(?:\.\/)?([^/\\]+)\/pyproject\.toml$/

/** By folder; of two entries of one name the later one is what is left on a disk. */
async function inTar(bytes: Uint8Array, most: Most): Promise<ReadonlyMap<string, Buffer>> {
  const archive = extract()
  const unfolding = pipeline(Readable.from([bytes]), createGunzip(), bounded(most), archive)
  const [told, found] = await Promise.allSettled([unfolding, projectsIn(archive, most)])
  // an archive that is given up on ends what unfolds it, and the other way round
  for (const it of [found, told])
    if (it.status === 'rejected' && it.reason instanceof UnreadableArchive) throw it.reason
  if (told.status === 'rejected') throw told.reason
  if (found.status === 'rejected') throw found.reason
  return found.value
}

async function projectsIn(archive: ReturnType<typeof extract>, most: Most): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  let entries = 0
  for await (const entry of archive) {
    entries += 1
    if (entries > most.entries) throw new UnreadableArchive(`it has more than ${most.entries} entries`)
    const { name, type, size } = entry.header
    const [, folder] = PROJECT.exec(name) ?? []
    if (folder === undefined) entry.resume()
    else {
      assertProject(type === 'file' || type === 'contiguous-file', size)
      found.set(folder, await buffer(entry as AsyncIterable<Buffer>))
    }
  }
  return found
}

function bounded(most: Most): Transform {
  let unfolded = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unfolded += chunk.length
      if (unfolded > most.bytes) done(new UnreadableArchive(`it unfolds to more than ${most.bytes} bytes`))
      else done(null, chunk)
    },
  })
}

function assertProject(isFile: boolean, size: number): void {
  if (!isFile) throw new UnreadableArchive('its pyproject.toml is no file')
  if (size > MOST_PROJECT) throw new UnreadableArchive(`its pyproject.toml has more than ${MOST_PROJECT} bytes`)
}

async function inZip(bytes: Uint8Array, most: Most): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    lazyEntries: true,
  })
  if (zip.entryCount > most.entries) throw new UnreadableArchive(`it has more than ${most.entries} entries`)
  for await (const entry of zip.eachEntry()) {
    const [, folder] = PROJECT.exec(entry.fileName) ?? []
    if (folder === undefined) continue
    assertProject(!entry.isEncrypted() && entry.canDecodeFileData(), entry.uncompressedSize)
    found.set(folder, await buffer(await zip.openReadStreamPromise(entry)))
  }
  return found
}
