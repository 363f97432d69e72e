import { readdirSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ANONYMOUS, turnOf } from '../../src/http/exchange/client.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import { type GateChanges, startGate, type WorldGate } from '../world/gate/gate.ts'
import { makeWheel } from '../world/index/distributions.ts'
import { inAnyRound } from '../world/thread/rounds.ts'
import { underWay } from '../world/under-way.ts'
import { until } from '../world/until.ts'
import { createWorld, type Published, type World, type WorldOptions } from '../world/world.ts'
import { type Answered, type Ask, createPlainAsk, dial, requestText } from './client.ts'

const ATTACKER = '192.0.2.66'
const OTHER = '192.0.2.67'
const HONEST = '192.0.2.1'

interface Turns {
  readonly world: World
  readonly gate: WorldGate
  /** as the client with this address */
  as(address: string): Ask
}

/** A gate behind a proxy that names its clients. */
async function setUp(
  t: Test,
  { configuration = {}, policy, ...options }: WorldOptions & Pick<GateChanges, 'configuration' | 'policy'> = {},
  prepare: (world: World) => Promise<void> = async () => {},
): Promise<Turns> {
  const world = await createWorld(t, options)
  await prepare(world)
  const gate = await startGate(t, world, {
    configuration: { trust_proxy: ['127.0.0.0/8'], ...configuration },
    ...(policy === undefined ? {} : { policy }),
  })
  const ask = createPlainAsk(t, gate.url)
  return {
    world,
    gate,
    as:
      address =>
      (path, { headers = {}, ...asked } = {}) =>
        ask(path, { ...asked, headers: { ...headers, 'x-forwarded-for': address } }),
  }
}

/** Whatever comes of it: the connection may end before the answer. */
function unanswered(asking: Promise<Answered>): Promise<number | 'none'> {
  return asking.then(
    ({ status }) => status,
    () => 'none' as const,
  )
}

function limitedOf(gate: WorldGate): readonly Extract<GateEvent, { type: 'limited' }>[] {
  return gate.events.filter(event => event.type === 'limited')
}

const COLD = `
version: 1
defaults: { attestation: required, unmatched: deny }
projects:
  - { match: cold, attestation: optional }
`

type Cold = Pick<Published, 'path' | 'filename'>

/** Wheels of one project that are admitted as they are: what is told here is told of their bytes. */
function addCold(world: World, count: number): readonly Cold[] {
  return Array.from({ length: count }, (_, at) => {
    const { filename, bytes } = makeWheel({ name: 'cold', version: `${at}.0` })
    world.upstream.add('cold', { filename, bytes })
    return { filename, path: world.upstream.pathOf('cold', filename) }
  })
}

/** A gate in front of cold wheels, whose upstream has all the time that it wants. */
async function setUpCold(t: Test, count: number): Promise<Turns & { readonly wheels: readonly Cold[] }> {
  let wheels: readonly Cold[] = []
  const turns = await setUp(t, { configuration: { upstream: { timeout: '2m' } }, policy: COLD }, async world => {
    wheels = addCold(world, count)
  })
  return { ...turns, wheels }
}

/** One connection for each file, which is asked for and not waited for. */
async function want(t: Test, { gate }: Turns, address: string, wheels: readonly Cold[]): Promise<readonly Socket[]> {
  const asked = wheels.map(async ({ path }) => {
    const socket = await dial(gate.url)
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    socket.resume()
    socket.write(requestText(path, `X-Forwarded-For: ${address}`))
    return socket
  })
  return await Promise.all(asked)
}

