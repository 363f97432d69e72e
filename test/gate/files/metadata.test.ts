// guards: src/gate/files/settle.ts src/gate/files/wheel-metadata.ts
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { Admitted, type Refused } from '../../../src/domain/decide/verdict.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { MetadataBytes } from '../../../src/gate/files/metadata.ts'
import { type BareChanges, type BareGate, openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const MINUTE = 60_000

async function metadataOf(gate: BareGate, file: Pick<Published, 'path'>): Promise<MetadataBytes | Refused> {
  const verdict = await gate.judge(file)
  if (verdict.kind === 'refused') throw new TypeError(verdict.code)
  return await gate.gate.metadata(verdict)
}

/** A gate before a wheel of demo 1.0 whose `.metadata` is said to be this. */
async function lying(t: Test, world: World, metadata: Buffer, changes: BareChanges = {}) {
  const { wheel } = await world.release('demo', '1.0', { listed: { metadata } })
  return { gate: await openBareGate(t, world, changes), wheel }
}

t.test('a file that the index lists does not leave as the METADATA of another', async t => {
  const world = await createWorld(t)
  const other = await world.release('other', '1.0')
  const { wheel } = await world.release('demo', '1.0')
  const own = await world.release('demo', '0.9', { kinds: ['sdist'] })
  world.upstream.add('other', { filename: 'other-notes.txt', bytes: wheel.metadata })
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(other.sdist), 'admitted')
  t.equal(await gate.outcome(own.sdist), 'admitted')
  const files = { 'of its project': own.sdist, itself: wheel, 'of another project': other.sdist }
  for (const [whose, { bytes, sha256 }] of Object.entries(files)) {
    world.upstream.replace('demo', wheel.filename, { metadata: bytes, metadataSha256: sha256 })
    gate.clock.now += MINUTE + 1
    t.match(await metadataOf(gate, wheel), { kind: 'refused', code: 'metadata-mismatch', admitWith: undefined }, whose)
  }
  t.equal(world.upstream.count('metadata'), 0, 'nobody fetched it')
  t.strictSame(new Set(gate.alarms()), new Set(['metadata-mismatch']))
  t.equal(await gate.outcome(wheel), 'admitted', 'the wheel itself is what it is')

  world.upstream.replace('demo', wheel.filename, { metadata: wheel.metadata, metadataSha256: sha256Of(wheel.metadata) })
  gate.clock.now += MINUTE + 1
  await t.rejects(
    metadataOf(gate, wheel),
    { code: 'unknown-index-changed' },
    'its text is listed as a file by somebody',
  )
})

t.test('METADATA of a wheel that came in a moment ago is taken from inside it', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  await gate.download(wheel)
  t.match(await metadataOf(gate, wheel), { kind: 'metadata', bytes: wheel.metadata, sha256: sha256Of(wheel.metadata) })
  t.equal(world.upstream.count('metadata'), 0, 'the upstream is not asked for it')
})

t.test('what a page only says to be a file is one for as long as a page says so', async t => {
  const sha256 = (file: Published) => sha256Of(file.metadata)
  /** A gate that was told once that the METADATA of demo is a file of other. */
  const accused = async (t: Test, times: number) => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    const other = await world.release('other', '1.0')
    const path = `/packages/aa/bb/${'c'.repeat(60)}/other-9.9-py3-none-any.whl`
    world.upstream.fault({
      route: 'page',
      match: '/other/',
      times,
      do: {
        headers: { etag: undefined },
        alter: body => {
          const page = JSON.parse(body.toString())
          const url = new URL(path, world.upstream.filesOrigin).href
          page.files.push({ filename: 'other-9.9-py3-none-any.whl', hashes: { sha256: sha256(wheel) }, url })
          return Buffer.from(JSON.stringify(page))
        },
      },
    })
    const gate = await openBareGate(t, world)
    t.equal(await gate.outcome(other.wheel), 'admitted')
    return { world, gate, wheel, other }
  }

  await t.test('while it does it is unknown, which names the page, and nobody is accused', async t => {
    const { gate, wheel } = await accused(t, 1)
    await t.rejects(metadataOf(gate, wheel), {
      code: 'unknown-index-changed',
      detail: /the file other-9\.9-py3-none-any\.whl of other: the page of other lists it now/,
    })
    t.strictSame(gate.alarms(), [])
  })

  await t.test('where nobody asks for that page any more, it is asked again', async t => {
    const { gate, wheel, world } = await accused(t, 1)
    gate.clock.now += 2 * MINUTE
    t.match(await metadataOf(gate, wheel), { kind: 'metadata', bytes: wheel.metadata })
    const asked = world.upstream.count('page')
    t.match(await metadataOf(gate, wheel), { kind: 'metadata' })
    t.match(await metadataOf(await openBareGate(t, world, { after: gate }), wheel), { kind: 'metadata' })
    t.equal(world.upstream.count('page'), asked + 1, 'once, for it is gone: demo alone is read by a gate that starts')
  })

  await t.test('where that page cannot be asked it is unknown', async t => {
    const { gate, wheel, world } = await accused(t, 1)
    await gate.judge(wheel)
    gate.clock.now += 2 * 86_400_000
    world.upstream.fault({ route: 'page', match: '/other/', do: { status: 500 } })
    await t.rejects(metadataOf(gate, wheel), { code: 'unknown-upstream' })
  })

  await t.test('what it went on saying holds when it says so no more', async t => {
    const { gate, wheel, other } = await accused(t, 2)
    gate.clock.now += 11 * MINUTE
    t.equal(await gate.outcome(other.wheel), 'admitted')
    gate.clock.now += 11 * MINUTE
    t.equal(await gate.outcome(other.wheel), 'admitted')
    await t.rejects(metadataOf(gate, wheel), {
      code: 'unknown-index-changed',
      detail: /history forget other --what path --file other-9\.9-py3-none-any\.whl/,
    })
  })
})

