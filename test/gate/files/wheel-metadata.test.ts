import { gzipSync } from 'node:zlib'
import t from 'tap'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { startGate } from '../../world/gate/gate.ts'
import { twoDirectories } from '../../world/index/ambiguous-archives.ts'
import { relabelled, zip } from '../../world/index/archives.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { createWorld, type World } from '../../world/world.ts'

const OPTIONAL = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'

t.test('a source distribution that is labelled as gzip', async t => {
  for (const coding of ['gzip', 'x-gzip', 'GZIP']) {
    const world = await createWorld(t)
    const { sdist, wheel } = await world.release('demo', '1.0')
    world.upstream.fault({ route: 'file', do: { headers: { 'content-encoding': coding } } })
    const gate = await startGate(t, world)
    const answer = await fetch(`${gate.url}${sdist.path}`)
    t.equal(answer.status, 200, `${coding}: its bytes as sent are the index’s`)
    t.equal(answer.headers.get('content-encoding'), null, 'without the label')
    t.same(Buffer.from(await answer.arrayBuffer()), sdist.bytes)
    t.equal((await fetch(`${gate.url}${wheel.path}`)).status, 503, 'no wheel is stored as gzip')
  }
  t.test('whose bytes were packed on the way is not what is stored', async t => {
    const world = await createWorld(t)
    const { sdist } = await world.release('demo', '1.0')
    const packed = { alter: (body: Buffer) => gzipSync(body), headers: { 'content-encoding': 'gzip' } }
    world.upstream.fault({ route: 'file', do: packed })
    await t.rejects((await openBareGate(t, world)).download(sdist), { code: 'integrity-mismatch' })
  })
  t.test('in any other coding is unknown', async t => {
    for (const coding of ['br', 'deflate', 'gzip, gzip']) {
      const world = await createWorld(t)
      const { sdist } = await world.release('demo', '1.0')
      world.upstream.fault({ route: 'file', do: { headers: { 'content-encoding': coding } } })
      await t.rejects((await openBareGate(t, world)).download(sdist), { code: 'unknown-upstream' }, coding)
    }
  })
})

t.test('a wheel whose METADATA cannot be read is refused from the first request on, with words of its own', async t => {
  for (const spool of ['16MiB', '1KiB']) {
    const world = await createWorld(t)
    const wheel = listBzip2(world)
    const gate = await startGate(t, world, { policy: OPTIONAL, configuration: { files: { spool } } })
    const url = `${gate.url}${world.upstream.pathOf('demo', wheel)}`
    // what streams already can only be reset
    if (spool === '1KiB')
      await fetch(url)
        .then(async answer => await answer.arrayBuffer())
        .catch(() => {})
    const answer = await fetch(url)
    t.equal(answer.status, 403)
    const text = JSON.stringify(await answer.json())
    t.match(text, '"code":"metadata-unreadable"')
    t.match(text, /compressed by method 12/)
    t.notMatch(text, /tamper|mismatch/i)
    t.strictSame(
      gate.events.filter(({ type }) => type === 'alarm'),
      [],
    )
  }
})

/** A wheel of demo 1.0 whose METADATA says that it is compressed by bzip2. */
function listBzip2(world: World): string {
  const { bytes, filename, metadata } = makeWheel({ name: 'demo', version: '1.0', padTo: 100_000 })
  world.upstream.add('demo', {
    filename,
    metadata,
    bytes: relabelled(bytes, 'demo-1.0.dist-info/METADATA', { method: 12 }),
  })
  return filename
}

t.test(
  'a wheel in which installers may find other METADATA than was compared never leaves, and nobody is accused',
  async t => {
    const name = 'demo-1.0.dist-info/METADATA'
    const text = (required: string) =>
      Buffer.from(`Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: ${required}\n`)
    const wheelWith = (bytes: Buffer) =>
      zip([
        { name, bytes },
        { name: 'demo.py', bytes: Buffer.alloc(4_000, '#') },
      ])
    const [good, evil] = [wheelWith(text('good')), wheelWith(text('evil'))]
    const behindNul = zip([
      { name, bytes: text('good') },
      { name: `${name}\0x`, bytes: text('evil') },
    ])
    for (const bytes of [twoDirectories(good, evil), twoDirectories(evil, good), behindNul]) {
      const world = await createWorld(t)
      world.upstream.add('demo', { filename: 'demo-1.0-py3-none-any.whl', bytes, metadata: text('good') })
      const gate = await startGate(t, world, { policy: OPTIONAL })
      const answer = await fetch(`${gate.url}${world.upstream.pathOf('demo', 'demo-1.0-py3-none-any.whl')}`)
      t.equal(answer.status, 403)
      t.match(await answer.json(), { code: 'metadata-unreadable' })
      t.notOk(gate.events.some(({ type }) => type === 'alarm'))
    }
  },
)
