// guards: src/cli/policy/history-forget.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { instant } from '../../src/domain/base/instant.ts'
import { readJournal } from '../store/stores.ts'
import { type Ended, runCommand } from '../world/commands/commands.ts'
import { startGate, type WorldGate } from '../world/gate/gate.ts'
import { createWorld, type Published } from '../world/world.ts'

const [MINUTE, DAY] = [60_000, 86_400_000]

async function desk(t: Test) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const clock = { now: Date.now() }
  const configuration = world.configuration()
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(configuration))
  return {
    world,
    wheel,
    clock,
    gate: (policy?: string) =>
      startGate(t, world, {
        clock: () => instant(clock.now),
        configuration,
        ...(policy === undefined ? {} : { policy }),
      }),
    forget: (...argv: readonly string[]): Promise<Ended> =>
      runCommand(['history', 'forget', ...argv], { folder: world.folder, clock: () => instant(clock.now) }),
    journal: () => readJournal(join(String(configuration['data']), 'portcullis.sqlite')),
  }
}

/** What a client gets: a status, and the code of a problem. */
async function answerTo({ url }: WorldGate, { path }: Pick<Published, 'path'>): Promise<string> {
  const answer = await fetch(`${url}${path}`)
  const body = Buffer.from(await answer.arrayBuffer())
  return answer.status === 200 ? '200' : `${answer.status} ${JSON.parse(String(body)).code}`
}

const REASON = ['--reason', 'the mirror was wrong, INC-7']

t.test('a serial is let go of beside a gate that runs, which takes notice', async t => {
  const { world, wheel, clock, gate, forget, journal } = await desk(t)
  world.upstream.setSerial('demo', 90_000)
  const running = await gate()
  t.equal(await answerTo(running, wheel), '200')
  world.upstream.setSerial('demo', 1_000)
  clock.now += MINUTE + 1
  t.equal(await answerTo(running, wheel), '503 unknown-index-changed')
  // what a gate learns is on the disk within a second, where commands find it
  let forgotten = await forget('demo', '--what', 'serial', ...REASON)
  for (let tries = 0; tries < 100 && forgotten.exit === 1; tries += 1) {
    await delay(100)
    forgotten = await forget('demo', '--what', 'serial', ...REASON)
  }
  t.match(forgotten, { exit: 0, out: /let go of the serial of demo/ })
  t.equal(await answerTo(running, wheel), '200')
  t.match(
    running.events.filter(({ type }) => type === 'forgotten'),
    [{ what: 'serial', project: 'demo', reason: REASON[1] }],
  )
  t.match(await (await fetch(`${running.url}/metrics`)).text(), /portcullis_forgotten_total\{what="serial"\} 1/)
  await running.stop()
  t.match(
    journal().filter(({ outcome }) => outcome === 'forgotten'),
    [{ project: 'demo', code: 'serial', rule: REASON[1], client: 'history forget' }],
  )
  const again = await gate()
  t.equal(await answerTo(again, wheel), '200', 'and it holds over a restart')
})

t.test('the sha256 of a file that was served is let go of without a gate, for that version alone', async t => {
  const { world, wheel, gate, forget } = await desk(t)
  const old = (await world.release('demo', '0.9', { kinds: ['wheel'] })).wheel
  const before = await gate()
  for (const file of [wheel, old]) t.equal(await answerTo(before, file), '200')
  await before.stop()
  const fresh = (await world.release('demo', '1.0', { kinds: ['wheel'], files: { 'more.py': '' } })).wheel
  world.upstream.remove('demo', wheel.filename)
  world.upstream.add('demo', { ...fresh })
  const changed = await gate()
  t.equal(await answerTo(changed, fresh), '503 unknown-index-changed')
  await changed.stop()
  t.match(await forget('demo==1.0', '--what', 'digest', ...REASON), { exit: 0 })
  const after = await gate()
  t.equal(await answerTo(after, fresh), '200')
  t.equal(await answerTo(after, old), '200')
})

t.test('that a file was missing for long is let go of beside a gate that runs', async t => {
  const { world, wheel, clock, gate, forget } = await desk(t)
  const running = await gate()
  const { filename, bytes, metadata, provenance } = wheel
  world.upstream.remove('demo', filename)
  for (let looks = 0; looks < 2; looks += 1) {
    t.equal(await answerTo(running, wheel), '404 not-listed')
    clock.now += 11 * MINUTE
  }
  world.upstream.add('demo', { filename, bytes, metadata, provenance })
  clock.now += DAY
  t.equal(await answerTo(running, wheel), '403 added-late')
  await fetch(`${running.url}/readyz`) // what was learned is on the disk
  t.match(await forget('demo', '--what', 'arrival', '--file', filename, ...REASON), { exit: 0, out: /the arrival of/ })
  t.equal(await answerTo(running, wheel), '200')
  await fetch(`${running.url}/readyz`)
  t.match(
    await forget('demo', '--what', 'arrival', '--file', filename, ...REASON),
    { exit: 1 },
    'nothing is left of it',
  )
})

