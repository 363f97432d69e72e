// guards: src/gate/pages/foresight.ts src/gate/pages/listing.ts src/gate/pages/patience.ts
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createAsk, dial, requestText, SIMPLE_JSON } from '../../http/client.ts'
import { etagOf, list, scene } from '../../http/listing-scene.ts'
import { type GateChanges, startGate } from '../../world/gate/gate.ts'
import { until } from '../../world/until.ts'
import { createWorld, type World } from '../../world/world.ts'

const HIDE: GateChanges = { configuration: { index: { mode: 'hide' } } }

/** A release that passes, and a newer one that somebody else signed. */
async function passAndRefuse(world: World): Promise<void> {
  await world.release('demo', '1.0')
  await world.release('demo', '2.0', {
    identity: { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' },
  })
}

/** Begins anew, with a gate that knows nothing, where a busy machine judged nothing at all while a client waits: that is unknown. */
async function inTime(look: (again: number) => Promise<void>): Promise<void> {
  for (let again = 0; ; again += 1)
    try {
      await look(again)
      return
    } catch (error) {
      if (again === 9 || !(error instanceof Error && error.message.startsWith('504 '))) throw error
    }
}

t.test('hide: the first page of a cold gate is what the second is', async t => {
  t.test('of files that are offered with provenance', async t => {
    const { list, ask } = await scene(t, passAndRefuse, HIDE)
    const [first, ...others] = await Promise.all([etagOf(ask), etagOf(ask), etagOf(ask)])
    for (const other of others) t.equal(other, first)
    t.strictSame(
      (await list()).map(({ filename }) => filename),
      ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz'],
    )
    t.equal(await etagOf(ask), first)
  })

  t.test('where the first signer that is proved decides', async t => {
    const policy = 'version: 1\nprojects: [{ match: demo, identity: first-seen, attestation: required }]\n'
    const world = await createWorld(t)
    await passAndRefuse(world)
    for (let round = 0; round < 3; round += 1)
      await inTime(async again => {
        const data = `${world.folder}/cold-${round}-${again}`
        const gate = await startGate(t, world, { policy, configuration: { data, index: { mode: 'hide' } } })
        t.strictSame(
          (await list(createAsk(t, world, gate.url), 'demo')).map(({ filename }) => filename),
          ['demo-2.0-py3-none-any.whl', 'demo-2.0.tar.gz'],
          'it is that of the newest version',
        )
      })
  })

  t.test('in the JSON API too', async t => {
    const { ask } = await scene(t, passAndRefuse, HIDE)
    const first = (await ask('/pypi/demo/json')).json()
    t.strictSame(Object.keys(first.releases), ['1.0'])
    t.strictSame((await ask('/pypi/demo/json')).json(), first)
  })

  t.test('where many have to be judged, page after page', async t => {
    const { list, world } = await scene(
      t,
      async world => {
        for (let at = 0; at < 24; at += 1)
          await world.release('demo', `1.${at}`, { kinds: ['wheel'], attested: at % 2 === 0 })
      },
      { ...HIDE, world: { dialect: { provenance: false } } },
    )
    t.equal((await list()).length, 12)
    t.equal(world.upstream.count('provenance'), 24, 'each asked about once')
    t.equal((await list()).length, 12)
    t.equal(world.upstream.count('provenance'), 24)
  })

  t.test('an upstream that is slow to say makes a page short, and never wrong', async t => {
    await inTime(async () => {
      const { list, world, gate } = await scene(t, passAndRefuse, HIDE)
      await world.release('demo', '0.9', { kinds: ['wheel'] })
      const { promise: said, resolve: say } = Promise.withResolvers<void>()
      world.upstream.fault({ route: 'provenance', match: /demo-(?:2\.0|1\.0-)/, do: { once: said } })
      const first = (await list()).map(({ filename }) => filename)
      say()
      t.strictSame(first, ['demo-0.9-py3-none-any.whl'], 'without the wheel its sdist would be built')
      await gate.app.gate.settled()
      t.strictSame(
        (await list()).map(({ filename }) => filename).filter(filename => !filename.includes('2.0')),
        ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz', 'demo-0.9-py3-none-any.whl'],
      )
    })
  })

  t.test('where nobody can tell it is unknown, not empty', async t => {
    const { ask, world } = await scene(t, passAndRefuse, HIDE)
    world.upstream.fault({ route: 'provenance', do: { status: 500 } })
    const answer = await ask('/simple/demo/')
    t.equal(answer.status, 503)
    t.match(answer.json(), { code: 'unknown-upstream' })
  })

  t.test('what was refused stays hidden while it is asked about again', async t => {
    const clock = { now: Date.now() }
    const { list, world, gate } = await scene(
      t,
      async world => {
        await world.release('demo', '1.0', { kinds: ['wheel'] })
        await world.release('demo', '2.0', { kinds: ['wheel'], attested: false })
      },
      { ...HIDE, world: { dialect: { provenance: false } }, clock: () => clock.now as never },
    )
    t.equal((await list()).length, 1)
    clock.now += 11 * 60_000
    world.upstream.fault({ route: 'provenance', do: { delayMs: 500 } })
    t.equal((await list()).length, 1)
    await gate.app.gate.settled()
    t.equal((await list()).length, 1)
  })
})

t.test('hide: who leaves, and who asks late, changes nobody else’s answer', async t => {
  /** Asks from another address, and hangs up once the upstream was asked about a file. */
  async function askAndLeave({ gate, world }: Awaited<ReturnType<typeof scene>>, path: string): Promise<void> {
    const ended = () => gate.events.filter(({ type }) => type === 'request').length
    const before = { asked: world.upstream.count('provenance'), ended: ended() }
    const socket = await dial(gate.url, '127.0.0.9')
    socket.write(requestText(path, `Accept: ${SIMPLE_JSON}`))
    await until('it is being judged', () => world.upstream.count('provenance') > before.asked)
    socket.destroy()
    await until('he has left', () => ended() > before.ended)
  }

  for (const path of ['/simple/demo/', '/pypi/demo/json'])
    t.test(`${path} is the same after somebody hung up while it was made`, async t => {
      const { world, gate, ask, list } = await scene(t, passAndRefuse, HIDE)
      const alone = await scene(t, passAndRefuse, HIDE)
      world.upstream.fault({ route: 'provenance', do: { delayMs: 1_000 } })
      await askAndLeave({ world, gate, ask, list }, path)
      const names = async (one: typeof ask) => {
        const answer = (await one(path, { headers: { accept: SIMPLE_JSON } })).json()
        return (answer.files ?? answer.urls).map(({ filename }: { filename: string }) => filename)
      }
      t.strictSame(await names(ask), await names(alone.ask))
    })

  t.test('where everybody has left, nothing is kept and nobody is told of a limit', async t => {
    const its = await scene(t, passAndRefuse, HIDE)
    its.world.upstream.fault({ route: 'provenance', do: { delayMs: 500 } })
    await askAndLeave(its, '/simple/demo/')
    await its.gate.app.gate.settled()
    t.strictSame(
      its.gate.events.filter(({ type }) => type === 'limited' || type === 'unknown'),
      [],
    )
    t.equal((await its.list()).length, 2)
  })

  t.test('who comes late to what another began waits as long as he would have alone', async t => {
    const { world, ask, list } = await scene(t, passAndRefuse, HIDE)
    await world.release('demo', '0.9', { kinds: ['wheel'] })
    const { promise: said, resolve: say } = Promise.withResolvers<void>()
    world.upstream.fault({ route: 'provenance', match: /demo-1\.0-/, do: { once: said } })
    const first = ask('/simple/demo/', { headers: { accept: SIMPLE_JSON } })
    await sleep(6_000)
    const late = list()
    t.equal((await first).json().files.length, 1, 'whose patience was over')
    say()
    t.equal((await late).length, 3)
  })

  t.test('what was made when patience ran out is not what the next is given', async t => {
    const { world, list } = await scene(t, passAndRefuse, HIDE)
    await world.release('demo', '0.9', { kinds: ['wheel'] })
    const { promise: said, resolve: say } = Promise.withResolvers<void>()
    world.upstream.fault({ route: 'provenance', match: /demo-1\.0-/, do: { once: said } })
    t.equal((await list()).length, 1)
    const next = list()
    await sleep(1_000)
    say()
    t.equal((await next).length, 3, 'he waits as if he were the first')
  })

  t.test('where nobody could tell in time it is unknown, not empty', async t => {
    const { world, ask } = await scene(t, async world => await world.release('demo', '1.0', { kinds: ['wheel'] }), HIDE)
    world.upstream.fault({ route: 'provenance', do: { hang: true } })
    for (const path of ['/simple/demo/', '/pypi/demo/json']) {
      const answer = await ask(path)
      t.equal(answer.status, 504, path)
      t.match(answer.json(), { code: 'unknown-upstream-timeout' })
    }
  })

  t.test('it stays unknown for whoever asks right after', async t => {
    const { world, ask } = await scene(t, passAndRefuse, HIDE)
    world.upstream.fault({ route: 'provenance', do: { status: 500 } })
    for (const path of ['/simple/demo/', '/simple/demo/', '/pypi/demo/json', '/pypi/demo/json'])
      t.equal((await ask(path)).status, 503, path)
  })
})
