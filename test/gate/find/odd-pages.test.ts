// guards: src/gate/find/artifacts.ts src/gate/find/indexes.ts
import t, { type Test } from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const DEMO = parseProjectName('demo')

interface Entry {
  readonly filename: string
  readonly hashes: Readonly<Record<string, string>>
}

/** What an index may answer once that has an old wheel and its sdist. */
const ODD: Readonly<Record<string, (entries: readonly Entry[], wheel: Entry) => readonly unknown[]>> = {
  'a page without the wheel': (entries, wheel) => entries.filter(entry => entry !== wheel),
  'an empty page': () => [],
  'a page that lists it twice': (entries, wheel) => [...entries, { ...wheel, hashes: { sha256: '0'.repeat(64) } }],
  'a page that gives it no sha256': (entries, wheel) =>
    entries.map(entry => (entry === wheel ? { ...entry, hashes: { md5: '0'.repeat(32) } } : entry)),
  'a page with its name as an address': (entries, wheel) =>
    entries.map(entry => (entry === wheel ? { ...entry, url: 'http://elsewhere.example/demo' } : entry)),
  'a page that gives another file too early a time': (entries, wheel) =>
    entries.map(entry => (entry === wheel ? entry : { ...entry, 'upload-time': '2001-01-01T00:00:00Z' })),
  'a page that lists an older file of its release': (entries, wheel) => {
    const filename = 'demo-1.0-py2-none-any.whl'
    const hashes = { sha256: '1'.repeat(64) }
    const url = `/packages/11/11/${'1'.repeat(60)}/${filename}`
    return [...entries, { ...wheel, filename, url, hashes, 'upload-time': '2001-01-01T00:00:00Z' }]
  },
  'a page with entries that are none': entries => [...entries.slice(1), null, 7],
}

function answerOddly({ upstream }: World, { filename }: Published, make: (typeof ODD)[string]): void {
  const alter = (body: Buffer): Buffer => {
    const page = JSON.parse(body.toString()) as { readonly files: readonly Entry[] }
    const wheel = page.files.find(entry => entry.filename === filename)
    if (wheel === undefined) throw new TypeError('the wheel is not on its page')
    const others = page.files.filter(entry => entry !== wheel)
    return Buffer.from(JSON.stringify({ ...page, files: make([wheel, ...others], wheel) }))
  }
  upstream.fault({ route: 'page', match: '/simple/demo/', do: { alter, headers: { etag: '"odd"' } } })
}

async function scene(t: Test) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  const look = async (later: number) => {
    gate.clock.now += later
    await gate.gate.page(DEMO, 'json')
  }
  return { world, wheel, gate, look }
}

for (const [what, make] of Object.entries(ODD))
  t.test(`${what} makes nothing of it late`, async t => {
    for (const [when, seenBefore, lasts] of [
      ['at first sight', false, 0],
      ['after it was seen', true, 0],
      ...(/twice|address|none|sha256/.test(what) ? [['for a day', false, DAY] as const] : []),
    ] as const) {
      const { world, wheel, gate, look } = await scene(t)
      if (seenBefore) await look(0)
      answerOddly(world, wheel, make)
      await look(2 * MINUTE)
      await look(lasts)
      world.upstream.clearFaults()
      gate.clock.now += DAY
      t.equal(await gate.outcome(wheel), 'admitted', when)
      t.same(await gate.download(wheel), wheel.bytes)
      const again = await openBareGate(t, world, { after: gate })
      t.equal(await again.outcome(wheel), 'admitted', `${when}, and after a restart`)
    }
  })

t.test('a file that was missing for ten minutes is late, whatever the index says of when it came', async t => {
  const { world, wheel, gate, look } = await scene(t)
  answerOddly(world, wheel, (entries, odd) => entries.filter(entry => entry !== odd))
  await look(0)
  await look(11 * MINUTE)
  world.upstream.clearFaults()
  gate.clock.now += DAY
  t.equal(await gate.outcome(wheel), 'added-late')
  answerOddly(world, wheel, (entries, odd) => [...entries, { ...odd, hashes: { sha256: '0'.repeat(64) } }])
  await look(2 * MINUTE)
  world.upstream.clearFaults()
  gate.clock.now += 2 * MINUTE
  t.equal(await gate.outcome(wheel), 'added-late', 'and no odd page takes that back')
})
