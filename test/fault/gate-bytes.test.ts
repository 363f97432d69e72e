import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import { millis } from '../../src/domain/base/instant.ts'
import type { OpenFile } from '../../src/gate/files/open-file.ts'
import type { Blobs, BlobWriter } from '../../src/ports/blobs.ts'
import { openStore } from '../../src/store/open.ts'
import { type BareChanges, type BareGate, openBareGate, readOpen } from '../world/gate/bare-gate.ts'
import type { FaultAction } from '../world/index/upstream-faults.ts'
import type { UpstreamFile } from '../world/index/upstream-project.ts'
import { createWorld, type World } from '../world/world.ts'

const WITHHELD = 64 * 1024
const MINUTE = 60_000
/** Bytes of nobody's: what is tested here is that they are the ones the index names. */
const ANYTHING = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'

interface Scene {
  readonly world: World
  /** lists bytes under a name of their own */
  list(
    bytes: Buffer,
    said?: Partial<UpstreamFile>,
  ): { readonly path: string; readonly filename: string; readonly bytes: Buffer }
  open(changes?: BareChanges): Promise<BareGate>
}

async function scene(t: Test): Promise<Scene> {
  const world = await createWorld(t)
  let listed = 0
  return {
    world,
    list(bytes, said = {}) {
      listed += 1
      const filename = said.filename ?? `blob-${listed}.0.tar.gz`
      world.upstream.add('blob', { bytes, ...said, filename })
      return { path: world.upstream.pathOf('blob', filename), filename, bytes: said.bytes ?? bytes }
    },
    open: (changes = {}) =>
      openBareGate(t, world, { policy: ANYTHING, ...changes, settings: { spool: 0, ...changes.settings } }),
  }
}

async function openFile(gate: BareGate, file: { readonly path: string }): Promise<OpenFile> {
  const verdict = await gate.judge(file)
  if (verdict.kind === 'refused') throw new TypeError(`refused: ${verdict.code}`)
  return await gate.gate.open(verdict)
}

interface Received {
  readonly bytes: number
  /** how it ended */
  readonly end: string
}

