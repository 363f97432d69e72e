// guards: src/cli/notify/list.ts src/cli/notify/retry.ts src/cli/notify/test.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { openStore } from '../../../src/store/open.ts'
import { story } from '../../store/conformance/notices-conformance.ts'
import { type Desk, desk, jsonLines } from '../../world/commands/desk.ts'
import { SECRET, startReceiver } from '../../world/network/receiver.ts'

const NOW = instant(Date.UTC(2027, 0, 1))

/** What a gate left behind in the data folder: one that waits, and one that was given up. */
async function leaveBehind({ world }: Desk): Promise<readonly string[]> {
  const { store, blobs, notices } = await openStore({
    folder: String(world.configuration()['data']),
    cacheBytes: 1_000_000,
    journal: { keep: millis(86_400_000), maxSize: 1_000_000 },
    events: { emit() {} },
    clock: () => NOW,
  })
  const queue = await notices()
  const stories = [story('waits'), story('given-up', {}, { hook: 'hook-b', host: 'b.example' })]
  await queue.take(stories, NOW)
  const [dead] = await queue.lease('hook-b', NOW, 1)
  if (dead !== undefined) await queue.settle(dead, { kind: 'dead', at: NOW, why: 'it answered 500' })
  await store.close()
  await blobs.close()
  return stories.flatMap(({ deliveries }) => deliveries.map(({ id }) => id))
}

function configure(world: Desk['world'], notify: readonly object[]): void {
  writeFileSync(join(world.folder, 'portcullis.yaml'), JSON.stringify({ ...world.configuration(), notify }))
}

t.test('what was not told is listed with what became of it', async t => {
  const sitting = await desk(t)
  t.match(await sitting.run('notify', 'list'), { exit: 2, err: /there is no database of a gate/ })
  const [waits, dead] = await leaveBehind(sitting)
  const { exit, out, err } = await sitting.run('notify', 'list')
  t.equal(exit, 0, err)
  t.match(out, /waits +next 2027-01-01T00:00Z +0/)
  t.match(out, /given-up +dead since 2027-01-01T00:00Z +1 +it answered 500/)
  t.match(jsonLines((await sitting.run('notify', 'list', '--format', 'json')).out), [
    { id: waits, state: 'waiting', attempts: 0, next: '2027-01-01T00:00:00.000Z', died: null, why: null },
    {
      id: dead,
      host: 'b.example',
      state: 'dead',
      next: null,
      died: '2027-01-01T00:00:00.000Z',
      why: 'it answered 500',
    },
  ])
  t.equal(jsonLines((await sitting.run('notify', 'list', '--dead', '--format', 'json')).out).length, 1)
})

t.test('what was given up waits again under its id', async t => {
  const sitting = await desk(t)
  t.match(await sitting.run('notify', 'retry', '--all'), { exit: 2, err: /there is no database of a gate/ })
  await sitting.run('token', 'create', '--name', 'ci')
  t.match(await sitting.run('notify', 'retry', '--all'), { exit: 1, out: /no notice was given up/ })
  const [waits = '', dead = ''] = await leaveBehind(sitting)
  t.match(await sitting.run('notify', 'retry'), { exit: 2, err: /name ids of dead notices, or --all/ })
  t.match(await sitting.run('notify', 'retry', dead, '--all'), { exit: 2 })
  t.match(await sitting.run('notify', 'retry', waits), { exit: 2, err: /no dead notice has the id/ })
  t.match(await sitting.run('notify', 'retry', dead), { exit: 0, out: /1 notice waits/ })
  t.match(jsonLines((await sitting.run('notify', 'list', '--format', 'json')).out), [
    { id: waits },
    { id: dead, state: 'waiting', attempts: 0, why: null },
  ])
})

/** A desk with a webhook to each receiver. */
async function deskWith(t: Test, count: number) {
  const sitting = await desk(t)
  const receivers = await Promise.all(Array.from({ length: count }, () => startReceiver(t)))
  const secret_file = sitting.write('webhook.secret', SECRET)
  configure(
    sitting.world,
    receivers.map(({ url }) => ({ url, secret_file })),
  )
  return { ...sitting, receivers }
}

t.test('a test is one signed message that says that nothing happened', async t => {
  const { run, receivers } = await deskWith(t, 2)
  const [one, other] = receivers
  if (one === undefined || other === undefined) throw new TypeError('two receivers')
  const { exit, out } = await run('notify', 'test')
  t.equal(exit, 0, out)
  for (const { received } of receivers)
    t.match(received, [
      { isSigned: true, json: { type: 'portcullis.test', data: { title: 'A test of this webhook' } } },
    ])
  one.manner = 500
  const failed = await run('notify', 'test', '--format', 'json')
  t.equal(failed.exit, 4)
  t.match(jsonLines(failed.out), [
    { ok: false, status: 500, why: 'it answered 500' },
    { ok: true, status: 204, why: null },
  ])
  t.match(await run('notify', 'test', '--url', other.url), { exit: 0 })
  t.equal(other.received.length, 3)
  t.equal(one.received.length, 2)
  await one.away()
  t.match(await run('notify', 'test', '--url', one.url), {
    exit: 4,
    out: /✗ 127\.0\.0\.1:\d+: the connection to .* failed/,
  })
})

t.test('a test shows what was sent, without the secret or a whole signature, and how the answer begins', async t => {
  const { run, receivers } = await deskWith(t, 1)
  const [receiver] = receivers
  if (receiver === undefined) throw new TypeError('a receiver')
  receiver.manner = (_request, response) => void response.writeHead(403).end('no \u001b[31msuch hook\nmore')
  const { exit, out } = await run('notify', 'test')
  t.equal(exit, 4)
  const [got] = receiver.received
  t.match(out, `  > webhook-id: ${got?.id}\n`)
  t.match(out, `  > content-type: ${got?.headers['content-type']}\n`)
  t.match(out, `  > ${got?.body}\n`)
  t.match(out, /^ {2}< 403\n {2}< no \\u\{1b\}\[31msuch hook\n$/m)
  const signature = got?.headers['webhook-signature'] ?? ''
  t.match(out, `  > webhook-signature: ${signature.slice(0, 11)}…\n`)
  t.notMatch(out, signature)
  t.notMatch(out, receiver.secret)
  receiver.manner = 204
  t.match(jsonLines((await run('notify', 'test', '--format', 'json')).out), [
    { ok: true, status: 204, line: '', sent: { headers: { 'webhook-id': /^msg_/ }, body: /portcullis\.test/ } },
  ])
  await receiver.away()
  t.match(jsonLines((await run('notify', 'test', '--format', 'json')).out), [
    { ok: false, status: null, line: null, sent: { body: /portcullis\.test/ } },
  ])
})

t.test('where there is nobody to tell that is said', async t => {
  const { run } = await deskWith(t, 1)
  t.match(await run('notify', 'test', '--url', 'https://elsewhere.example/'), {
    exit: 2,
    err: /no webhook with this URL/,
  })
  const empty = await desk(t)
  t.match(await empty.run('notify', 'test'), { exit: 2, err: /notify names no webhook/ })
  configure(empty.world, [{ url: 'https://hooks.example/', secret_file: empty.write('bad.secret', 'nonsense') }])
  t.match(await empty.run('notify', 'test'), { exit: 2, err: /the secret is not whsec_/ })
})
