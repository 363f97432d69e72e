import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { extract, type Header, pack } from 'tar-stream'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { readSigningKey, signDocument } from '../../../src/protocol/attest/dsse.ts'

/** One entry of an archive as a test may want it: any header, any bytes. */
export interface ArchiveEntry {
  readonly header: Partial<Header> & Pick<Header, 'name'>
  readonly bytes: Buffer
}

export interface ManifestJson {
  sequence: number
  parent: string | null
  trust: { digest: string; source: string; file: DocumentJson }
  policy: { digest: string; files: DocumentJson[] }
  verdicts: DocumentJson
  files: Record<string, unknown>[]
  parts: (DocumentJson & { blobs: { sha256: string; size: number }[] })[]
}

interface DocumentJson {
  name: string
  sha256: string
  size: number
}

/**
 * A carried folder taken apart, for whoever wants to put it together otherwise: as its signer could, with everything signed
 * and summed again, or as somebody without the key.
 */
export class Luggage {
  readonly folder: string
  readonly manifest: ManifestJson

  constructor(folder: string) {
    this.folder = folder
    this.manifest = JSON.parse(this.read('manifest.json').toString('utf8')) as ManifestJson
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name))
  }

  write(name: string, bytes: Buffer | string): void {
    writeFileSync(join(this.folder, name), bytes)
  }

  async entries(part = 'part-0001.tar.zst'): Promise<readonly ArchiveEntry[]> {
    const archive = extract()
    archive.end(zstdDecompressSync(this.read(part)))
    const entries: ArchiveEntry[] = []
    for await (const entry of archive) {
      const chunks: Buffer[] = []
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk)
      entries.push({ header: entry.header, bytes: Buffer.concat(chunks) })
    }
    return entries
  }

  /** Writes an archive of whatever entries, and notes its size and sha256 in the manifest; `blobs` stay as they are. */
  async repack(entries: readonly ArchiveEntry[], part = 'part-0001.tar.zst'): Promise<void> {
    this.replacePart(await archiveOf(entries), part)
  }

  /** The archive's own bytes, changed after it was packed. */
  replacePart(archive: Buffer, part = 'part-0001.tar.zst'): void {
    this.write(part, zstdCompressSync(archive))
    this.note(part)
  }

  /** What lies there under this name now is what the manifest says. */
  note(name: string): void {
    const bytes = this.read(name)
    const { parts, policy, trust, verdicts } = this.manifest
    for (const document of [...parts, ...policy.files, trust.file, verdicts])
      if (document.name === name) Object.assign(document, { sha256: sha256Of(bytes), size: bytes.length })
  }

  /** The manifest as it is now, signed with this key, and the sums of everything. */
  sign(key: string): void {
    const bytes = Buffer.from(`${JSON.stringify(this.manifest, undefined, 1)}\n`)
    this.write('manifest.json', bytes)
    const signer = readSigningKey(readFileSync(key, 'utf8'))
    if (signer === undefined) throw new Error('no key')
    this.write('manifest.dsse.json', signDocument({ name: 'manifest.json', sha256: sha256Of(bytes) }, signer))
    this.sum()
  }

  sum(): void {
    rmSync(join(this.folder, 'SHA256SUMS'), { force: true })
    const names = readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort()
    this.write('SHA256SUMS', names.map(name => `${sha256Of(this.read(name))}  ${name}\n`).join(''))
  }

  /** Another content for what a blob's digest names: same entry, other bytes, and nobody told. */
  async swapBytes(sha256: string, bytes: Buffer): Promise<void> {
    const entries = await this.entries()
    await this.repack(
      entries.map(entry =>
        entry.header.name.endsWith(sha256) ? { header: { ...entry.header, size: bytes.length }, bytes } : entry,
      ),
    )
  }

  /** Puts another blob in the place of one, everywhere that its digest stands. */
  async replaceBlob(before: string, bytes: Buffer): Promise<Sha256> {
    const after = createHash('sha256').update(bytes).digest('hex') as Sha256
    const entries = await this.entries()
    const replaced = entries.map(entry =>
      entry.header.name.endsWith(before)
        ? { header: { ...entry.header, name: `blobs/sha256/${after.slice(0, 2)}/${after}`, size: bytes.length }, bytes }
        : entry,
    )
    await this.repack(replaced)
    const text = JSON.stringify(this.manifest).replaceAll(before, after)
    Object.assign(this.manifest, JSON.parse(text))
    for (const part of this.manifest.parts)
      for (const blob of part.blobs) if (blob.sha256 === after) blob.size = bytes.length
    for (const file of this.manifest.files) if (file['sha256'] === after) file['size'] = bytes.length
    return after
  }
}

export async function archiveOf(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const archive = pack()
  for (const { header, bytes } of entries)
    if (header.type === undefined || header.type === null || header.type === 'file') archive.entry(header, bytes)
    else archive.entry(header)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Every file of a folder with its content, by name. */
export function contentsOf(folder: string): readonly (readonly [name: string, content: string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap(entry => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
    .sort()
    .map(path => [path.slice(folder.length), readFileSync(path).toString('base64')])
}
