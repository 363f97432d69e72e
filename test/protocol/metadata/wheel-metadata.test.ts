// guards: src/protocol/metadata/archive-error.ts src/protocol/metadata/zip-layout.ts
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { ArchiveError, readWheelMetadata, UnreadableArchive } from '../../../src/protocol/metadata/wheel-metadata.ts'
import {
  commented,
  moved,
  otherwise,
  twoDirectories,
  with64,
  withHole,
  withoutEnd,
} from '../../world/index/ambiguous-archives.ts'
import { type Member, relabelled, zip } from '../../world/index/archives.ts'
import { casesFolder } from '../../world/vectors/vectors-folder.ts'

const METADATA = Buffer.from('Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n')
const OTHER = Buffer.from('Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: evil\n')
const PATH = 'demo-1.0.dist-info/METADATA'
const MODULE = { name: 'demo.py', bytes: Buffer.from('x = 1\n') }

function wheelOf(filename: string) {
  const parsed = parseDistFilename(filename)
  if (parsed?.kind !== 'wheel') throw new TypeError(`${filename} is no wheel`)
  return parsed
}

async function read(bytes: Buffer, filename = 'demo-1.0-py3-none-any.whl'): Promise<Buffer> {
  const source = {
    size: bytes.length,
    read: async (into: Buffer, position: number, length: number) => bytes.copy(into, 0, position, position + length),
  }
  return await readWheelMetadata(source, wheelOf(filename))
}

/** How it ends: what is inside, or the kind of error. */
async function outcome(bytes: Buffer, filename?: string): Promise<string> {
  try {
    return (await read(bytes, filename)).equals(OTHER) ? 'the other' : 'read'
  } catch (error) {
    if (error instanceof UnreadableArchive) return 'unreadable'
    if (error instanceof ArchiveError) return 'wrong'
    throw error
  }
}

function archive(...members: readonly Member[]): Buffer {
  return zip([MODULE, ...members])
}

t.test('an entry that is there twice', async t => {
  const metadata = { name: PATH, bytes: METADATA }
  t.equal(await outcome(archive(metadata, MODULE)), 'read', 'twice the same: whichever an installer takes')
  t.equal(await outcome(archive(metadata, metadata)), 'read', 'METADATA too')
  t.equal(await outcome(archive(metadata, { ...MODULE, bytes: Buffer.from('x = 2\n') })), 'wrong', 'two different ones')
  t.equal(await outcome(archive(metadata, { ...metadata, bytes: OTHER })), 'wrong')
  t.equal(await outcome(archive({ ...metadata, bytes: OTHER }, metadata)), 'wrong')
  t.equal(
    await outcome(archive(metadata, { name: PATH.toUpperCase(), bytes: METADATA })),
    'wrong',
    'a file system may take one for the other',
  )
  const many = Array.from({ length: 1_001 }, (_, at) => ({ name: `m${at}.py`, bytes: MODULE.bytes }))
  t.equal(await outcome(archive(metadata, ...many, ...many)), 'unreadable', 'too many of them')
})

t.test('more entries than anybody reads are not begun with', async t => {
  const plain = archive({ name: PATH, bytes: METADATA })
  const counting = async (entries: bigint) => {
    const bytes = withEntries(plain, entries)
    let taken = 0
    const source = {
      size: bytes.length,
      async read(into: Buffer, position: number, length: number) {
        taken += length
        return bytes.copy(into, 0, position, position + length)
      },
    }
    const ended = await readWheelMetadata(source, wheelOf('demo-1.0-py3-none-any.whl')).then(
      () => 'read',
      (error: unknown) => (error instanceof UnreadableArchive ? 'unreadable' : String(error)),
    )
    return { ended, taken }
  }
  const honest = await counting(2n)
  t.equal(honest.ended, 'read', 'as it is')
  for (const entries of [200_001n, 10_000_000n, 2n ** 52n]) {
    const { ended, taken } = await counting(entries)
    t.equal(ended, 'unreadable', `${entries}`)
    t.ok(taken <= honest.taken, `${taken} bytes were read, ${honest.taken} of the honest one`)
  }
})

