// guards: src/gate/find/artifacts.ts src/gate/find/indexes.ts
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import type { FilePath } from '../../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const MINUTE = 60_000
const DEMO = parseProjectName('demo')

function pathFor(filename: string): FilePath {
  return `/packages/aa/bb/${'0'.repeat(60)}/${filename}` as FilePath
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
    return 'answered'
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

t.test('an internal name causes no packet upstream, on any path, in any spelling', async t => {
  const world = await createWorld(t)
  await world.release('acme-secret', '1.0')
  await world.release('acme', '1.0')
  const { gate } = await openBareGate(t, world, { internal: ['acme-*', 'hidden'] })
  const dist = (filename: string, project: string) => {
    const parsed = parseDistFilename(filename, parseProjectName(project))
    if (parsed === undefined) throw new TypeError(filename)
    return parsed
  }
  for (const spelled of [
    'acme-secret',
    'Acme_Secret',
    'ACME.secret',
    'acme--secret',
    'acme-_.secret',
    'hidden',
    'HIDDEN',
  ]) {
    const name = parseProjectName(spelled)
    const wheel = dist(`${spelled.replace(/[-_.]+/g, '_')}-1.0-py3-none-any.whl`, spelled)
    for (const asked of [
      gate.page(name, 'json'),
      gate.page(name, 'html'),
      gate.legacy(name, undefined),
      gate.legacy(name, '1.0'),
      gate.locateByName(name, wheel),
      gate.provenance(name, wheel),
    ])
      t.equal(await codeOf(asked), 'internal', spelled)
  }
  for (const filename of [
    'acme_secret-1.0-py3-none-any.whl',
    'Acme.Secret-1.0-py3-none-any.whl',
    'acme_secret-1.0.tar.gz',
    'acme-secret-1.0.tar.gz',
    'acme-secret-1.0.zip',
    'ACME-SECRET-1-1.tar.gz',
    'acme-secret-1-2-3-4-5-6-7-8-9-10-11-12.tar.gz',
    'hidden-1.0-2-3.tar.gz',
    'hidden-1-2-3.tar.gz',
    'hidden-1.0.dev1-2.zip',
    'hidden-1.0-rc-1-post-2-dev-3.tar.gz',
    'hidden-1-2-3-4-5-6-7-8-9-10-11-12.egg',
    'hidden-not.a.version.tar.gz',
    'acme_secret-1.0-py3.8.egg',
    'acme_secret-1.0.win32.exe',
    'acme-secret-broken.whl',
  ])
    t.equal(await codeOf(gate.locate(pathFor(filename))), 'internal', filename)
  t.strictSame(world.upstream.requests, [], 'not one packet')

  t.equal(await codeOf(gate.page(parseProjectName('acme'), 'json')), 'answered', 'and the others are asked')
  t.equal(world.upstream.requests.length, 1)
})

t.test('a name that became internal is not asked about any more, remembered paths included', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const before = await openBareGate(t, world)
  t.equal(await before.outcome(wheel), 'admitted')
  world.upstream.forgetRequests()
  const after = await openBareGate(t, world, { internal: ['demo'], after: before })
  t.equal(await after.outcome(wheel), 'internal')
  t.strictSame(world.upstream.requests, [])
})

t.test('a file is found by its path alone, and only while the index lists it', async t => {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  t.strictSame([await gate.outcome(wheel), await gate.outcome(sdist)], ['admitted', 'admitted'])
  t.equal(await gate.outcome({ path: pathFor(wheel.filename) }), 'not-listed', 'the right name under another digest')
  t.equal(await gate.outcome({ path: pathFor('nodash') }), 'not-listed')
  world.upstream.remove('demo', wheel.filename)
  t.equal(await gate.outcome(wheel), 'admitted', 'the page is young enough')
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'not-listed')
  world.upstream.remove('demo')
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(sdist), 'not-listed')
  t.equal(await codeOf(gate.gate.page(DEMO, 'json')), 'no-project')
})

t.test(
  'a file published after the page was read is found within seconds; nonsense costs one question in that time',
  async t => {
    const world = await createWorld(t)
    const { wheel: old } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    const gate = await openBareGate(t, world)
    t.equal(await gate.outcome(old), 'admitted')
    const { wheel } = await world.release('demo', '1.1', { kinds: ['wheel'] })
    t.equal(await gate.outcome(wheel), 'not-listed', 'a page that was just read is believed')
    gate.clock.now += 5_000
    t.equal(await gate.outcome(wheel), 'admitted')
    const asked = world.upstream.count('page')
    for (let times = 0; times < 10; times += 1)
      t.equal(await gate.outcome({ path: pathFor('demo-9.9-py3-none-any.whl') }), 'not-listed')
    t.equal(world.upstream.count('page'), asked)
  },
)