t.test('a thousand names that nobody knows keep no warm file waiting, and no new project of anybody else', async t => {
  const warm: Published[] = []
  const fresh: Published[] = []
  const { world, gate, as } = await setUp(
    t,
    { configuration: { index: { max_age: '0s' }, upstream: { timeout: '20s' } } },
    async world => {
      for (let at = 0; at < 8; at += 1)
        warm.push((await world.release(`warm-${at}`, '1.0', { kinds: ['wheel'] })).wheel)
      for (let at = 0; at < 10; at += 1)
        fresh.push((await world.release(`fresh-${at}`, '1.0', { kinds: ['wheel'] })).wheel)
    },
  )
  const honest = as(HONEST)
  for (const { path } of warm) t.equal((await honest(path)).status, 200)
  // every answer takes so long that what the machine adds to it is little
  world.upstream.fault({ route: 'page', match: 'nobody', do: { delayMs: 800 } })
  world.upstream.fault({ route: 'page', do: { delayMs: 600 } })
  const measure = async () => {
    const times: number[] = []
    const statuses = new Set<number>()
    for (let round = 0; round < 3; round += 1)
      await Promise.all(
        warm.map(async ({ path }) => {
          const started = performance.now()
          statuses.add((await honest(path)).status)
          times.push(performance.now() - started)
        }),
      )
    times.sort((a, b) => a - b)
    return { median: times[times.length >> 1] ?? 0, longest: times.at(-1) ?? 0, statuses: [...statuses] }
  }
  const quiet = await measure()
  t.strictSame(quiet.statuses, [200])
  const asking = Array.from({ length: 1_100 }, (_, at) => unanswered(as(ATTACKER)(`/simple/nobody-${at}/`)))
  await until('the attacker has filled the line', () => limitedOf(gate).length > 0)
  let more = 0
  const steady = setInterval(() => {
    for (const end = more + 13; more < end; more += 1) void unanswered(as(ATTACKER)(`/simple/nobody-more-${more}/`))
  }, 100)
  await inAnyRound(
    t,
    'ms for warm files: half of them in twice the quiet time; a new project waits behind the names that are answered meanwhile, not the line of them',
    async round => {
      const loaded = await measure()
      t.strictSame(loaded.statuses, [200])
      const before = world.upstream.count('page', 'nobody')
      const { status } = await honest(`/simple/fresh-${round}/`)
      const behind = world.upstream.count('page', 'nobody') - before
      t.strictSame([status, (await honest(fresh[round]?.path ?? '')).status], [200, 200])
      return { quiet: quiet.longest, loaded: loaded.median, longest: loaded.longest, behind }
    },
    // of the longest, what the machine has to do besides is the greater part: clients, gate and upstream are one process here
    figures => figures.loaded <= 2 * figures.quiet && figures.behind <= 60,
  )
  clearInterval(steady)
  const overloaded = limitedOf(gate)
  t.ok(overloaded.length > 0)
  t.ok(
    overloaded.every(
      ({ limit, address, subject }) => `${limit} ${address} ${subject}` === `first-sights ${ATTACKER} anonymous`,
    ),
  )
  world.upstream.clearFaults()
  await underWay('the names', Promise.all(asking))
})

t.test('HEAD on a cold file says what GET says, and starts no download', async t => {
  const { world, as, wheels } = await setUpCold(t, 300)
  const heads = await Promise.all(wheels.map(({ path }) => as(ATTACKER)(path, { method: 'HEAD' })))
  t.strictSame([...new Set(heads.map(({ status }) => status))], [200])
  t.equal(world.upstream.count('file'), 0, '300 of them, and not a byte was asked for')
  const facts = ({ headers }: Answered) => {
    const { date: _, connection: __, 'keep-alive': ___, ...said } = headers
    return said
  }
  const [wheel] = wheels
  const got = await as(HONEST)(wheel?.path ?? '')
  t.equal(got.status, 200)
  t.strictSame(facts(heads[0] as Answered), facts(got), 'the same headers as GET')
  t.strictSame(facts(await as(HONEST)(wheel?.path ?? '', { method: 'HEAD' })), facts(got), 'stored, too')
})

