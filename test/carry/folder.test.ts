import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { archiveBytes, entryName } from '../../src/carry/archive-form.ts'
import { createEvidenceFolder } from '../../src/carry/evidence-folder.ts'
import { createFolderReader } from '../../src/carry/folder-reader.ts'
import { createFolderWriter, UNFINISHED } from '../../src/carry/folder-writer.ts'
import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import type { OpenBlob } from '../../src/ports/blobs.ts'
import type { CarriedPart } from '../../src/protocol/carry/mirror-manifest.ts'
import { archiveOf } from '../world/mirror/carried.ts'

const PART = 'part-0001.tar.zst'
/** none, less than a block, exactly one, and more than is read at once */
const BYTES = [Buffer.alloc(0), Buffer.from('small'), Buffer.alloc(512, 1), Buffer.alloc(3 * 1024 * 1024 + 7, 2)]
const BLOBS = BYTES.map(bytes => ({ sha256: sha256Of(bytes), size: bytes.length }))

function opened(bytes: Buffer, sha256: Sha256 = sha256Of(bytes)): OpenBlob {
  return {
    sha256,
    size: bytes.length,
    bytes: undefined,
    read: async (buffer, position) => bytes.copy(buffer, 0, position),
    close() {},
  }
}

const openHeld = async ({ sha256 }: { readonly sha256: Sha256 }): Promise<OpenBlob> => {
  const bytes = BYTES.find(held => sha256Of(held) === sha256)
  if (bytes === undefined) throw new Error('a test asks for what there is')
  return opened(bytes)
}

/** A finished folder with one part. */
async function packed(t: Test): Promise<{ readonly folder: string; readonly part: CarriedPart }> {
  const folder = t.testdir()
  const writer = await createFolderWriter(folder)
  const part = await writer.part(PART, BLOBS, openHeld)
  await writer.document('trust/trusted_root.json', Buffer.from('{}'))
  await writer.finish()
  return { folder, part }
}

async function unpacked(folder: string, part: CarriedPart): Promise<readonly Buffer[]> {
  const taken: Buffer[] = []
  await createFolderReader(folder).unpack(part, async (_blob, body) => {
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(chunk)
    taken.push(Buffer.concat(chunks))
  })
  return taken
}

t.test('what is packed is unpacked, blob by blob and in its order', async t => {
  const { folder, part } = await packed(t)
  t.strictSame(await unpacked(folder, part), BYTES)
  t.strictSame(part.blobs, BLOBS)
  t.equal(part.sha256, await createFolderReader(folder).sha256Of(PART))
  t.strictSame([...(await createFolderReader(folder).files()).keys()].sort(), [PART, 'trust/trusted_root.json'])
})

t.test('the same blobs make the same bytes, and as many as can be foretold', async t => {
  const [one, other] = [await packed(t), await packed(t)]
  t.equal(one.part.sha256, other.part.sha256)
  t.equal(zstdDecompressSync(readFileSync(join(one.folder, PART))).length, archiveBytes(BLOBS))
  t.equal(entryName(one.part.sha256), `blobs/sha256/${one.part.sha256.slice(0, 2)}/${one.part.sha256}`)
})

t.test('a folder that is not whole says so, and is begun anew', async t => {
  const folder = t.testdir()
  const writer = await createFolderWriter(folder)
  await writer.document('manifest.json', Buffer.from('old'))
  t.ok(readdirSync(folder).includes(UNFINISHED))
  await t.rejects(createFolderReader(folder).files(), { name: 'ImportRefusal', code: 'entry-missing' })
  const again = await createFolderWriter(folder)
  t.strictSame(readdirSync(folder), [UNFINISHED], 'nothing of it stays')
  await again.finish()
  t.strictSame(readdirSync(folder), [])
})

t.test('nothing is written into a folder that holds something else', async t => {
  const folder = t.testdir({ 'somebody.txt': 'else' })
  await t.rejects(createFolderWriter(folder), { code: 'usage', detail: /is not empty/ })
  t.strictSame(readdirSync(folder), ['somebody.txt'])
})