/** What a client has got when its connection is reset, or when it is through. */
async function receive(gate: BareGate, file: { readonly path: string }): Promise<Received> {
  let bytes = 0
  try {
    const opened = await openFile(gate, file)
    if (opened.kind === 'stored') return { bytes: (await readOpen(opened)).length, end: 'whole' }
    for await (const chunk of opened.chunks()) bytes += chunk.length
    return { bytes, end: 'whole' }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return { bytes, end: error.code }
  }
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

t.test('bytes that are wrong never leave whole, whatever their size', async t => {
  const { world, list, open } = await scene(t)
  for (const size of [1, 1000, WITHHELD - 1, WITHHELD, WITHHELD + 1, 2 * WITHHELD, 300_000, 1_000_000]) {
    const bytes = randomBytes(size)
    const wrongs: readonly (readonly [what: string, wrong: FaultAction])[] = [
      ['its first byte', { bytes: flipped(bytes, 0) }],
      ['its last byte', { bytes: flipped(bytes, size - 1) }],
      ['a byte more', { bytes: Buffer.concat([bytes, Buffer.of(0)]) }],
      [
        'a byte more, of unsaid length',
        { bytes: Buffer.concat([bytes, Buffer.of(0)]), headers: { 'content-length': undefined } },
      ],
      [
        'a byte less, of unsaid length',
        { bytes: bytes.subarray(0, size - 1), headers: { 'content-length': undefined } },
      ],
      ['nothing', { bytes: '', headers: { 'content-length': undefined } }],
    ]
    for (const [what, wrong] of wrongs)
      for (const spool of [0, 16 * 1024 * 1024]) {
        const file = list(bytes)
        const gate = await open({ settings: { spool } })
        world.upstream.fault({ route: 'file', match: file.filename, do: wrong })
        const { bytes: got, end } = await receive(gate, file)
        const most = spool === 0 ? Math.max(0, size - WITHHELD) : 0
        t.ok(end === 'integrity-mismatch' && got <= most, `${what} of ${size}, spool ${spool}: ${got} bytes, ${end}`)
        t.strictSame(gate.alarms(), ['integrity-mismatch'])
        world.upstream.clearFaults()
      }
  }
})

t.test('a body that breaks off is unknown, never leaves whole, and is not remembered', async t => {
  const { world, list, open } = await scene(t)
  const bytes = randomBytes(300_000)
  for (const broken of [
    { truncateAt: 200_000 },
    { resetAt: 200_000 },
    { truncateAt: 0 },
    { status: 500 },
    { status: 404 },
  ]) {
    const file = list(bytes)
    const gate = await open()
    world.upstream.fault({ route: 'file', do: broken })
    const { bytes: got, end } = await receive(gate, file)
    t.match(end, /^unknown-upstream/, JSON.stringify(broken))
    t.ok(got <= bytes.length - WITHHELD)
    t.strictSame(gate.alarms(), [])
    world.upstream.clearFaults()
    t.strictSame(await receive(gate, file), { bytes: bytes.length, end: 'whole' })
  }
})

t.test('bytes that did not match are not asked for again for ten minutes', async t => {
  const { world, list, open } = await scene(t)
  const bytes = randomBytes(200_000)
  const [wrong, right] = [list(bytes), list(randomBytes(200_000))]
  const gate = await open()
  world.upstream.fault({ route: 'file', match: wrong.filename, do: { bytes: flipped(bytes, 7) } })
  t.match(await receive(gate, wrong), { end: 'integrity-mismatch' })
  world.upstream.clearFaults()
  gate.clock.now += 10 * MINUTE - 1
  t.strictSame(await receive(gate, wrong), { bytes: 0, end: 'integrity-mismatch' })
  await t.rejects(openFile(gate, wrong), { code: 'integrity-mismatch', retryAfterMs: 1 })
  t.equal(world.upstream.count('file', wrong.filename), 1)
  t.strictSame(gate.alarms(), ['integrity-mismatch'], 'and told once')
  t.match(await receive(gate, right), { end: 'whole' }, 'another file is another matter')
  gate.clock.now += 1
  t.match(await receive(gate, wrong), { end: 'whole' })
})

t.test('a file of unsaid size is checked whole before its first byte', async t => {
  const { world, list, open } = await scene(t)
  world.upstream.speak({ minor: 0 })
  const file = list(randomBytes(500_000))
  const gate = await open()
  world.upstream.fault({ route: 'file', do: { headers: { 'content-length': undefined } } })
  const opened = await openFile(gate, file)
  t.equal(opened.kind, 'stored')
  t.same(await readOpen(opened), file.bytes)
})

t.test('what the index does not say the upstream may, and is held to', async t => {
  const { world, list, open } = await scene(t)
  world.upstream.speak({ minor: 0 })
  const file = list(randomBytes(500_000))
  const gate = await open()
  const opened = await openFile(gate, file)
  t.match(opened, { kind: 'flowing', file: { size: 500_000 } })
  t.same(await readOpen(opened), file.bytes)
})

t.test('a thousand clients cost one download and one verification', async t => {
  const world = await createWorld(t)
  const { wheel } = await world
    .release('demo', '1.0', { kinds: ['wheel'], padTo: 2_000_000 })
    .then(({ files: [wheel] }) => ({ wheel }))
  if (wheel === undefined) throw new TypeError('it was released')
  let verifications = 0
  const gate = await openBareGate(t, world, {
    settings: { spool: 0 },
    parts: ({ verifier }) => ({
      verifier: {
        ...verifier,
        verify: (document, trust) => {
          verifications += 1
          return verifier.verify(document, trust)
        },
      },
    }),
  })
  const client = async (index: number): Promise<string> => {
    const opened = await openFile(gate, wheel)
    if (opened.kind === 'stored') return (await readOpen(opened)).equals(wheel.bytes) ? 'whole' : 'wrong'
    const chunks: Buffer[] = []
    for await (const chunk of opened.chunks()) {
      chunks.push(chunk)
      if (index % 2 === 1) return 'left'
    }
    return Buffer.concat(chunks).equals(wheel.bytes) ? 'whole' : 'wrong'
  }
  const ends = await Promise.all(Array.from({ length: 1_000 }, (_, index) => client(index)))
  t.equal(ends.filter(end => end === 'whole').length, 500)
  t.equal(ends.filter(end => end === 'left').length, 500)
  t.equal(world.upstream.count('file'), 1)
  t.equal(world.upstream.count('provenance'), 1)
  t.equal(world.upstream.count('page'), 1)
  t.equal(verifications, 1)
})

t.test('a download goes on when every client has left', async t => {
  const { world, list, open } = await scene(t)
  const file = list(randomBytes(600_000))
  const gate = await open()
  world.upstream.limit(2_000_000)
  const opened = await openFile(gate, file)
  if (opened.kind !== 'flowing') throw new TypeError('it is not here yet')
  for await (const chunk of opened.chunks()) {
    t.ok(chunk.length < file.bytes.length)
    break
  }
  await opened.stored
  t.match(await openFile(gate, file), { kind: 'stored' })
  t.equal(world.upstream.count('file'), 1)
})

// ---------------------------------------------------------------- the moment of storing

async function onDisk(t: Test, cacheBytes = 1_000_000_000): Promise<Blobs> {
  const clock = (): never => Date.now() as never
  const folder = join(t.testdir({}), 'data')
  const { store, blobs } = await openStore({
    folder,
    cacheBytes,
    journal: { keep: millis(86_400_000), maxSize: 1e12 },
    events: { emit() {} },
    clock,
  })
  t.teardown(async () => {
    await blobs.close()
    await store.close()
  })
  return blobs
}

for (const [where, make] of [
  ['in memory', undefined],
  ['on a disk', onDisk],
] as const)
  t.test(`a reader who comes when the file has just been stored ${where} gets all of it`, async t => {
    const { list, open } = await scene(t)
    const file = list(randomBytes(700_000))
    const blobs = await make?.(t)
    const gate = await open({ parts: parts => ({ blobs: blobs ?? parts.blobs }) })
    const opened = await openFile(gate, file)
    if (opened.kind !== 'flowing') throw new TypeError('it is not here yet')
    await opened.stored
    await new Promise(resolve => setImmediate(resolve))
    t.same(await readOpen(opened), file.bytes, 'the first chunk is asked for when all is over')
    const halfway = opened.chunks()[Symbol.asyncIterator]()
    const first = await halfway.next()
    t.same(await readOpen(opened), file.bytes)
    t.notOk(first.done)
    await halfway.return?.()
    t.same(await readOpen(opened), file.bytes, 'and after the others have left')
  })

function wrapWriter(blobs: Blobs, change: (writer: BlobWriter) => Partial<BlobWriter>): Blobs {
  return {
    ...blobs,
    async writer(sha256) {
      const writer = await blobs.writer(sha256)
      const bound: BlobWriter = {
        write: chunk => writer.write(chunk),
        get written() {
          return writer.written
        },
        digest: () => writer.digest(),
        commit: () => writer.commit(),
        abort: () => writer.abort(),
        read: (buffer, position, length) => writer.read(buffer, position, length),
      }
      return { ...bound, ...change(writer) }
    },
  }
}

t.test('a reader who is reading while the file is stored goes on in the stored file', async t => {
  const { list, open } = await scene(t)
  const file = list(randomBytes(900_000))
  const committing = Promise.withResolvers<void>()
  const storing = Promise.withResolvers<void>()
  let ended = false
  const gate = await open({
    parts: ({ blobs }) => ({
      blobs: wrapWriter(blobs, writer => ({
        async commit() {
          ended = true
          committing.resolve()
          await storing.promise
          await writer.commit()
        },
        async read(buffer, position, length) {
          if (ended) throw new GateError('unknown-store', 'the descriptor is closed')
          return await writer.read(buffer, position, length)
        },
      })),
    }),
  })
  const opened = await openFile(gate, file)
  if (opened.kind !== 'flowing') throw new TypeError('it is not here yet')
  await committing.promise
  const reading = readOpen(opened)
  await new Promise(resolve => setImmediate(resolve))
  storing.resolve()
  t.same(await reading, file.bytes)
})

t.test('a store that fails is unknown to everybody who reads along, and leaves nothing behind', async t => {
  const full = new GateError('unknown-store', 'the disk is full')
  const failures: readonly (readonly [what: string, change: () => Partial<BlobWriter>])[] = [
    ['writing', () => ({ write: () => Promise.reject(full) })],
    ['storing', () => ({ commit: () => Promise.reject(full) })],
    [
      'storing, and clearing away',
      () => ({ commit: () => Promise.reject(full), abort: () => Promise.reject(new Error('the disk is gone')) }),
    ],
  ]
  for (const [what, change] of failures) {
    const { world, list, open } = await scene(t)
    const file = list(randomBytes(400_000))
    let failing = true
    const gate = await open({
      parts: ({ blobs }) => ({ blobs: wrapWriter(blobs, () => (failing ? change() : {})) }),
    })
    const received = await Promise.all([1, 2, 3].map(() => receive(gate, file)))
    for (const { bytes, end } of received)
      t.ok(end === 'unknown-store' && bytes <= 400_000 - WITHHELD, `${what}: ${end}`)
    t.equal(gate.memory.blobs.totalBytes(), 0)
    t.strictSame(gate.alarms(), [])
    failing = false
    t.match(await receive(gate, file), { end: 'whole' }, 'nothing of it is remembered')
    t.equal(world.upstream.count('file'), 2)
  }
})

t.test('a store without room for a writer is unknown', async t => {
  const { list, open } = await scene(t)
  const file = list(randomBytes(1_000))
  const gate = await open({
    parts: ({ blobs }) => ({
      blobs: { ...blobs, writer: () => Promise.reject(new GateError('unknown-store', 'no descriptor is left')) },
    }),
  })
  t.match(await receive(gate, file), { bytes: 0, end: 'unknown-store' })
})

t.test('a file that is larger than the whole cache is served all the same', async t => {
  const { list, open } = await scene(t)
  const blobs = await onDisk(t, 100_000)
  const [file, next] = [list(randomBytes(700_000)), list(randomBytes(150_000))]
  for (const spool of [0, 16 * 1024 * 1024]) {
    const gate = await open({ settings: { spool }, parts: () => ({ blobs }) })
    t.same(await gate.download(file), file.bytes)
    await gate.download(next)
  }
})

t.test('a file that is evicted as soon as it is stored is unknown, not empty', async t => {
  const { list, open } = await scene(t)
  const file = list(randomBytes(1_000))
  const gate = await open({
    settings: { spool: 1_000_000 },
    parts: ({ blobs }) => ({ blobs: { ...blobs, open: async () => undefined } }),
  })
  t.match(await receive(gate, file), { bytes: 0, end: 'unknown-store' })
})

// ---------------------------------------------------------------- what the index says of a file

t.test('two names for one content are two downloads, each held to what the index says of it', async t => {
  const { world, list, open } = await scene(t)
  const bytes = randomBytes(200_000)
  const [honest, longer] = [list(bytes), list(bytes, { size: 200_001 })]
  const gate = await open()
  world.upstream.limit(4_000_000)
  const [first, second] = await Promise.all([receive(gate, longer), receive(gate, honest)])
  t.match(first, { end: 'integrity-mismatch' })
  t.strictSame(second, { bytes: bytes.length, end: 'whole' }, 'the other one’s failure is not its own')
  t.match(await receive(gate, longer), { bytes: 0, end: 'integrity-mismatch' }, 'and its bytes make no size right')
  t.strictSame(gate.alarms(), ['integrity-mismatch'])
  gate.clock.now += 10 * MINUTE
  t.match(await receive(gate, longer), { bytes: 0, end: 'integrity-mismatch' }, 'although they are stored')
})

t.test('a wheel whose METADATA is not what the index gives out', async t => {
  const evil = Buffer.from('Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: evil\n')

  t.test('never leaves: the download ends as a mismatch, later requests are refused', async t => {
    for (const spool of [0, 16 * 1024 * 1024]) {
      const world = await createWorld(t)
      const { wheel } = await world.release('demo', '1.0', { padTo: 200_000, listed: { metadata: evil } })
      const gate = await openBareGate(t, world, { settings: { spool } })
      const { bytes, end } = await receive(gate, wheel)
      t.ok(
        end === 'integrity-mismatch' && bytes <= Math.max(0, wheel.bytes.length - WITHHELD),
        `${bytes} bytes, ${end}`,
      )
      t.ok(gate.alarms().includes('metadata-mismatch'))
      t.match(await gate.judge(wheel), { code: 'metadata-mismatch', admitWith: undefined })
      const again = await openBareGate(t, world, { after: gate })
      t.equal(await again.outcome(wheel), 'metadata-mismatch', 'remembered')
      const exempting = `${world.policyText()}exemptions:
  - { id: E, project: demo, waive: [attestation, identity, predicate, yanked, status], reason: r, owner: o, expires: ${new Date(Date.now() + 9e8).toISOString().slice(0, 10)},
      files: { ${wheel.filename}: "sha256:${wheel.sha256}" } }\n`
      t.equal(gate.rewritePolicy(exempting), 'loaded')
      t.equal(await gate.outcome(wheel), 'metadata-mismatch', 'nothing waives it')
    }
  })

  t.test('is noticed when the index changes its mind about a wheel that is stored', async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    const gate = await openBareGate(t, world)
    t.same(await gate.download(wheel), wheel.bytes)
    world.upstream.replace('demo', wheel.filename, { metadata: evil })
    world.upstream.replace('demo', wheel.filename, { entry: { 'core-metadata': { sha256: shaOf(evil) } } })
    gate.clock.now += MINUTE + 1
    const verdict = await gate.judge(wheel)
    if (verdict.kind === 'refused') throw new TypeError('not known yet')
    await t.rejects(gate.gate.metadata(verdict), { code: 'integrity-mismatch' })
    t.equal(await gate.outcome(wheel), 'metadata-mismatch')
    world.upstream.replace('demo', wheel.filename, { metadata: wheel.metadata, entry: {} })
    gate.clock.now += MINUTE + 1
    t.equal(await gate.outcome(wheel), 'admitted', 'an index that corrects itself is believed')
    t.same(await gate.download(wheel), wheel.bytes)
  })

  t.test('or no METADATA that can be read', async t => {
    const { list, open } = await scene(t)
    const bytes = randomBytes(100_000)
    const file = list(bytes, { filename: 'blob-1.0-py3-none-any.whl', metadata: evil })
    const gate = await open()
    t.match(await receive(gate, file), { end: 'integrity-mismatch' })
    t.equal(await gate.outcome(file), 'metadata-mismatch')
  })
})

function shaOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

t.test('.metadata', async t => {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const admitted = async (gate: BareGate, file: { readonly path: string }) => {
    const verdict = await gate.judge(file)
    if (verdict.kind === 'refused') throw new TypeError(verdict.code)
    return verdict
  }

  t.test('is what the index announces, fetched once however many ask', async t => {
    const gate = await openBareGate(t, world)
    const verdict = await admitted(gate, wheel)
    const answers = await Promise.all(Array.from({ length: 50 }, () => gate.gate.metadata(verdict)))
    for (const answer of answers)
      t.same(answer, { kind: 'metadata', bytes: wheel.metadata, sha256: shaOf(wheel.metadata) })
    await gate.gate.metadata(verdict)
    t.equal(world.upstream.count('metadata'), 1)
    t.equal(world.upstream.count('file'), 0)
    await t.rejects(gate.gate.metadata(await admitted(gate, sdist)), { code: 'not-listed' })
  })

  t.test('with other bytes is a mismatch, remembered for ten minutes', async t => {
    const gate = await openBareGate(t, world)
    const verdict = await admitted(gate, wheel)
    world.upstream.fault({ route: 'metadata', do: { alter: body => flipped(body, 0) } })
    world.upstream.forgetRequests()
    await t.rejects(gate.gate.metadata(verdict), { code: 'integrity-mismatch' })
    world.upstream.clearFaults()
    await t.rejects(gate.gate.metadata(verdict), { code: 'integrity-mismatch' })
    t.equal(world.upstream.count('metadata'), 1)
    t.strictSame(gate.alarms(), ['integrity-mismatch'])
    gate.clock.now += 10 * MINUTE
    t.match(await gate.gate.metadata(verdict), { kind: 'metadata', bytes: wheel.metadata })
  })

  t.test('that the index offers and the origin lacks is unknown', async t => {
    const gate = await openBareGate(t, world)
    const verdict = await admitted(gate, wheel)
    world.upstream.fault({ route: 'metadata', do: { status: 404 } })
    await t.rejects(gate.gate.metadata(verdict), { code: 'unknown-upstream' })
    world.upstream.clearFaults()
    t.match(await gate.gate.metadata(verdict), { kind: 'metadata', bytes: wheel.metadata })
  })
})