t.test('an sdist whose name reads two ways is found under the project that lists it', async t => {
  const world = await createWorld(t)
  const { sdist } = await world.release('foo', '1.0', { kinds: ['sdist'] }).then(({ files: [sdist] }) => ({ sdist }))
  if (sdist === undefined) throw new TypeError('it was released')
  const filename = 'foo-1-1.tar.gz' // foo-1 1, or foo 1.post1
  world.upstream.add('foo', { filename, bytes: sdist.bytes })
  await world.release('foo-1', '3.0')
  const policy = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'
  const gate = await openBareGate(t, world, { policy })
  const file = { path: world.upstream.pathOf('foo', filename) }
  t.match(await gate.locate(file), { project: 'foo', filename: { version: '1.post1' } })

  world.upstream.setStatus('foo-1', 'quarantined')
  const fresh = await openBareGate(t, world, { policy })
  t.equal(await fresh.outcome(file), 'admitted', 'the quarantine of the other reading is not its own')
})

t.test('an sdist that two projects list under one path is judged by the rule of neither', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { sdist } = await world.release('other', '1.0', { attested: false })
  const file = { filename: 'demo-2-4.tar.gz', bytes: sdist.bytes } // demo 2.post4, or demo-2 4
  world.upstream.add('demo', file)
  world.upstream.add('demo-2', file)
  const listed = { path: world.upstream.pathOf('demo', file.filename) }
  const policy = world
    .policyText()
    .replace('attestation: required\n  unmatched: deny', 'attestation: optional\n  unmatched: apply-defaults')
    .replaceAll('    publishers:', '    attestation: required\n    publishers:')
  const gate = await openBareGate(t, world, { policy })
  t.equal(await gate.outcome(listed), 'unknown-index-changed', 'demo-2 has no rule, demo has one')
  t.equal(await gate.outcome(listed), 'unknown-index-changed', 'now that its path is known too')

  world.upstream.remove('demo', file.filename)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(listed), 'unknown-index-changed', 'one of them lists it no longer')

  world.upstream.add('demo', file)
  world.upstream.remove('demo-2')
  const honest = await openBareGate(t, world, { policy })
  t.equal(await honest.outcome(listed), 'unattested', 'listed once, it is of whom lists it')
})

t.test('a quarantined project is refused, file by file, listed or not, and comes back', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(wheel), 'admitted')
  world.upstream.setStatus('demo', 'quarantined')
  gate.clock.now += MINUTE + 1
  t.match(await gate.judge(wheel), { code: 'project-quarantined', admitWith: undefined })
  t.equal(await gate.outcome({ path: pathFor(wheel.filename) }), 'project-quarantined')
  world.upstream.setStatus('demo', 'active')
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test('a file name that comes back with another sha256 is unknown, with an alarm, after a restart too', async t => {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(wheel), 'admitted')
  const other = await world.release('other', '1.0')
  world.upstream.replace('demo', wheel.filename, {
    bytes: other.wheel.bytes,
    sha256: other.wheel.sha256,
    size: other.wheel.bytes.length,
  })
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'unknown-index-changed')
  t.strictSame(gate.alarms(), ['digest-changed'])
  t.equal(await gate.outcome(sdist), 'admitted', 'its neighbour is as it was')
  t.equal(await codeOf(gate.gate.page(DEMO, 'json')), 'answered', 'the listing goes on')

  const again = await openBareGate(t, world, { after: gate })
  t.equal(await again.outcome(wheel), 'unknown-index-changed')
  t.equal(await again.outcome({ path: world.upstream.pathOf('demo', wheel.filename) }), 'unknown-index-changed')

  world.upstream.replace('demo', wheel.filename, { bytes: wheel.bytes, sha256: wheel.sha256, size: wheel.bytes.length })
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted', 'the first sight stays')
})