t.test('HEAD is a way round nothing', async t => {
  const files: Record<string, Published> = {}
  const { world, as } = await setUp(t, {}, async world => {
    files['bare'] = (await world.release('bare', '1.0', { kinds: ['wheel'], attested: false })).wheel
    files['transfer'] = (await world.release('transfer', '1.0', { kinds: ['wheel'], tamper: 'transfer' })).wheel
    files['content'] = (await world.release('content', '1.0', { kinds: ['wheel'], tamper: 'content' })).wheel
  })
  const head = (name: string) => as(HONEST)(files[name]?.path ?? '', { method: 'HEAD' })
  t.equal((await head('bare')).status, 403, 'no provenance')
  t.equal((await head('content')).status, 403, 'the bytes of another file were signed')
  t.equal((await head('transfer')).status, 200, 'what comes is not known before it came')
  t.equal((await as(HONEST)(files['transfer']?.path ?? '')).status, 502)
  t.equal((await head('transfer')).status, 502, 'and now it is')
  world.upstream.fault({ route: 'provenance', do: { status: 500 } })
  const { wheel } = await world.release('later', '1.0', { kinds: ['wheel'] })
  world.writePolicy()
  t.equal((await as(HONEST)(wheel.path, { method: 'HEAD' })).status >= 403, true)
})

t.test('HEAD of a file whose size nobody says has no length', async t => {
  let wheel: Published | undefined
  const { as } = await setUp(t, { dialect: { form: 'html' } }, async world => {
    wheel = (await world.release('demo', '1.0', { kinds: ['wheel'] })).wheel
  })
  const path = wheel?.path ?? ''
  t.match(await as(HONEST)(path, { method: 'HEAD' }), { status: 200, headers: { 'content-length': undefined } })
  const { status, raw } = await as(HONEST)(path)
  t.equal(status, 200)
  t.match(await as(HONEST)(path, { method: 'HEAD' }), { headers: { 'content-length': String(raw.length) } }, 'stored')
})

t.test('downloads that wait go with whoever wanted them, and one client never has all places', async t => {
  const turns = await setUpCold(t, 30)
  const { world, gate, as, wheels } = turns
  const [shared, own] = wheels.slice(28)
  if (shared === undefined || own === undefined) throw new TypeError('too few wheels')
  world.upstream.fault({ route: 'file', match: /cold-(?!29)/, do: { hang: true } })
  const sockets = await want(t, turns, ATTACKER, wheels.slice(0, 29))
  await until('the attacker has what he gets', () => world.upstream.count('file') === 12)
  t.equal((await as(HONEST)(own.path)).status, 200, 'there is a place for another client')
  t.equal(world.upstream.count('file'), 13)
  // another client waits for what the attacker wanted last
  await want(t, turns, OTHER, [shared])
  await until('it has a turn of its own', () => world.upstream.count('file', shared.filename) === 1)
  for (const socket of sockets) socket.destroy()
  const answered = () => gate.events.filter(event => event.type === 'request' && event.client === ATTACKER).length
  await until('all of them have left', () => answered() === sockets.length)
  t.equal(world.upstream.count('file'), 14, 'what waited was never begun')
})

t.test('documents that are laborious to verify keep nobody else waiting for more than those under way', async t => {
  await inAnyRound(
    t,
    'documents of the other client that are verified meanwhile, of those that were left',
    async () => {
      let fresh: Published | undefined
      const heavy: Published[] = []
      const { world, gate, as } = await setUp(t, {}, async world => {
        fresh = (await world.release('fresh', '1.0', { kinds: ['wheel'] })).wheel
        for (let at = 0; at < 40; at += 1) {
          const { wheel } = await world.release(`heavy-${at}`, '1.0', {
            kinds: ['wheel'],
            predicates: ['publish', 'slsa'],
          })
          const document = JSON.parse(wheel.provenance?.toString('utf8') ?? '')
          document.attestation_bundles = Array(8).fill(document.attestation_bundles[0])
          world.upstream.replace(wheel.project, wheel.filename, { provenance: Buffer.from(JSON.stringify(document)) })
          heavy.push(wheel)
        }
      })
      const judged = () => gate.events.filter(event => event.type === 'verdict' && event.client === ATTACKER).length
      const greedy = heavy.map(({ path }) => unanswered(as(ATTACKER)(path)))
      await until('one client has what he gets', () => world.upstream.count('provenance') >= 24)
      const before = judged()
      t.equal((await as(HONEST)(fresh?.path ?? '')).status, 200)
      const meanwhile = judged() - before
      await Promise.all(greedy)
      return { meanwhile, left: heavy.length - before }
    },
    ({ meanwhile }) => meanwhile <= 10,
  )
})

