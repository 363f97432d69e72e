import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import { type ProjectName, parseProjectName } from '../../../src/domain/packaging/name.ts'
import { Person } from '../../../src/flow/asker.ts'
import { createIndexes } from '../../../src/gate/find/indexes.ts'
import { createUnoffered } from '../../../src/gate/find/unoffered.ts'
import type { Memory } from '../../../src/ports/memory.ts'
import type { Asking, Index } from '../../../src/ports/outward.ts'
import { parseProjectPage, SIMPLE_JSON } from '../../../src/protocol/simple/project-page.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { createUpstreamAgent } from '../../../src/upstream/agent.ts'
import { createIndex } from '../../../src/upstream/pypi-index.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { until } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'

const HOUR = millis(3_600_000)
const DEMO = parseProjectName('demo')
const EVENTS = { emit() {} }

interface Asked {
  readonly project: ProjectName
  readonly asking: Asking | undefined
}

/** An index that knows `demo`, and says what it was asked. */
function knowingDemo() {
  const asked: Asked[] = []
  const state: { asked: readonly Asked[]; failure: GateError | undefined } = { asked, failure: undefined }
  const page = {
    meta: { 'api-version': '1.1' },
    name: 'demo',
    files: [{ filename: 'demo-1.0.tar.gz', url: '/a/demo-1.0.tar.gz', hashes: { sha256: 'a'.repeat(64) }, size: 1 }],
    versions: ['1.0'],
  }
  const index: Pick<Index, 'project'> = {
    async project(project, _known, asking) {
      asked.push({ project, asking })
      if (state.failure !== undefined) throw state.failure
      if (project !== DEMO) return { kind: 'absent' }
      const options = { project, pageUrl: 'https://pypi.example/simple/demo/', fileOrigins: ['https://pypi.example'] }
      const parsed = parseProjectPage(Buffer.from(JSON.stringify(page)), SIMPLE_JSON, { ...options, serial: undefined })
      return { kind: 'page', index: parsed, etag: undefined }
    },
  }
  return { state, index: index as Index }
}

async function open(memory?: Memory) {
  const clock = { now: 1_700_000_000_000 }
  const read = () => instant(clock.now)
  const { index, state } = knowingDemo()
  const remembered =
    memory ?? (await createMemoryStore({ clock: read, events: EVENTS }).store.memory(sourceAt('https://pypi.example')))
  const indexes = createIndexes({
    index,
    memory: remembered,
    events: EVENTS,
    clock: read,
    maxAge: millis(60_000),
    maxStale: HOUR,
    isInternal: () => false,
    unoffered: createUnoffered(),
  })
  return { indexes, state, clock, memory: remembered }
}

const OVERLOADED = new GateError('unknown-overloaded', 'too many', { limit: 'questions' })

t.test('a page stands in where there is no place to ask the upstream, and nobody else waits for that', async t => {
  const { indexes, state, clock } = await open()
  const page = await indexes.current(DEMO)
  clock.now += 61_000
  state.failure = OVERLOADED
  t.equal(await indexes.current(DEMO, new Person('greedy')), page, 'within max_stale')
  t.equal(state.asked.length, 2)
  state.failure = undefined
  t.equal(await indexes.current(DEMO, new Person('modest')), page, 'the next one asks, and it is the same')
  t.equal(state.asked.length, 3)
  clock.now += HOUR + 61_000
  state.failure = OVERLOADED
  await t.rejects(indexes.current(DEMO), { code: 'unknown-overloaded', limit: 'questions' }, 'but not for ever')
})

t.test('where a page can stand in one waits less', async t => {
  const { indexes, state, clock } = await open()
  await indexes.current(DEMO)
  clock.now += 61_000
  await indexes.current(DEMO)
  clock.now += 2 * HOUR
  await indexes.current(DEMO)
  t.strictSame(
    state.asked.map(({ asking }) => asking?.patience),
    [undefined, 500, undefined],
  )
})