/** The archive with so many entries announced, as Zip64 has it (APPNOTE 4.3.14, 4.3.15). */
function withEntries(plain: Buffer, entries: bigint): Buffer {
  const end = Buffer.from(plain.subarray(-22))
  const [size, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)]
  end.writeUInt16LE(0xffff, 8)
  end.writeUInt16LE(0xffff, 10)
  const wide = Buffer.alloc(56)
  wide.write('PK\x06\x06', 0, 'latin1')
  wide.writeBigUInt64LE(44n, 4)
  wide.writeBigUInt64LE(entries, 24)
  wide.writeBigUInt64LE(entries, 32)
  wide.writeBigUInt64LE(BigInt(size), 40)
  wide.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.write('PK\x06\x07', 0, 'latin1')
  locator.writeBigUInt64LE(BigInt(plain.length - 22), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([plain.subarray(0, -22), wide, locator, end])
}

t.test('METADATA in a form that is not read is not called wrong', async t => {
  const plain = archive({ name: PATH, bytes: METADATA })
  t.equal(await outcome(plain), 'read')
  for (const method of [1, 9, 12, 14, 93, 95]) t.equal(await outcome(relabelled(plain, PATH, { method })), 'unreadable')
  t.equal(await outcome(relabelled(plain, PATH, { flags: 0x801 })), 'unreadable', 'encrypted')
  const large = { name: PATH, bytes: Buffer.alloc(16 * 1024 * 1024 + 1, 'x') }
  t.equal(await outcome(archive(large)), 'unreadable', 'too large')
})

t.test('METADATA that is not there, or not once, is wrong', async t => {
  t.equal(await outcome(archive()), 'wrong')
  t.equal(await outcome(Buffer.from('no archive')), 'wrong')
  const metadata = { name: PATH, bytes: METADATA }
  t.equal(await outcome(archive(metadata, { name: 'other-2.0.dist-info/METADATA', bytes: OTHER })), 'wrong')
  t.equal(await outcome(archive(metadata, { name: 'demo/_vendor/other-2.0.dist-info/METADATA', bytes: OTHER })), 'read')
  t.equal(await outcome(archive({ name: 'other-1.0.dist-info/METADATA', bytes: OTHER })), 'wrong')
})

t.test('the folder is known by the project’s name, as installers know it', async t => {
  const cases: readonly (readonly [folder: string, filename: string, expected: string])[] = [
    ['Demo-1.0', 'demo-1.0-py3-none-any.whl', 'read'],
    ['foo.bar-1.0', 'foo_bar-1.0-py3-none-any.whl', 'read'],
    ['foo-bar-1.0', 'foo_bar-1.0-py3-none-any.whl', 'read'],
    ['demo-1_1.0', 'demo-1!1.0-py3-none-any.whl', 'read'],
    ['demo-1.0', 'demo-1.0+abc-py3-none-any.whl', 'read'],
    ['de_mo-1.0', 'demo-1.0-py3-none-any.whl', 'wrong'],
    ['demonstration-1.0', 'demo-1.0-py3-none-any.whl', 'wrong'],
  ]
  for (const [folder, filename, expected] of cases)
    t.equal(
      await outcome(archive({ name: `${folder}.dist-info/METADATA`, bytes: METADATA }), filename),
      expected,
      folder,
    )
})

t.test('a second name', async t => {
  const name = 'demo/café.txt'
  const withField = (field: string, crcOf: string) => {
    const second = Buffer.from(field)
    const data = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), second])
    data.writeUInt32LE(crc32(crcOf), 1)
    return zip([
      { name: PATH, bytes: METADATA },
      { name, bytes: Buffer.from('x'), extra: { id: 0x7075, data } },
    ])
  }
  t.equal(await outcome(withField(name, name)), 'read', 'equal to the first is none')
  t.equal(await outcome(withField('demo/evil.txt', name)), 'wrong', 'some readers believe it')
  t.equal(await outcome(withField('demo/evil.txt', 'stale')), 'wrong', 'and some whatever its checksum')
})

