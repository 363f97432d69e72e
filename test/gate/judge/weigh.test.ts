import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { createWorld, type Published, type Release, type World } from '../../world/world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
const RATCHET = 'version: 1\nprojects: [{ match: demo, attestation: when-seen, identity: first-seen }]\n'
const DAY = 86_400_000

interface Memory {
  readonly world: World
  readonly clock: { now: number }
  /** another gate on the same data folder, after the one before has ended */
  restart(policy?: string): Promise<WorldGate>
  /** published, and ten seconds later: a page that was just read is believed */
  release(...request: Parameters<World['release']>): Promise<Release>
}

async function remembering(t: Test): Promise<Memory> {
  const world = await createWorld(t)
  const clock = { now: Date.now() }
  const configuration = { index: { max_age: '0s' } }
  let gate: WorldGate | undefined
  return {
    world,
    clock,
    async release(...request) {
      const released = await world.release(...request)
      clock.now += 10_000
      return released
    },
    async restart(policy = RATCHET) {
      await gate?.stop()
      gate = await startGate(t, world, { policy, configuration, clock: () => instant(clock.now) })
      return gate
    },
  }
}

/** The status, and the story where it is refused. */
async function ask(
  gate: WorldGate,
  { path }: Pick<Published, 'path'>,
): Promise<{ status: number; code?: string; detail?: string }> {
  const answer = await fetch(`${gate.url}${path}`)
  if (answer.status === 200) {
    await answer.arrayBuffer()
    return { status: 200 }
  }
  return (await answer.json()) as { status: number; code: string; detail: string }
}

t.test('a project that loses its attestations is refused with that story, after a restart too', async t => {
  const { world, release, restart } = await remembering(t)
  const attested = await release('demo', '1.0')
  let gate = await restart()
  t.match(await ask(gate, attested.wheel), { status: 200 })
  const lost = await release('demo', '1.1', { attested: false })
  const story = {
    status: 403,
    code: 'provenance-lost',
    detail:
      /demo-1\.1\.tar\.gz has no attestation, but demo-1\.0-py3-none-any\.whl was attested by "acme\/demo release\.yml", first verified here on \d{4}-\d\d-\d\d/,
  }
  t.match(await ask(gate, lost.sdist), story)
  gate = await restart()
  t.match(await ask(gate, lost.sdist), story)
  t.match(
    await ask(gate, (await release('demo', '9.9', { attested: false })).sdist),
    { code: 'provenance-lost' },
    'a higher version is no way out',
  )
  for (const { filename } of attested.files) world.upstream.remove('demo', filename)
  gate = await restart()
  t.match(await ask(gate, lost.sdist), story, 'the index forgets, the gate does not')
})

t.test('a project that changes hands is refused with that story, after a restart too', async t => {
  const { release, restart } = await remembering(t)
  const first = await release('demo', '1.0')
  let gate = await restart()
  t.match(await ask(gate, first.wheel), { status: 200 })
  const changed = await release('demo', '1.1', { identity: MALLORY })
  const story = {
    code: 'publisher-changed',
    detail:
      /Signed by "https:\/\/github\.com\/mallory\/demo\/.*The first identity that was proved here for the project is another: demo-1\.0-py3-none-any\.whl was attested by "acme\/demo release\.yml"/,
  }
  t.match(await ask(gate, changed.wheel), story)
  gate = await restart()
  t.match(await ask(gate, changed.wheel), story)
  t.match(await ask(gate, first.sdist), { status: 200 }, 'the first goes on')
})

t.test('one unattested wheel among attested ones is refused with that story, after a restart too', async t => {
  const { release, restart } = await remembering(t)
  const { wheel, sdist } = await release('demo', '1.0', { attested: ['sdist'] })
  let gate = await restart()
  const story = { code: 'provenance-partial', detail: /the index has offered provenance for demo-1\.0\.tar\.gz since/ }
  t.match(await ask(gate, wheel), story, 'a cold gate knows it from one page')
  t.match(await ask(gate, sdist), { status: 200 })
  gate = await restart()
  t.match(await ask(gate, wheel), {
    code: 'provenance-partial',
    detail: /demo-1\.0\.tar\.gz was attested by "acme\/demo release\.yml"/,
  })
})

t.test('a cold gate fills its memory from one page and what is asked for', async t => {
  const { world, release, restart } = await remembering(t)
  for (const version of ['1.0', '1.1', '1.2']) await release('demo', version)
  const bare = await release('demo', '1.3', { attested: false })
  const gate = await restart()
  t.match(await ask(gate, bare.sdist), {
    code: 'provenance-lost',
    detail: /the index has offered provenance for demo-1\.2/,
  })
  t.equal(world.upstream.count('provenance', bare.sdist.filename), 0, 'nothing but the page decides')
  t.ok(world.upstream.count('provenance') <= 3, 'and a few that could be named instead are looked at')
  t.equal(world.upstream.count('page'), 1)
})

