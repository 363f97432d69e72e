import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ImportCode } from '../../src/domain/base/import-refusal.ts'
import { generateCarrierKeys } from '../../src/protocol/attest/dsse.ts'
import { type ArchiveEntry, archiveOf, Luggage } from '../world/mirror/carried.ts'
import { createCrossing, must } from '../world/mirror/crossing.ts'
import { createWorld } from '../world/world.ts'

t.setTimeout(900_000)

const crossing = await createCrossing(t)
const { world } = crossing
const demo = await world.release('demo', '1.0')
const lab = await world.release('lab', '2.0', { kinds: ['wheel'] })
const files = [...demo.files, ...lab.files]
world.writePolicy()
crossing.setPolicy()
must(await crossing.fetch(files), 0)
const good = await crossing.export('good')
const stranger = join(world.folder, 'stranger.key')
writeFileSync(stranger, generateCarrierKeys().privatePem)

type Change = (luggage: Luggage) => Promise<void> | void

/** Whoever carries it, without the key. */
const BY_THE_CARRIER: Readonly<Record<string, readonly [code: ImportCode | RegExp, change: Change]>> = {
  'a byte of the manifest': ['signature-invalid', luggage => flip(luggage, 'manifest.json', 200)],
  'a byte after the manifest': [
    'signature-invalid',
    luggage => luggage.write('manifest.json', `${luggage.read('manifest.json').toString()} `),
  ],
  'a byte of the signature': ['signature-invalid', luggage => edit(luggage, 'manifest.dsse.json', /"sig":"./, flipped)],
  'a byte of what is signed': [
    'signature-invalid',
    luggage => edit(luggage, 'manifest.dsse.json', /"payload":"./, flipped),
  ],
  'the name of the key': ['signature-invalid', luggage => edit(luggage, 'manifest.dsse.json', /"keyid":"./, flipped)],
  'a space in the envelope': ['signature-invalid', luggage => edit(luggage, 'manifest.dsse.json', /,/, () => ', ')],
  'an empty list of signatures': [
    'signature-invalid',
    luggage => edit(luggage, 'manifest.dsse.json', /"signatures":\[.*\]/, () => '"signatures":[]'),
  ],
  'no signature': ['signature-invalid', luggage => rmSync(join(luggage.folder, 'manifest.dsse.json'))],
  'no manifest': ['entry-missing', luggage => rmSync(join(luggage.folder, 'manifest.json'))],
  'everything signed with another key': ['signer-foreign', luggage => luggage.sign(stranger)],
  'everything signed with another key under our name': [
    'signature-invalid',
    luggage => {
      const own = /"keyid":"([^"]*)"/.exec(luggage.read('manifest.dsse.json').toString())?.[1]
      luggage.sign(stranger)
      edit(luggage, 'manifest.dsse.json', /"keyid":"[^"]*"/, () => `"keyid":"${own}"`)
      luggage.sum()
    },
  ],
  'the signature over another document': [
    'signature-invalid',
    luggage => {
      const before = luggage.read('manifest.json')
      luggage.manifest.sequence += 1
      luggage.sign(crossing.key)
      luggage.write('manifest.json', before)
      luggage.sum()
    },
  ],
  'a byte of a part': ['part-mismatch', luggage => flip(luggage, 'part-0001.tar.zst', 500)],
  'a part that was cut short': [
    'part-mismatch',
    luggage => luggage.write('part-0001.tar.zst', luggage.read('part-0001.tar.zst').subarray(0, -100)),
  ],
  'a part that is gone': ['entry-missing', luggage => rmSync(join(luggage.folder, 'part-0001.tar.zst'))],
  'a file more': ['entry-strange', luggage => luggage.write('part-0002.tar.zst', 'more')],
  'a hidden file more': ['entry-strange', luggage => luggage.write('.autorun', 'more')],
  'a folder within a folder': [
    'entry-strange',
    luggage => void mkdirSync(join(luggage.folder, 'policy', 'deeper', 'still'), { recursive: true }),
  ],
  'a link in the place of a part': [
    'entry-strange',
    luggage => {
      const part = join(luggage.folder, 'part-0001.tar.zst')
      rmSync(part)
      symlinkSync(join(good, 'part-0001.tar.zst'), part)
    },
  ],
  'a link in the place of a folder': [
    'entry-strange',
    luggage => {
      rmSync(join(luggage.folder, 'policy'), { recursive: true })
      symlinkSync(join(good, 'policy'), join(luggage.folder, 'policy'))
    },
  ],
  'a pipe that never ends': [
    'entry-strange',
    luggage => {
      rmSync(join(luggage.folder, 'verdicts.ndjson'))
      execFileSync('mkfifo', [join(luggage.folder, 'verdicts.ndjson')])
    },
  ],
  'other sums': ['part-mismatch', luggage => flip(luggage, 'SHA256SUMS', 3)],
  'other verdicts': ['part-mismatch', luggage => flip(luggage, 'verdicts.ndjson', 30)],
  'another root': ['part-mismatch', luggage => flip(luggage, 'trust/trusted_root.json', 30)],
  'another policy': ['part-mismatch', luggage => flip(luggage, 'policy/01-policy.yaml', 3)],
  'an export that was never finished': ['entry-missing', luggage => luggage.write('.unfinished-export', '')],
}

const wheelOf = (luggage: Luggage) => fileOf(luggage, 'demo-1.0-py3-none-any.whl')

/** Whoever has the key, or stole it: the signature holds. */
const BY_THE_SIGNER: Readonly<Record<string, readonly [code: ImportCode | RegExp, change: Change]>> = {
  'other bytes in a blob': [
    'blob-mismatch',
    luggage => luggage.swapBytes(wheelOf(luggage).sha256, Buffer.alloc(wheelOf(luggage).size, 7)),
  ],
  'a blob that is longer than it says': [
    /blob-mismatch|part-mismatch/,
    luggage => luggage.swapBytes(wheelOf(luggage).sha256, Buffer.alloc(wheelOf(luggage).size + 512, 7)),
  ],
  'two blobs in each other’s place': [
    'blob-mismatch',
    async luggage => {
      const [first, second, ...others] = await luggage.entries()
      if (first === undefined || second === undefined) throw new Error('two blobs')
      const size = Math.max(first.bytes.length, second.bytes.length)
      const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(size - bytes.length)])
      await luggage.repack([
        { header: { ...first.header, size }, bytes: padded(second.bytes) },
        { header: { ...second.header, size }, bytes: padded(first.bytes) },
        ...others,
      ])
      for (const part of luggage.manifest.parts) for (const blob of part.blobs.slice(0, 2)) blob.size = size
      for (const file of luggage.manifest.files)
        if ([first, second].some(entry => entry.header.name.endsWith(String(file['sha256'])))) file['size'] = size
    },
  ],
  'an entry that declares a petabyte': [
    'blob-mismatch',
    async luggage => luggage.replacePart(withSize(await archiveOf(await luggage.entries()), 2 ** 50)),
  ],
  'a petabyte that the manifest declares too': [
    /part-mismatch|manifest-invalid/,
    async luggage => {
      luggage.replacePart(withSize(await archiveOf(await luggage.entries()), 2 ** 50))
      const [blob] = luggage.manifest.parts[0]?.blobs ?? []
      if (blob !== undefined) blob.size = 2 ** 50
      for (const file of luggage.manifest.files) if (file['sha256'] === blob?.sha256) file['size'] = 2 ** 50
    },
  ],
  'a link in an archive': [
    'entry-strange',
    luggage => repackFirst(luggage, ({ header }) => ({ ...header, type: 'symlink', linkname: '/etc/passwd', size: 0 })),
  ],
  'a hard link in an archive': [
    'entry-strange',
    luggage => repackFirst(luggage, ({ header }) => ({ ...header, type: 'link', linkname: 'lock', size: 0 })),
  ],
  'a device in an archive': [
    'entry-strange',
    luggage => repackFirst(luggage, ({ header }) => ({ ...header, type: 'character-device', size: 0 })),
  ],
  'a path that climbs': [
    'entry-strange',
    luggage => repackFirst(luggage, ({ header }) => ({ ...header, name: '../../../../tmp/evil' })),
  ],
  'a path from the root': [
    'entry-strange',
    luggage => repackFirst(luggage, ({ header }) => ({ ...header, name: '/tmp/evil' })),
  ],
  'a path with a detour': [
    'entry-strange',
    luggage => repackFirst(luggage, ({ header }) => ({ ...header, name: `blobs/../${header.name}` })),
  ],
  'an entry more': [
    /entry-strange|part-mismatch/,
    async luggage =>
      luggage.repack([...(await luggage.entries()), { header: { name: 'blobs/more' }, bytes: Buffer.from('more') }]),
  ],
  'an entry twice': [
    /entry-strange|part-mismatch/,
    async luggage => {
      const entries = await luggage.entries()
      await luggage.repack([...entries, ...entries.slice(0, 1)])
    },
  ],
  'an entry less': [
    /entry-missing|part-mismatch/,
    async luggage => luggage.repack((await luggage.entries()).slice(0, -1)),
  ],
  'an archive that unfolds without end': [
    'part-mismatch',
    async luggage =>
      luggage.replacePart(Buffer.concat([await archiveOf(await luggage.entries()), Buffer.alloc(64 * 1024 * 1024)])),
  ],
  'no archive at all': [
    'part-mismatch',
    luggage => {
      luggage.write('part-0001.tar.zst', Buffer.alloc(4096, 7))
      luggage.note('part-0001.tar.zst')
    },
  ],
  'a blob that no file needs': [
    'blob-unexpected',
    luggage => void luggage.manifest.parts[0]?.blobs.push({ sha256: 'ab'.repeat(32), size: 4 }),
  ],
  'a blob twice': [
    'manifest-invalid',
    luggage => {
      const blobs = luggage.manifest.parts[0]?.blobs
      blobs?.push(...blobs.slice(0, 1))
    },
  ],
  'a file without its bytes': [
    'blob-missing',
    luggage => {
      const file = { ...wheelOf(luggage), filename: 'demo-1.1-py3-none-any.whl', sha256: 'ab'.repeat(32) }
      luggage.manifest.files.splice(2, 0, file)
    },
  ],
  'a file that is listed twice': [
    'manifest-invalid',
    luggage => void luggage.manifest.files.unshift(...luggage.manifest.files.slice(0, 1)),
  ],
  'a file name that climbs': [
    'manifest-invalid',
    luggage => void Object.assign(wheelOf(luggage), { filename: '../demo-1.0-py3-none-any.whl' }),
  ],
  'a file under another project': [
    'manifest-invalid',
    luggage => void Object.assign(wheelOf(luggage), { project: 'lab' }),
  ],
  'a part that lies elsewhere': [
    'manifest-invalid',
    luggage => {
      for (const part of luggage.manifest.parts) part.name = '../good/part-0001.tar.zst'
    },
  ],
  'a key that nobody knows': ['manifest-invalid', luggage => void Object.assign(luggage.manifest, { trusted: true })],
  'a sequence below the first': ['manifest-invalid', luggage => void Object.assign(luggage.manifest, { sequence: 0 })],
  'a parent that never came': [
    'parent-missing',
    luggage => void Object.assign(luggage.manifest, { parent: 'ab'.repeat(32) }),
  ],
  'a wheel with something slipped in, all digests set right': [
    /^file-refused: demo-1\.0-py3-none-any\.whl: digest-mismatch/,
    async luggage => {
      await luggage.replaceBlob(wheelOf(luggage).sha256, Buffer.concat([demo.wheel.bytes, Buffer.from('slipped in')]))
    },
  ],
  'the provenance of another file': [
    /^file-refused: demo-1\.0-py3-none-any\.whl: subject-mismatch/,
    luggage => {
      const own = wheelOf(luggage)
      const other = fileOf(luggage, 'lab-2.0-py3-none-any.whl').provenance
      for (const part of luggage.manifest.parts)
        part.blobs = part.blobs.filter(({ sha256 }) => sha256 !== own.provenance)
      own.provenance = other
      return dropUnlisted(luggage)
    },
  ],
  'one byte of a provenance, all digests set right': [
    /^file-refused: demo-1\.0-py3-none-any\.whl: /,
    async luggage => {
      const text = demo.wheel.provenance?.toString('utf8') ?? ''
      await luggage.replaceBlob(wheelOf(luggage).provenance, Buffer.from(text.replace(/"signature": ?"./, flipped)))
    },
  ],
  'a file whose provenance was taken away': [
    /^file-refused: demo-1\.0-py3-none-any\.whl: unattested/,
    luggage => {
      Object.assign(wheelOf(luggage), { provenance: null, said: 'none' })
      return dropUnlisted(luggage)
    },
  ],
  'METADATA that is not the wheel’s': [
    /^file-refused: .*METADATA/,
    async luggage => {
      const other = Buffer.from(
        demo.wheel.metadata.toString('utf8').replace('Version: 1.0', 'Version: 1.0\nRequires-Dist: evil'),
      )
      await luggage.replaceBlob(wheelOf(luggage).core_metadata, other)
    },
  ],
}

for (const [title, [code, change]] of Object.entries(BY_THE_CARRIER))
  t.test(`refused, and nothing stays: ${title}`, async t => {
    const luggage = copy(title)
    await change(luggage)
    await assertRefused(t, luggage.folder, code)
  })

for (const [title, [code, change]] of Object.entries(BY_THE_SIGNER))
  t.test(`refused though it is signed, and nothing stays: ${title}`, async t => {
    const luggage = copy(title)
    await change(luggage)
    luggage.sign(crossing.key)
    await assertRefused(t, luggage.folder, code)
  })

t.test('refused, and nothing stays: what only a looser policy outside admits', async t => {
  const other = await createCrossing(t)
  const bare = await other.world.release('bare', '1.0', { attested: false })
  other.world.writePolicy(
    'version: 1\nmode: enforce\ndefaults:\n  attestation: optional\n  unmatched: apply-defaults\nprojects:\n  - match: bare\n    attestation: optional\n    publishers: [{kind: github, repository: acme/bare, workflow: release.yml}]\n',
  )
  other.setPolicy(
    'version: 1\nmode: enforce\ndefaults:\n  attestation: required\n  unmatched: deny\nprojects:\n  - match: bare\n    publishers: [{kind: github, repository: acme/bare, workflow: release.yml}]\n',
  )
  must(await other.fetch(bare.files), 0)
  const folder = await other.export('loose')
  const ended = await other.inside('mirror', 'import', folder, '--signer', other.signer)
  t.equal(ended.exit, 1)
  t.match(ended.err, /file-refused: bare-1\.0.*unattested/)
  t.equal((await other.inside('mirror', 'verify', '--format', 'json')).out, '')
})

t.test('refused, and nothing stays: what only the root that came along vouches for', async t => {
  const elsewhere = await createWorld(t)
  const luggage = copy('another root, and what it vouches for')
  const foreign = await elsewhere.release('demo', '1.0')
  const own = wheelOf(luggage)
  const bytes = foreign.wheel.provenance
  if (bytes === undefined || foreign.wheel.sha256 !== own.sha256) throw new Error('the same wheel, signed elsewhere')
  await luggage.replaceBlob(own.provenance, bytes)
  luggage.write('trust/trusted_root.json', readFileSync(elsewhere.trustRoot))
  luggage.note('trust/trusted_root.json')
  luggage.sign(crossing.key)
  await assertRefused(t, luggage.folder, /^file-refused: demo-1\.0-py3-none-any\.whl: signature-invalid/)
})

t.test('refused, and nothing stays of an earlier run of it that was killed either', async t => {
  const luggage = copy('killed before')
  const { sha256 } = demo.wheel
  const place = join(crossing.places.inside, 'data', 'blobs', sha256.slice(0, 2), sha256.slice(2, 4))
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, sha256), demo.wheel.bytes)
  Object.assign(wheelOf(luggage), { provenance: null, said: 'none' })
  await dropUnlisted(luggage)
  luggage.sign(crossing.key)
  await assertRefused(t, luggage.folder, /^file-refused: /)
})

t.test('after a good import', async t => {
  const later = await createCrossing(t)
  const first = await later.world.release('demo', '1.0', { kinds: ['wheel'] })
  later.world.writePolicy()
  later.setPolicy()
  must(await later.fetch(first.files), 0)
  const one = await later.export('one')
  const second = await later.world.release('demo', '1.1', { kinds: ['wheel'] })
  must(await later.fetch(second.files), 0)
  const two = await later.export('two')
  must(await later.inside('mirror', 'import', two, '--signer', later.signer), 0)
  const heldNow = async () =>
    (await later.inside('mirror', 'verify', '--format', 'json')).out.replaceAll(/"verified_at":"[^"]+"/g, '')
  const held = await heldNow()

  await t.test('an older export is refused', async t => {
    const ended = await later.inside('mirror', 'import', one, '--signer', later.signer)
    t.equal(ended.exit, 1)
    t.match(ended.err, /rollback/)
  })
  await t.test('the same export is verified again, and nothing changes', async t => {
    const ended = await later.inside('mirror', 'import', two, '--signer', later.signer)
    t.equal(ended.exit, 0)
    t.match(ended.out, /0 new, 0 changed, 2 as before; it was here before/)
  })
  await t.test('a file that comes back with other bytes is refused', async t => {
    const luggage = new Luggage(two)
    luggage.manifest.sequence = 9
    await luggage.replaceBlob(fileOf(luggage, 'demo-1.0-py3-none-any.whl').sha256, Buffer.from('other bytes'))
    luggage.sign(later.key)
    const ended = await later.inside('mirror', 'import', two, '--signer', later.signer)
    t.equal(ended.exit, 1)
    t.match(ended.err, /digest-changed/)
  })
  t.equal(await heldNow(), held, 'what was held is held')
})

// ---------------------------------------------------------------- what changes, and what must not stay

function copy(title: string): Luggage {
  const folder = crossing.carried(title.replaceAll(/\W+/g, '-'))
  cpSync(good, folder, { recursive: true })
  return new Luggage(folder)
}

async function assertRefused(t: Test, folder: string, code: ImportCode | RegExp): Promise<void> {
  const ended = await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer, '--format', 'json')
  t.equal(ended.exit, 1, ended.err)
  const told = JSON.parse(ended.out) as { readonly outcome: string; readonly code: string; readonly detail: string }
  t.equal(told.outcome, 'refused')
  if (typeof code === 'string') t.equal(told.code, code, told.detail)
  else t.match(`${told.code}: ${told.detail}`, code)
  t.strictSame(blobsInside(), [], 'no byte of it stays')
  t.notOk(existsSync(join(crossing.places.inside, 'data', 'evidence')), 'no document of it stays')
  t.equal((await crossing.inside('mirror', 'verify', '--format', 'json')).out, '', 'nothing is held')
}

function blobsInside(): readonly string[] {
  const blobs = join(crossing.places.inside, 'data', 'blobs')
  return readdirSync(blobs, { recursive: true, withFileTypes: true }).flatMap(entry =>
    entry.isFile() ? [entry.name] : [],
  )
}

interface FileJson {
  project: string
  filename: string
  sha256: string
  size: number
  provenance: string
  core_metadata: string
}

function fileOf(luggage: Luggage, filename: string): FileJson {
  const file = luggage.manifest.files.find(candidate => candidate['filename'] === filename)
  if (file === undefined) throw new Error(`${filename} is not carried`)
  return file as unknown as FileJson
}

/** A base64 character more in the alphabet, or the first again. */
function flipped(found: string): string {
  const last = found.at(-1) ?? ''
  return found.slice(0, -1) + (last === 'A' ? 'B' : 'A')
}

function flip(luggage: Luggage, name: string, at: number): void {
  const bytes = luggage.read(name)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  luggage.write(name, bytes)
}

function edit(luggage: Luggage, name: string, pattern: RegExp, change: (found: string) => string): void {
  luggage.write(name, luggage.read(name).toString('utf8').replace(pattern, change))
}

async function repackFirst(luggage: Luggage, change: (entry: ArchiveEntry) => ArchiveEntry['header']): Promise<void> {
  const [first, ...others] = await luggage.entries()
  if (first === undefined) throw new Error('an entry')
  await luggage.repack([{ header: change(first), bytes: first.bytes }, ...others])
}

/** Blobs that no file names any more go from the archive and from the manifest. */
async function dropUnlisted(luggage: Luggage): Promise<void> {
  const listed = JSON.stringify(luggage.manifest.files)
  const entries = await luggage.entries()
  for (const part of luggage.manifest.parts) part.blobs = part.blobs.filter(({ sha256 }) => listed.includes(sha256))
  await luggage.repack(entries.filter(({ header }) => listed.includes(header.name.slice(-64))))
}

/** The first header says this size (base 256, as GNU tar writes what octal cannot), with its checksum set right. */
function withSize(archive: Buffer, size: number): Buffer {
  const changed = Buffer.from(archive)
  changed.fill(0, 124, 136)
  changed[124] = 0x80
  changed.writeBigUInt64BE(BigInt(size), 128)
  changed.fill(' ', 148, 156)
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return changed
}