t.test('a stored file that was changed is not carried', async t => {
  const writer = await createFolderWriter(t.testdir())
  const changed = opened(Buffer.from('other bytes'), sha256Of('what it was'))
  await t.rejects(writer.blob('file.whl', changed), { code: 'unknown-store', detail: /was changed on disk/ })
})

t.test('no link is followed, and no document is larger than it may be', async t => {
  const folder = t.testdir({ 'manifest.json': '{"a":1}' })
  const reader = createFolderReader(folder)
  t.equal(String(await reader.read('manifest.json', 7)), '{"a":1}')
  await t.rejects(reader.read('manifest.json', 6), { code: 'part-mismatch', detail: /has 7 bytes, at most 6/ })
  await t.rejects(reader.read('gone.json', 6), { code: 'entry-missing' })
  symlinkSync('manifest.json', join(folder, 'link.json'))
  await t.rejects(reader.read('link.json', 7), { code: 'entry-strange' })
  await t.rejects(reader.files(), { code: 'entry-strange', detail: 'link.json is a link' })
})

t.test('an archive holds what the manifest says, entry by entry, or nothing of it counts', async t => {
  const { folder, part } = await packed(t)
  const [none, small, block, large] = part.blobs
  if (!none || !small || !block || !large) throw new Error('four blobs')
  const told = (blobs: CarriedPart['blobs']) => unpacked(folder, { ...part, blobs })
  await t.rejects(told([none, small, block]), { name: 'ImportRefusal' }, 'more than is named')
  await t.rejects(told([...part.blobs, small]), { code: 'part-mismatch' }, 'less than is named')
  await t.rejects(told([small, none, block, large]), { code: 'entry-strange' }, 'in another order')
  await t.rejects(told([none, { ...small, size: 6 }, block, large]), { code: 'blob-mismatch' }, 'of another size')
})

t.test('bytes that are not what their name says are told before they end', async t => {
  const { folder, part } = await packed(t)
  const put = async (bytes: Buffer): Promise<void> => writeFileSync(join(folder, PART), zstdCompressSync(bytes))
  const entries = BLOBS.map(({ sha256 }, index) => ({
    header: { name: entryName(sha256) },
    bytes: Buffer.from(BYTES[index] ?? []),
  }))
  await put(await archiveOf(entries))
  t.strictSame(await unpacked(folder, part), BYTES, 'the control')
  entries[1]?.bytes.write('S')
  await put(await archiveOf(entries))
  await t.rejects(unpacked(folder, part), { code: 'blob-mismatch', detail: /has the sha256/ })
  await put(Buffer.alloc(archiveBytes(BLOBS)))
  await t.rejects(unpacked(folder, part), { code: 'entry-missing' }, 'an archive of nothing')
  await put(Buffer.alloc(archiveBytes(BLOBS) + 1))
  await t.rejects(unpacked(folder, part), { name: 'ImportRefusal' }, 'a byte too many')
  writeFileSync(join(folder, PART), 'no archive')
  await t.rejects(unpacked(folder, part), { code: 'part-mismatch', detail: /no archive that can be read/ })
})

t.test('the documents of an import are kept whole, in the place of those that were there', async t => {
  const folder = join(t.testdir(), 'evidence')
  const manifest = sha256Of('manifest')
  const evidence = createEvidenceFolder(folder)
  await evidence.keep(manifest, [{ name: 'policy/01-a.yaml', bytes: Buffer.from('old') }])
  await evidence.keep(manifest, [{ name: 'manifest.json', bytes: Buffer.from('{}') }])
  t.strictSame(readdirSync(folder), [manifest])
  t.strictSame(readdirSync(join(folder, manifest)), ['manifest.json'])
  await t.rejects(createEvidenceFolder('/dev/null').keep(manifest, [{ name: 'a', bytes: Buffer.from('') }]), {
    code: 'unknown-store',
  })
})