t.test('the METADATA of another release does not leave, with an alarm', async t => {
  for (const [name, version] of [
    ['other', '1.0'],
    ['demo', '1.1'],
  ]) {
    const text = Buffer.from(`Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`)
    const { gate, wheel } = await lying(t, await createWorld(t), text)
    t.match(await metadataOf(gate, wheel), { kind: 'refused', code: 'metadata-mismatch' })
    t.match(await metadataOf(gate, wheel), { kind: 'refused', code: 'metadata-mismatch' })
    t.strictSame(gate.alarms(), ['metadata-mismatch'], 'told once')
    t.equal(await gate.memory.blobs.open(sha256Of(text)), undefined, 'and it is not kept')
  }
})

t.test('what is no core metadata does not leave, nobody is accused, and it is offered no longer', async t => {
  const { gate, wheel } = await lying(t, await createWorld(t), randomBytes(5_000))
  const offers = async () =>
    (await gate.gate.page(parseProjectName('demo'), 'json')).identity.includes('core-metadata":{')
  t.equal(await offers(), true)
  const refused = await metadataOf(gate, wheel)
  t.match(refused, { kind: 'refused', code: 'metadata-unreadable' })
  t.strictSame(gate.alarms(), [])
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(await offers(), false, 'clients read it in the wheel')
  await t.rejects(metadataOf(gate, wheel), { code: 'not-listed' })
  t.same(await gate.download(wheel), wheel.bytes)
})

t.test('a lie about what is required is found when the wheel comes: refused, with an alarm, remembered', async t => {
  const world = await createWorld(t)
  const lie = Buffer.from('Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: evil\n')
  const { gate, wheel } = await lying(t, world, lie)
  t.match(await metadataOf(gate, wheel), { kind: 'metadata', bytes: lie }, 'nothing is known against it yet')
  await t.rejects(gate.download(wheel), { code: 'integrity-mismatch', detail: /inside the wheel it is another text/ })
  t.strictSame(gate.alarms().includes('metadata-mismatch'), true)
  t.equal(await gate.outcome(wheel), 'metadata-mismatch')
  const again = await openBareGate(t, world, { after: gate })
  const refused = await again.judge(wheel)
  t.match(refused, { kind: 'refused', code: 'metadata-mismatch' })
  t.notMatch(JSON.stringify(refused), sha256Of(wheel.metadata), 'what is inside is not told')
})

t.test('where METADATA is to be verified, nothing leaves before the wheel was fetched and holds the same', async t => {
  const settings = { metadata: 'verified' } as const
  await t.test('a right one leaves, for one download', async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    const gate = await openBareGate(t, world, { settings })
    for (let times = 0; times < 3; times += 1)
      t.match(await metadataOf(gate, wheel), { kind: 'metadata', bytes: wheel.metadata })
    t.equal(world.upstream.count('file'), 1)
  })
  await t.test('a wrong one never does, however large the wheel', async t => {
    for (const spool of [16 * 1024 * 1024, 1]) {
      const world = await createWorld(t)
      const lie = Buffer.from('Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: evil\n')
      const { gate, wheel } = await lying(t, world, lie, { settings: { ...settings, spool } })
      await t.rejects(metadataOf(gate, wheel), { code: 'integrity-mismatch' })
      t.equal(await gate.outcome(wheel), 'metadata-mismatch')
      t.equal(world.upstream.count('metadata'), 0)
    }
  })
})

t.test('where METADATA is to be verified, the JSON API repeats nothing that the index says in its place', async t => {
  const said = { requires_dist: ['evil==6.6.6'], requires_python: '<3', provides_extra: ['evil'], summary: 'a demo' }
  const infoIn = async (metadata: 'promised' | 'verified') => {
    const world = await createWorld(t)
    await world.release('demo', '1.0')
    const alter = (bytes: Buffer) => {
      const document = JSON.parse(bytes.toString())
      return Buffer.from(JSON.stringify({ ...document, info: { ...document.info, ...said } }))
    }
    world.upstream.fault({ route: 'legacy', do: { headers: { etag: undefined }, alter } })
    const { gate } = await openBareGate(t, world, { settings: { metadata } })
    const bodies = await Promise.all([undefined, '1.0'].map(version => gate.legacy(parseProjectName('demo'), version)))
    return bodies.map(({ identity }) => JSON.parse(identity.toString()).info)
  }
  for (const info of await infoIn('promised')) t.match(info, { name: 'demo', ...said })
  const unsaid = { requires_dist: null, requires_python: null, provides_extra: null, dynamic: null }
  for (const info of await infoIn('verified')) t.match(info, { name: 'demo', summary: 'a demo', ...unsaid })
})