t.test('a project is a first sight until the upstream had a page of it, restarts included', async t => {
  const sights = (state: { readonly asked: readonly Asked[] }) => state.asked.map(({ asking }) => asking?.sight)
  const { indexes, state, clock, memory } = await open()
  await indexes.current(parseProjectName('nobody'))
  clock.now += 61_000
  await indexes.current(parseProjectName('nobody'))
  await indexes.current(DEMO)
  t.strictSame(sights(state), ['first', 'first', 'first'])
  const later = await open(memory)
  await later.indexes.current(DEMO)
  await later.indexes.current(parseProjectName('nobody'))
  t.strictSame(sights(later.state), ['known', 'first'])
})

t.test('names that nobody knows push no page out of memory', async t => {
  const { memory } = await open()
  const nothing = await memory.of(parseProjectName('nobody'))
  const { indexes } = await open({ ...memory, of: async () => nothing })
  const page = await indexes.current(DEMO)
  for (let at = 0; at < 100_000; at += 1) await indexes.current(`nobody-${at}` as ProjectName)
  t.equal(indexes.atHand(DEMO), page)
})

/** Places for questions about known projects where files come from the same origin, and one client's part of them. */
const KNOWN = 18
const EACH = 14

t.test('a hundred known projects whose pages hang keep no other client from a page that is at hand', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('warm', '1.0', { kinds: ['wheel'] })
  const names = Array.from({ length: 100 }, (_, at) => `known-${at}`)
  for (const name of names) world.upstream.add(name, makeWheel({ name, version: '1.0' }))
  const { origin } = world.upstream
  const patient = { timeout: HOUR, auth: {}, environment: {}, version: 'test', events: EVENTS }
  const agent = createUpstreamAgent({ ...patient, upstreams: [origin], files: [origin] })
  t.teardown(() => agent.close())
  const gate = await openBareGate(t, world, {
    parts: () => ({ index: createIndex({ agent, index: origin, files: [origin] }) }),
  })
  for (const name of names) await gate.gate.page(name as ProjectName, 'json')
  t.equal((await gate.judge(wheel)).kind, 'admitted')
  gate.clock.now += 61_000
  world.upstream.forgetRequests()
  world.upstream.fault({ route: 'page', match: 'known', do: { hang: true } })
  const ask = (address: string, name: string) => gate.gate.page(name as ProjectName, 'json', new Person(address))
  const greedy = names.map(name => ask('greedy', name))
  await until('one client has what he gets', () => world.upstream.count('page') === EACH)
  t.equal((await gate.judge(wheel)).kind, 'admitted')
  t.equal(world.upstream.count('page', 'warm'), 1, 'it is asked for anew')
  gate.clock.now += 61_000
  const others = names.slice(EACH - KNOWN).map(name => ask('other', name))
  await until('all places are taken', () => world.upstream.count('page', 'known') === KNOWN)
  const modest = new Person('modest')
  const located = await gate.gate.locate(wheel.path as never, modest)
  t.equal((await gate.gate.judge(located as never, modest)).kind, 'admitted')
  t.equal(world.upstream.count('page', 'warm'), 1, 'there was no place, and the page stood in')
  await agent.close()
  t.ok(
    (await Promise.all([...greedy, ...others])).every(page => page.identity.length > 0),
    'their own pages stand in for what hangs',
  )
})

t.test('whoever keeps few pages asks again for those that others pushed out, and for no other', async t => {
  const clock = () => instant(1_700_000_000_000)
  const asked: string[] = []
  const page = (project: ProjectName) => ({ meta: { 'api-version': '1.1' }, name: project, files: [], versions: [] })
  const indexes = createIndexes({
    index: {
      async project(project) {
        asked.push(project)
        const options = { project, pageUrl: `https://pypi.example/simple/${project}/`, fileOrigins: [] }
        const bytes = Buffer.from(JSON.stringify(page(project)))
        return {
          kind: 'page',
          index: parseProjectPage(bytes, SIMPLE_JSON, { ...options, serial: undefined }),
          etag: undefined,
        }
      },
    } as Index,
    memory: await createMemoryStore({ clock, events: EVENTS }).store.memory(sourceAt('https://pypi.example')),
    events: EVENTS,
    clock,
    maxAge: HOUR,
    maxStale: HOUR,
    isInternal: () => false,
    unoffered: createUnoffered(),
    kept: 2,
  })
  for (const name of ['a', 'b', 'b', 'a', 'c', 'a', 'b']) await indexes.current(parseProjectName(name))
  t.strictSame(asked, ['a', 'b', 'c', 'b'])
})
