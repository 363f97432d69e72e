import { gzipSync } from 'node:zlib'
import t from 'tap'
import { parseDistFilename, type SdistFilename } from '../../../src/domain/packaging/filename.ts'
import { UnreadableArchive } from '../../../src/protocol/metadata/archive-error.ts'
import { readSdistProject } from '../../../src/protocol/metadata/sdist-project.ts'
import { tarGz, zip } from '../../world/index/archives.ts'
import { makeSdist } from '../../world/index/distributions.ts'

function named(text: string): SdistFilename {
  const filename = parseDistFilename(text)
  if (filename?.kind !== 'sdist') throw new Error(`${text} is no source distribution`)
  return filename
}

const [TAR, ZIP] = [named('demo-1.0.tar.gz'), named('demo-1.0.zip')]
const members = (...files: readonly (readonly [name: string, text: string])[]) =>
  files.map(([name, text]) => ({ name, bytes: Buffer.from(text) }))

async function unreadable(bytes: Buffer, filename = TAR): Promise<string> {
  try {
    await readSdistProject(bytes, filename)
  } catch (error) {
    if (error instanceof UnreadableArchive) return error.message
    throw error
  }
  return 'it was read'
}

t.test('the pyproject.toml at the top of a source distribution is found, in either kind of archive', async t => {
  const files = members(
    ['demo-1.0/PKG-INFO', 'Name: demo\n'],
    ['demo-1.0/tests/pyproject.toml', 'not this one'],
    ['demo-1.0/pyproject.toml', 'this one'],
    ['demo-1.0/big.bin', 'x'.repeat(3_000_000)],
  )
  t.equal(await readSdistProject(tarGz(files), TAR), 'this one')
  t.equal(await readSdistProject(zip(files), ZIP), 'this one')
  t.equal(await readSdistProject(tarGz(members(['./demo-1.0/pyproject.toml', 'dotted'])), TAR), 'dotted')
  const { bytes } = makeSdist({ name: 'demo', version: '1.0', padTo: 2_000_000 })
  t.match(await readSdistProject(bytes, TAR), /build-backend = "backend"/, 'as the world makes them')
})

t.test('of two in one place the later one is what an installer finds', async t => {
  const twice = members(['demo-1.0/pyproject.toml', 'first'], ['demo-1.0/pyproject.toml', 'second'])
  t.equal(await readSdistProject(tarGz(twice), TAR), 'second')
})

t.test('one without has none', async t => {
  t.equal(await readSdistProject(tarGz(members(['demo-1.0/setup.py', ''])), TAR), undefined)
  t.equal(await readSdistProject(zip(members(['demo-1.0/setup.py', ''])), ZIP), undefined)
  t.equal(await readSdistProject(tarGz(members(['pyproject.toml', 'beside the folder'])), TAR), undefined)
})

t.test('what cannot be read says why', async t => {
  t.match(await unreadable(Buffer.from('no archive')), /incorrect header check/)
  t.match(await unreadable(Buffer.from('no archive'), ZIP), /./)
  t.match(await unreadable(gzipSync(Buffer.alloc(1024, 7))), /./)
  const whole = tarGz(members(['demo-1.0/pyproject.toml', 'cut'], ['demo-1.0/more', 'y'.repeat(100_000)]))
  t.match(await unreadable(whole.subarray(0, whole.length - 40)), /unexpected end/)
  const two = members(['demo-1.0/pyproject.toml', 'one'], ['other/pyproject.toml', 'two'])
  t.match(await unreadable(tarGz(two)), /several pyproject\.toml/)
  t.match(await unreadable(zip(two), ZIP), /several pyproject\.toml/)
  const large = members(['demo-1.0/pyproject.toml', '#'.repeat(1024 * 1024 + 1)])
  t.match(await unreadable(tarGz(large)), /more than 1048576 bytes/)
  t.match(await unreadable(zip(large), ZIP), /more than 1048576 bytes/)
  const odd = [{ name: 'demo-1.0/pyproject.toml', bytes: Buffer.from([0xff, 0xfe]) }]
  t.match(await unreadable(tarGz(odd)), /not valid/)
})

t.test('what unfolds to more than is looked through is given up on the way', async t => {
  const most = { bytes: 1024 * 1024, entries: 3 }
  const read = (files: ReturnType<typeof members>, filename = TAR) =>
    readSdistProject(filename === ZIP ? zip(files) : tarGz(files), filename, most)
  const large = members(['demo-1.0/pyproject.toml', 'before'], ['demo-1.0/zeros', '0'.repeat(2 * 1024 * 1024)])
  await t.rejects(read(large), { message: 'it unfolds to more than 1048576 bytes' })
  const many = members(['a', ''], ['b', ''], ['c', ''], ['demo-1.0/pyproject.toml', 'last'])
  await t.rejects(read(many), { message: 'it has more than 3 entries' })
  await t.rejects(read(many, ZIP), { message: 'it has more than 3 entries' })
  t.equal(await read(many.slice(1)), 'last')
})