t.test('the sha256 of bytes that are not the index’s is told to the log alone', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const secret = randomBytes(wheel.bytes.length)
  const gate = await openBareGate(t, world)
  for (const route of ['file', 'metadata'] as const) world.upstream.fault({ route, do: { bytes: secret } })
  for (const ask of [() => gate.download(wheel), () => metadataOf(gate, wheel)]) {
    const error = await ask().then(
      () => undefined,
      (thrown: unknown) => thrown as { detail: string; message: string; untrusted: unknown },
    )
    t.match(error, { code: 'integrity-mismatch' })
    const told = `${error?.detail} ${error?.message}`
    t.notMatch(told, sha256Of(secret))
    t.match(JSON.stringify(error?.untrusted), /[0-9a-f]{64}/, 'an operator can look')
  }
})

async function admittedWheel(t: Test) {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const bare = await openBareGate(t, world)
  const metadataOf = async (file: typeof wheel) => {
    const verdict = await bare.judge(file)
    if (verdict.kind === 'refused') throw new TypeError(verdict.code)
    return await bare.gate.metadata(verdict)
  }
  return { world, wheel, sdist, bare, metadataOf }
}

t.test('METADATA is what the index announces, and is fetched once', async t => {
  const { world, wheel, metadataOf } = await admittedWheel(t)
  const [one, two] = await Promise.all([metadataOf(wheel), metadataOf(wheel)])
  t.match([one, two], [{ bytes: wheel.metadata, sha256: sha256Of(wheel.metadata) }, { bytes: wheel.metadata }])
  await metadataOf(wheel)
  t.equal(world.upstream.count('metadata'), 1)
})

t.test('other bytes than it announces are a mismatch, and are not asked for again', async t => {
  const { world, wheel, metadataOf } = await admittedWheel(t)
  world.upstream.fault({ route: 'metadata', do: { alter: body => Buffer.concat([body, Buffer.from('x')]) } })
  await t.rejects(metadataOf(wheel), { code: 'integrity-mismatch' })
  world.upstream.clearFaults()
  await t.rejects(metadataOf(wheel), { code: 'integrity-mismatch' })
  t.equal(world.upstream.count('metadata'), 1)
})

t.test('METADATA that breaks off is asked for once more, and half of it is neither given out nor kept', async t => {
  const { world, wheel, bare, metadataOf } = await admittedWheel(t)
  world.upstream.fault({ route: 'metadata', do: { resetAt: 10 } })
  await t.rejects(metadataOf(wheel), { code: 'unknown-upstream' })
  t.equal(await bare.memory.blobs.open(sha256Of(wheel.metadata)), undefined)
  world.upstream.clearFaults()
  const before = world.upstream.count('metadata')
  world.upstream.fault({ route: 'metadata', times: 1, do: { resetAt: 10 } })
  t.match(await metadataOf(wheel), { kind: 'metadata', bytes: wheel.metadata })
  t.equal(world.upstream.count('metadata'), before + 2)
})

t.test('what is kept already is looked into all the same', async t => {
  const lie = Buffer.from('Metadata-Version: 2.1\nName: other\nVersion: 1.0\n')
  const world = await createWorld(t)
  const { gate, wheel } = await lying(t, world, lie)
  const writer = await gate.memory.blobs.writer(sha256Of(lie))
  await writer.write(lie)
  await writer.commit()
  t.match(await metadataOf(gate, wheel), { kind: 'refused', code: 'metadata-mismatch' })
  t.equal(world.upstream.count('metadata'), 0)
})

t.test('what is offered and not there is "cannot tell"; of what is not offered there is none', async t => {
  const { world, wheel, sdist, metadataOf } = await admittedWheel(t)
  world.upstream.fault({ route: 'metadata', do: { status: 404 } })
  await t.rejects(metadataOf(wheel), { code: 'unknown-upstream' })
  await t.rejects(metadataOf(sdist), { code: 'not-listed' })
})

t.test('nobody gets it under a verdict that nobody gave', async t => {
  const { bare, wheel } = await admittedWheel(t)
  const verdict = await bare.judge(wheel)
  const forged: unknown = Object.assign({ artifact: await bare.locate(wheel) }, verdict)
  t.equal(Admitted.is(forged), false)
  await t.rejects(bare.gate.metadata(forged as Admitted), { code: 'unknown-bug' })
  await t.rejects(bare.gate.open(forged as Admitted), { code: 'unknown-bug' }, 'nor the file')
})