t.test('an index that drops all its provenance is remembered as having offered it', async t => {
  const { world, release, restart } = await remembering(t)
  const { wheel, sdist } = await release('demo', '1.0')
  let gate = await restart()
  t.match(await ask(gate, wheel), { status: 200 })
  for (const { filename } of [wheel, sdist]) world.upstream.replace('demo', filename, { provenance: undefined })
  gate = await restart()
  t.match(await ask(gate, sdist), { code: 'provenance-partial' })
  world.upstream.speak({ provenance: false, minor: 1 })
  t.match(await ask(gate, sdist), { code: 'provenance-partial' }, 'an older dialect is no excuse')
})

t.test('old lines that are still maintained, and pre-releases, go by their own past', async t => {
  const { release, restart } = await remembering(t)
  const newer = await release('demo', '2.0')
  const gate = await restart()
  t.match(await ask(gate, newer.wheel), { status: 200 })
  t.match(await ask(gate, (await release('demo', '1.9.5', { attested: false })).sdist), { status: 200 })
  t.match(await ask(gate, (await release('demo', '2.1rc1', { attested: false })).sdist), { status: 200 })
  t.match(await ask(gate, (await release('demo', '2.0.1', { attested: false })).sdist), {
    code: 'provenance-lost',
  })
})

t.test('of two signers that come first together, one is the first', async t => {
  const world = await createWorld(t)
  const ours = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const theirs = await world.release('demo', '1.1', { kinds: ['wheel'], identity: MALLORY })
  const gate = await openBareGate(t, world, { policy: RATCHET })
  const outcomes = await Promise.all([gate.outcome(ours.wheel), gate.outcome(theirs.wheel)])
  t.strictSame([...outcomes].sort(), ['admitted', 'publisher-changed'])
  t.strictSame([await gate.outcome(ours.wheel), await gate.outcome(theirs.wheel)], outcomes, 'and stays it')
})

t.test('what is remembered does not depend on the order, where publishers are named', async t => {
  const policy =
    'version: 1\nprojects: [{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }]\n'
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const { release, restart } = await remembering(t)
    const files = [
      (await release('demo', '1.0')).wheel,
      (await release('demo', '1.1', { identity: MALLORY })).wheel,
      (await release('demo', '1.2', { attested: false })).wheel,
    ]
    const gate = await restart(policy)
    const outcomes: (string | number)[] = []
    for (const index of order) {
      const file = files[index]
      if (file === undefined) throw new TypeError('there are three')
      const { code, status } = await ask(gate, file)
      outcomes[index] = code ?? status
    }
    t.strictSame(outcomes, [200, 'publisher-mismatch', 'unattested'], order.join(' '))
  }
})

t.test('an exemption ends at its second, after a restart too', async t => {
  const { release, clock, restart } = await remembering(t)
  const { sdist } = await release('demo', '1.0', { attested: false })
  const ends = Math.ceil(clock.now / 1000) * 1000 + 10_000
  const policy = `version: 1\nprojects: [{ match: demo }]\nexemptions: [{ id: EX-1, project: demo, waive: [attestation], files: { "${sdist.filename}": "sha256:${sdist.sha256}" }, reason: r, owner: o, expires: "${new Date(ends).toISOString()}" }]\n`
  let gate = await restart(policy)
  t.match(await ask(gate, sdist), { status: 200 })
  clock.now = ends - 1
  t.match(await ask(gate, sdist), { status: 200 })
  clock.now = ends
  t.match(await ask(gate, sdist), { code: 'exemption-expired', detail: /EX-1 .* owner o\) ended at/ })
  gate = await restart(policy)
  t.match(await ask(gate, sdist), { code: 'exemption-expired' }, 'a restart is not stopped by it, and changes nothing')
})

t.test('an upload time that is set back does not make a file older, after a restart too', async t => {
  const { release, clock, restart } = await remembering(t)
  await release('demo', '1.0')
  const policy =
    'version: 1\nprojects: [{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }], cooldown: { min_age: 3d } }]\n'
  let gate = await restart(policy)
  await (await fetch(`${gate.url}/simple/demo/`)).text()
  clock.now += DAY
  const { wheel } = await release('demo', '2.0', { listed: { uploadTime: '2020-01-01T00:00:00Z' } })
  t.match(await ask(gate, wheel), { code: 'too-new' })
  gate = await restart(policy)
  t.match(await ask(gate, wheel), { code: 'too-new' })
  clock.now += 4 * DAY
  t.match(await ask(gate, wheel), { status: 200 })
})