t.test('an archive in which readers find different entries is not read, and not called wrong', async t => {
  const metadata = { name: PATH, bytes: METADATA }
  const other = { name: PATH, bytes: OTHER }
  const cases: Readonly<Record<string, Buffer>> = {
    'with two directories, one at the offset and one before the end': twoDirectories(archive(metadata), archive(other)),
    'with a second name behind a NUL': archive(metadata, { ...other, name: `${PATH}\0x` }),
    'with a name that holds a line': archive(metadata, { name: 'demo/a\nb.py', bytes: METADATA }),
    'behind another archive': Buffer.concat([withoutEnd(archive(other)), moved(archive(metadata), archive(other))]),
    'behind bytes that its offsets do not count': Buffer.concat([Buffer.from('#!/bin/sh\n'), archive(metadata)]),
    'whose comment is the end of another': commented(archive(metadata), archive(other)),
    'whose comment looks like an end': commented(archive(metadata), Buffer.from('PK\x05\x06')),
    'with bytes behind its end': Buffer.concat([archive(metadata), Buffer.from('x')]),
    'with a hole between its entries': withHole(archive(metadata)),
    'whose headers give an entry two names': otherwise(archive(metadata), local => local.write('evil.py', 30)),
    'whose headers give an entry two sizes': otherwise(archive(metadata), local => local.writeUInt32LE(1, 18)),
    'with a Zip64 record elsewhere': with64(archive(metadata), { gap: 4 }),
    'whose ends contradict each other': with64(archive(metadata), { start: 1 }),
    'with METADATA that is unpacked twice': archive(metadata, { ...other, name: `demo-1.0.data/purelib/${PATH}` }),
    'with METADATA behind a dot': archive(metadata, { ...other, name: `./${PATH}` }),
    'with METADATA behind a backslash': archive({ ...metadata, name: PATH.replace('/', '\\') }),
  }
  for (const [what, bytes] of Object.entries(cases)) t.equal(await outcome(bytes), 'unreadable', what)
})

t.test('an archive in which all readers find the same is read', async t => {
  const plain = archive({ name: PATH, bytes: METADATA })
  t.equal(await outcome(commented(plain, Buffer.from('built by acme'))), 'read', 'with a comment')
  t.equal(await outcome(with64(plain)), 'read', 'with a Zip64 record')
  t.equal(await outcome(with64(plain, { start: 0xffff_ffff })), 'read', 'with all its numbers there')
  const inside = { name: 'demo/data.zip', bytes: Buffer.concat([archive(), Buffer.alloc(2 * 1024 * 1024)]) }
  t.equal(await outcome(archive(inside, { name: PATH, bytes: METADATA })), 'read', 'with another one in an entry')
})

t.test('reading the headers costs a piece of each entry, whatever is in it', async t => {
  const large = { name: 'demo/large.bin', bytes: Buffer.alloc(8 * 1024 * 1024, 'x') }
  const bytes = archive(large, { name: PATH, bytes: METADATA })
  let count = 0
  const counting = {
    size: bytes.length,
    read: async (into: Buffer, position: number, length: number) => {
      const read = bytes.copy(into, 0, position, position + length)
      count += read
      return read
    },
  }
  t.same(await readWheelMetadata(counting, wheelOf('demo-1.0-py3-none-any.whl')), METADATA)
  t.ok(count < 256 * 1024, `${count} of ${bytes.length} bytes were read`)
})

const script = fileURLToPath(new URL('wheels-zip/make.py', casesFolder))
const skip = existsSync(script) && hasPython() ? false : 'there is no python3, or no such case'

t.test('wheels as tools write them', { skip }, async t => {
  const folder = t.testdir()
  execFileSync('python3', [script], { cwd: folder })
  const expected: Readonly<Record<string, string>> = {
    nometa: 'wrong',
    vendored: 'wrong', // installers refuse two of them as well
    dashname: 'wrong',
    case: 'wrong',
    bzmeta: 'unreadable',
    lzmeta: 'unreadable',
  }
  const list: readonly { readonly project: string; readonly file: string }[] = JSON.parse(
    readFileSync(join(folder, 'list.json'), 'utf8'),
  )
  t.ok(list.length >= 22)
  for (const { project, file } of list) {
    const bytes = readFileSync(join(folder, file))
    t.equal(await outcome(bytes, file), expected[project] ?? 'read', project)
    if (expected[project] === undefined) t.same(await read(bytes, file), readFileSync(join(folder, `${file}.md`)))
  }
})

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'])
    return true
  } catch {
    return false
  }
}