t.test('a serial that goes backwards is unknown for files, with an alarm; the listing before it stands in', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(wheel), 'admitted')
  const before = await gate.gate.page(DEMO, 'json')
  world.upstream.remove('demo', wheel.filename)
  world.upstream.setSerial('demo', 1)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'unknown-index-changed')
  t.strictSame(new Set(gate.alarms()), new Set(['serial-backwards']))
  t.strictSame((await gate.gate.page(DEMO, 'json')).identity, before.identity, 'the page before it')
  gate.clock.now += 60 * MINUTE
  t.equal(await codeOf(gate.gate.page(DEMO, 'json')), 'unknown-index-changed', 'but not for ever')

  const again = await openBareGate(t, world, { after: gate })
  t.equal(await codeOf(again.gate.page(DEMO, 'json')), 'unknown-index-changed', 'remembered over a restart')
  world.upstream.setSerial('demo', 10_000)
  t.equal(await codeOf(again.gate.page(DEMO, 'json')), 'answered')
})

t.test('a page is revalidated after max_age, and stands in for max_stale while the upstream cannot answer', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world, { settings: { maxAge: millis(MINUTE), maxStale: millis(60 * MINUTE) } })
  const started = gate.clock.now
  t.equal(await gate.outcome(wheel), 'admitted')
  gate.clock.now = started + MINUTE
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(world.upstream.count('page'), 1, 'within max_age nobody is asked')
  gate.clock.now = started + MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(world.upstream.count('page'), 2)
  const validated = gate.clock.now

  world.upstream.fault({ route: 'page', do: { status: 500 } })
  gate.clock.now = validated + MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted', 'stands in')
  const asked = world.upstream.count('page')
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(world.upstream.count('page'), asked, 'and spares the upstream for five seconds')
  gate.clock.now += 5_000
  t.equal(await gate.outcome(wheel), 'admitted')
  t.ok(world.upstream.count('page') > asked)
  gate.clock.now = validated + 60 * MINUTE
  t.equal(await gate.outcome(wheel), 'admitted', 'the last moment')
  gate.clock.now = validated + 60 * MINUTE + 5_001
  t.equal(await gate.outcome(wheel), 'unknown-upstream')
  t.equal(await codeOf(gate.gate.page(DEMO, 'json')), 'unknown-upstream')
  world.upstream.clearFaults()
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test('with max_stale 0 nothing stands in', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world, { settings: { maxStale: millis(0) } })
  t.equal(await gate.outcome(wheel), 'admitted')
  gate.clock.now += MINUTE + 1
  world.upstream.fault({ route: 'page', do: { reset: true } })
  t.equal(await gate.outcome(wheel), 'unknown-upstream')
})

t.test('that there is no such project is not remembered as a page that may stand in', async t => {
  const world = await createWorld(t)
  await world.release('other', '1.0')
  const gate = await openBareGate(t, world)
  t.equal(await codeOf(gate.gate.page(DEMO, 'json')), 'no-project')
  world.upstream.fault({ route: 'page', do: { status: 503 } })
  gate.clock.now += MINUTE + 1
  t.equal(await codeOf(gate.gate.page(DEMO, 'json')), 'unknown-upstream')
})

t.test('whatever an index answers instead of a page is unknown, never "no such project"', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  for (const fault of [
    { status: 401 },
    { status: 403 },
    { status: 410 },
    { status: 429 },
    { bytes: '<html>maintenance</html>', headers: { 'content-type': 'text/html' } },
    { bytes: '{"files":[]}' },
    { bytes: '{"meta":{"api-version":"2.0"},"name":"demo","files":[]}' },
    { bytes: '{"meta":{"api-version":"1.0"},"name":"other","files":[]}' },
    { status: 301, headers: { location: 'http://127.0.0.2:1/simple/demo/' } },
    { status: 304 },
  ]) {
    world.upstream.fault({ route: 'page', do: fault })
    t.equal(await gate.outcome(wheel), 'unknown-upstream', JSON.stringify(fault))
    world.upstream.clearFaults()
  }
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test('what an index entry lacks refuses it before anything is asked', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world, { settings: { maxSize: wheel.bytes.length - 1 } })
  t.equal(await gate.outcome(wheel), 'too-large')
  const odd = Buffer.from('an egg')
  world.upstream.add('demo', { filename: 'demo-1.0-py3.8.egg', bytes: odd })
  world.upstream.replace('demo', wheel.filename, { entry: { hashes: {} } })
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome({ path: world.upstream.pathOf('demo', 'demo-1.0-py3.8.egg') }), 'file-unsupported')
  t.equal(await gate.outcome(wheel), 'digest-missing')
  t.equal(world.upstream.count('provenance') + world.upstream.count('file'), 0)
})