t.test('that provenance was offered is let go of beside a gate that runs', async t => {
  const { world, clock, gate, forget } = await desk(t)
  const { sdist } = await world.release('other', '1.0', { kinds: ['sdist'], attested: false })
  const provenance = `${world.upstream.integrityOrigin}/x`
  world.upstream.replace('other', sdist.filename, { entry: { provenance } })
  const running = await gate('version: 1\ndefaults: { attestation: when-seen, unmatched: apply-defaults }\n')
  for (let looks = 0; looks < 3; looks += 1) {
    await fetch(`${running.url}/simple/other/`)
    clock.now += 11 * MINUTE
  }
  world.upstream.replace('other', sdist.filename, { entry: {} })
  t.equal(await answerTo(running, sdist), '403 provenance-partial')
  await fetch(`${running.url}/readyz`)
  t.match(await forget('other', '--what', 'offer', ...REASON), { exit: 0, out: /let go of the offer of other/ })
  t.equal(await answerTo(running, sdist), '200')
  await fetch(`${running.url}/readyz`)
  t.match(await forget('other', '--what', 'offer', ...REASON), { exit: 1 }, 'nothing is left of it')
})

t.test('a file that was METADATA all along is let go of beside a gate that runs, and counts at once', async t => {
  const { world, wheel, clock, gate, forget } = await desk(t)
  const { wheel: other } = await world.release('other', '1.0')
  world.upstream.add('other', { filename: 'other-9.9-py3-none-any.whl', bytes: wheel.metadata })
  const running = await gate()
  for (const _ of ['read', 'read again later']) {
    t.equal(await answerTo(running, other), '200')
    clock.now += 11 * MINUTE
  }
  const metadata = { path: `${wheel.path}.metadata` }
  t.equal(await answerTo(running, metadata), '503 unknown-index-changed', 'other lists it now')
  world.upstream.remove('other', 'other-9.9-py3-none-any.whl')
  clock.now += 11 * MINUTE
  t.equal(await answerTo(running, metadata), '503 unknown-index-changed', 'it did for long')
  await fetch(`${running.url}/readyz`) // what was learned is on the disk
  const forgotten = ['other', '--what', 'path', '--file', 'other-9.9-py3-none-any.whl', ...REASON]
  t.match(await forget(...forgotten), { exit: 0 })
  const answer = await fetch(`${running.url}${metadata.path}`)
  t.same(Buffer.from(await answer.arrayBuffer()), wheel.metadata)
})

t.test('a clock that ran ahead is let go of', async t => {
  const { wheel, clock, gate, forget } = await desk(t)
  const running = await gate()
  t.equal(await answerTo(running, wheel), '200')
  clock.now += DAY - MINUTE
  t.equal(await answerTo(running, wheel), '200')
  clock.now -= DAY - MINUTE
  t.equal(await answerTo(running, wheel), '503 unknown-clock')
  await running.stop()
  t.match(await forget('--what', 'clock', ...REASON), { exit: 0 })
  t.equal(await answerTo(await gate(), wheel), '200')
})

t.test('what is not there to be let go of ends with 1, what makes no sense with 2', async t => {
  const { wheel, gate, forget, journal } = await desk(t)
  t.equal((await forget('demo', '--what', 'serial', ...REASON)).exit, 2, 'no database yet')
  const running = await gate()
  t.equal(await answerTo(running, wheel), '200')
  await running.stop()
  for (const nothing of [
    ['other', '--what', 'serial'],
    ['demo', '--what', 'serial', '--source', 'held'],
    ['demo', '--what', 'digest', '--file', 'demo-9.9.tar.gz'],
    ['demo==9.9', '--what', 'digest'],
    ['demo', '--what', 'path', '--file', wheel.filename],
    ['--what', 'clock'],
  ])
    t.match(await forget(...nothing, ...REASON), { exit: 1 }, nothing.join(' '))
  for (const wrong of [
    ['demo', '--what', 'serial'],
    ['demo', '--what', 'serial', '--reason', ' '],
    ['demo', ...REASON],
    ['demo', '--what', 'everything', ...REASON],
    ['demo', '--what', 'path', ...REASON],
    ['demo', '--what', 'clock', ...REASON],
    ['demo', '--what', 'serial', '--file', wheel.filename, ...REASON],
    ['--what', 'digest', ...REASON],
    ['not a name', '--what', 'digest', ...REASON],
    ['demo==one', '--what', 'digest', ...REASON],
  ])
    t.equal((await forget(...wrong)).exit, 2, wrong.join(' '))
  t.strictSame(
    journal().filter(({ outcome }) => outcome === 'forgotten'),
    [],
  )
})

t.test('what commands remembered alone is not told as let go of by the gate', async t => {
  const { world, wheel, gate, forget, journal } = await desk(t)
  world.writePolicy()
  const explained = () => runCommand(['explain', wheel.filename], { folder: world.folder })
  t.match(await explained(), { exit: 0 })
  const only = await forget('demo', '--what', 'identity', ...REASON)
  t.match(only, { exit: 0, out: /^let go of the identity of demo that commands here .* remembered\n$/ })
  const running = await gate()
  await fetch(`${running.url}/readyz`)
  t.match(await explained(), { exit: 0 })
  const ended = await forget('demo', '--what', 'identity', ...REASON)
  t.match(ended, {
    exit: 1,
    out: /commands here .* remembered\nthe gate remembers no identity of demo to let go of\n$/,
  })
  t.notMatch(ended.out, /✓/)
  t.notOk(journal().some(({ outcome }) => outcome === 'forgotten'))
})