t.test('more downloads than one may want are turned away at once', async t => {
  const { world, list, open } = await scene(t)
  const files = Array.from({ length: 300 }, () => list(randomBytes(16)))
  world.upstream.fault({ route: 'file', do: { hang: true } })
  const gate = await open()
  await gate.outcome(files[0] ?? { path: '' })
  let turnedAway = 0
  const all = Promise.withResolvers<void>()
  for (const file of files)
    receive(gate, file).then(({ end }) => {
      if (end !== 'unknown-overloaded') return
      turnedAway += 1
      if (turnedAway === 300 - 12 - 256) all.resolve()
    }, all.reject)
  await all.promise
  t.equal(turnedAway, 32)
  t.ok(world.upstream.count('file') <= 12)
})

t.test('only a verdict opens a file', async t => {
  const { list, open } = await scene(t)
  const file = list(randomBytes(10))
  const gate = await open()
  const verdict = await gate.judge(file)
  if (verdict.kind === 'refused') throw new TypeError(verdict.code)
  const forged = { kind: 'admitted', facts: verdict.facts, artifact: verdict.artifact } as typeof verdict
  await t.rejects(gate.gate.open(forged), { code: 'unknown-bug' })
  await t.rejects(gate.gate.metadata(forged), { code: 'unknown-bug' })
})