t.test('names that nobody waits for any more are not asked', async t => {
  const turns = await setUpCold(t, 1)
  const { world, gate } = turns
  world.upstream.fault({ route: 'page', do: { hang: true } })
  const names = Array.from({ length: 100 }, (_, at) => ({ path: `/simple/nobody-${at}/`, filename: '' }))
  const sockets = await want(t, turns, ATTACKER, names)
  await until('the attacker has what he gets', () => world.upstream.count('page') === 9)
  for (const socket of sockets) socket.destroy()
  await until('all of them have left', () => gate.events.filter(({ type }) => type === 'request').length === 100)
  world.upstream.clearFaults()
  t.equal((await turns.as(HONEST)('/simple/nobody-99/')).status, 404)
  t.equal(world.upstream.count('page'), 10)
})

t.test('one waits under the name that the guard knows, or else by network', async t => {
  const turn = (address: string, subject = ANONYMOUS) => turnOf({ address, subject })
  t.equal(turn('192.0.2.1', 'token:ci'), 'token:ci')
  t.equal(turn('192.0.2.1'), '192.0.2.1')
  const network = '2001:db8:0:7::/64'
  for (const address of ['2001:db8:0:7::1', '2001:DB8:0:7:ffff:0:0:1', '2001:0db8:0000:0007::', '2001:db8::7:1:2:3:4'])
    t.equal(turn(address), network, address)
  t.equal(turn('::1'), '0:0:0:0::/64')
  t.equal(turn('::ffff:192.0.2.1'), '192.0.2.1', 'however it is written')
  t.not(turn('2001:db8:0:8::1'), network)
})

t.test('a line that is full is told of, with whose it is', async t => {
  const turns = await setUpCold(t, 290)
  const { world, gate, as, wheels } = turns
  world.upstream.fault({ route: 'file', match: /cold-(?!289)/, do: { hang: true } })
  await want(t, turns, ATTACKER, wheels.slice(0, 289))
  const tooMany = 289 - 12 - 256
  await until('there is no room for more', () => limitedOf(gate).length === tooMany)
  t.ok(limitedOf(gate).every(({ limit, address }) => limit === 'downloads' && address === ATTACKER))
  const failed = gate.events.filter(event => event.type === 'request' && event.client === ATTACKER)
  t.match(
    failed,
    failed.map(() => ({ status: 503 })),
  )
  t.equal((await as(HONEST)(wheels[289]?.path ?? '')).status, 200)
  const metrics = await as(HONEST)('/metrics')
  t.match(metrics.text, `\nportcullis_limited_total{limit="downloads"} ${tooMany}\n`)
  t.match(metrics.text, '\nportcullis_limited_total{limit="space"} 0\n')
})

t.test('files without a size that come in at once stay within the cache, but for one and the newest', async t => {
  const [cache, size] = [4, 2].map(mib => mib * 1024 * 1024) as [number, number]
  let paths: readonly string[] = []
  const configuration = { files: { cache: '4MiB' } }
  const { world, gate, as } = await setUp(
    t,
    { configuration, policy: COLD, dialect: { form: 'html' } },
    async world => {
      paths = Array.from({ length: 16 }, (_, at) => {
        const { filename, bytes } = makeWheel({ name: 'cold', version: `${at}.0`, padTo: size })
        world.upstream.add('cold', { filename, bytes })
        return world.upstream.pathOf('cold', filename)
      })
    },
  )
  world.upstream.fault({ route: 'file', do: { headers: { 'content-length': undefined } } })
  let most = 0
  const looking = setInterval(() => {
    most = Math.max(most, bytesIn(join(gate.config.data, 'blobs')))
  }, 5)
  const answers = await Promise.all(paths.map((path, at) => as(`192.0.2.${at}`)(path)))
  clearInterval(looking)
  t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
  t.comment(`${(most / 1024 / 1024).toFixed(1)} MiB at most on a cache of 4 MiB`)
  t.ok(most <= cache + 2 * size + 1024 * 1024, 'all of them together are 32 MiB')
})

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() ? stat.size : 0), 0)
}
