// guards: src/gate/files/ingest.ts
import t, { type Test } from 'tap'
import { type BareChanges, openBareGate, readOpen } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const KIB = 1024

async function gateBefore(t: Test, padTo: number, settings: BareChanges['settings'] = {}) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo })
  const bare = await openBareGate(t, world, { settings })
  const open = async () => {
    const verdict = await bare.judge(wheel)
    if (verdict.kind === 'refused') throw new TypeError(verdict.code)
    return await bare.gate.open(verdict)
  }
  return { world, wheel, bare, open }
}

t.test('a file is downloaded once for all who ask, and is stored then', async t => {
  const { world, wheel, open } = await gateBefore(t, 300 * KIB)
  const files = await Promise.all([open(), open(), open()])
  for (const file of files) t.same(await readOpen(file), wheel.bytes)
  t.equal((await open()).kind, 'stored')
  t.equal(world.upstream.count('file'), 1)
})

t.test('a large file flows while it comes, to several readers at once', async t => {
  const { world, wheel, open } = await gateBefore(t, 800 * KIB, { spool: KIB })
  const files = await Promise.all([open(), open()])
  t.strictSame(
    files.map(({ kind }) => kind),
    ['flowing', 'flowing'],
  )
  for (const bytes of await Promise.all(files.map(readOpen))) t.same(bytes, wheel.bytes)
  t.equal(world.upstream.count('file'), 1)
})

t.test('of a large file that turns out wrong nobody has the end', async t => {
  const { world, wheel, bare, open } = await gateBefore(t, 800 * KIB, { spool: KIB })
  world.upstream.fault({
    route: 'file',
    do: { alter: body => Buffer.concat([body.subarray(0, -1), Buffer.from('!')]) },
  })
  const file = await open()
  if (file.kind !== 'flowing') throw new TypeError(file.kind)
  let bytes = 0
  await t.rejects(
    async () => {
      for await (const chunk of file.chunks()) bytes += chunk.length
    },
    { code: 'integrity-mismatch' },
  )
  t.ok(bytes <= wheel.bytes.length - 64 * KIB, `${bytes} of ${wheel.bytes.length} bytes left`)
  t.strictSame(bare.alarms(), ['integrity-mismatch'])
  await t.rejects(open(), { code: 'integrity-mismatch' }, 'and it is not asked for again')
  t.equal(world.upstream.count('file'), 1)
})

t.test('of a small one nobody has a byte', async t => {
  const { world, open } = await gateBefore(t, 10 * KIB)
  world.upstream.fault({
    route: 'file',
    do: { alter: body => Buffer.concat([body.subarray(0, -1), Buffer.from('!')]) },
  })
  await t.rejects(open(), { code: 'integrity-mismatch' })
})
