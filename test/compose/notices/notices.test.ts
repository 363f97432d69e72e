// guards: src/compose/notices/hooks.ts src/compose/notices/open-notices.ts
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { testHooks } from '../../../src/compose/notices/notices-of-command.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { instant, systemClock } from '../../../src/domain/base/instant.ts'
import { withNotices } from '../../../src/store/notices.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { serve } from '../../world/network/loopback.ts'
import { connectProxy } from '../../world/network/proxy.ts'
import { contradictions, type Receiver, SECRET, startReceiver } from '../../world/network/receiver.ts'
import { createTlsAuthority } from '../../world/network/tls-certificates.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

t.setTimeout(900_000)
const ROOT = join(import.meta.dirname, '../../..')
const DAY = 86_400_000

/** The receiver in a configuration. */
function hookTo(world: World, { url }: Receiver, more: object = {}): object {
  const file = join(world.folder, 'webhook.secret')
  writeFileSync(file, `${SECRET}\n`)
  return { url, secret_file: file, ...more }
}

async function statusOf(url: string, { path }: Pick<Published, 'path'>): Promise<number> {
  const answer = await fetch(`${url}${path}`)
  await answer.arrayBuffer()
  return answer.status
}

async function unattested(world: World, project: string): Promise<Published> {
  const { wheel } = await world.release(project, '1.0', { kinds: ['wheel'], attested: false })
  return wheel
}

t.test('a refusal is told with where it is explained, and once though it comes again', async t => {
  const world = await createWorld(t)
  const [demo, other] = [await unattested(world, 'demo'), await unattested(world, 'other')]
  const receiver = await startReceiver(t)
  const gate = await startGate(t, world, {
    configuration: { notify: [hookTo(world, receiver)], public_url: 'https://pypi.acme.example' },
  })
  for (const file of [demo, demo, other]) t.equal(await statusOf(gate.url, file), 403)
  await receiver.until(2)
  t.match(
    receiver.received.map(({ json, isSigned }) => ({ ...json, isSigned })),
    [
      {
        type: 'portcullis.refused',
        source: 'https://pypi.acme.example',
        subject: 'demo',
        isSigned: true,
        data: { url: /^https:\/\/pypi\.acme\.example\/x\/[a-z0-9]+/, filename: demo.filename },
      },
      { subject: 'other' },
    ],
  )
  const told = () => gate.events.filter(event => event.type === 'notice').length
  await until('both are told', () => told() === 2)
  const metrics = await (await fetch(`${gate.url}/metrics`)).text()
  const host = new URL(receiver.url).host
  t.match(metrics, `portcullis_notices_total{host="${host}",outcome="sent"} 2`)
  t.match(metrics, `portcullis_notices{host="${host}",state="dead"} 0`)
  t.match(metrics, `portcullis_notices_oldest_seconds{host="${host}"} 0`)
  t.notMatch(metrics, '/hook')
  t.match(await (await fetch(`${gate.url}/readyz`)).json(), { ready: true, checks: { webhooks: { ok: true } } })
  await gate.stop()
  const next = await startGate(t, world, { configuration: { notify: [hookTo(world, receiver)] } })
  t.equal(await statusOf(next.url, demo), 403)
  await next.stop()
  t.equal(receiver.received.length, 2, 'and by the next start neither')
})

t.test('a changed policy that does not compile is told, and an exemption that ends soon', async t => {
  const world = await createWorld(t)
  const demo = await unattested(world, 'demo')
  const receiver = await startReceiver(t)
  const now = Date.now()
  const expires = new Date(now + 10 * DAY).toISOString()
  const policy = `version: 1
projects: [{ match: demo, identity: first-seen }]
exemptions:
  - { id: EX-1, project: demo, waive: [attestation], reason: r, owner: ada@acme.example, expires: "${expires}", files: { ${demo.filename}: "sha256:${demo.sha256}" } }
`
  const gate = await startGate(t, world, { configuration: { notify: [hookTo(world, receiver)] }, policy })
  await receiver.until(1)
  t.match(receiver.received[0]?.json, { type: 'portcullis.expiring', data: { exemption: 'EX-1', days: 14 } })
  world.writePolicy('version: 1\nprojects: [{ match: demo, identity: first-seen, mach: 1 }]\n')
  t.equal(gate.app.reload(), 'kept')
  t.equal(gate.app.reload(), 'kept')
  await receiver.until(2)
  t.match(receiver.received[1]?.json, { type: 'portcullis.reload-failed', data: { text: /unknown key "mach"/ } })
  await gate.stop()
  t.equal(receiver.received.length, 2)
})

t.test('a revocation that comes into force is told once, with how many have got it', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const receiver = await startReceiver(t)
  const configuration = { notify: [hookTo(world, receiver, { events: ['revoked'] })] }
  const gate = await startGate(t, world, { configuration })
  t.equal(await statusOf(gate.url, wheel), 200)
  world.writePolicy(`version: 1
projects: [{ match: demo, identity: first-seen }]
revocations: [{ project: demo, versions: "==1.0", reason: stolen token }]
`)
  t.equal(gate.app.reload(), 'loaded')
  await receiver.until(1)
  t.match(receiver.received[0]?.json, {
    type: 'portcullis.revoked',
    data: { title: 'demo ==1.0 is revoked', files: 1, holders: 1, downloads: 1, text: /1 client got it, once/ },
  })
  await gate.stop()
  const next = await startGate(t, world, { configuration })
  await next.stop()
  t.equal(receiver.received.length, 1, 'and by the next start not again')
})

t.test('without anybody who is told there is nothing of it; a secret that is none stops the start', async t => {
  const world = await createWorld(t)
  await unattested(world, 'demo')
  const gate = await startGate(t, world)
  t.notMatch(await (await fetch(`${gate.url}/readyz`)).text(), 'webhooks')
  t.notMatch(await (await fetch(`${gate.url}/metrics`)).text(), 'portcullis_notices{')
  await gate.stop()
  const file = join(world.folder, 'bad.secret')
  const start = () =>
    startGate(t, world, { configuration: { notify: [{ url: 'https://h.example/', secret_file: file }] } })
  await t.rejects(start(), {
    code: 'config-invalid',
    detail: /notify\.0\.secret_file: .*bad\.secret does not exist/,
  })
  writeFileSync(file, 'hunter2-hunter2')
  await t.rejects(start(), { code: 'config-invalid', detail: /bad\.secret the secret is not whsec_ and base64$/ })
})

t.test('a receiver that is away costs no request anything', async t => {
  const world = await createWorld(t)
  const demo = await unattested(world, 'demo')
  const receiver = await startReceiver(t)
  receiver.manner = 'hang'
  const clock = { now: Date.now() }
  const gate = await startGate(t, world, {
    configuration: { notify: [hookTo(world, receiver)] },
    clock: () => instant(clock.now),
  })
  t.equal(await statusOf(gate.url, demo), 403)
  await receiver.until(1)
  for (let times = 0; times < 20; times += 1) t.equal(await statusOf(gate.url, demo), 403)
  t.equal(receiver.received.length, 1, 'it still hangs')
  receiver.manner = 204
  await gate.stop()
  const next = await startGate(t, world, { configuration: { notify: [hookTo(world, receiver)] } })
  await receiver.until(2)
  await next.stop()
  t.strictSame(new Set(receiver.ids()).size, 1, 'what a stop broke off goes on under its id')
  t.strictSame(contradictions(receiver.received), [])
})

/** A gate as a process of its own. */
async function startProcess(
  t: Test,
  world: World,
  configuration: object,
): Promise<{ child: ChildProcess; url: string }> {
  const file = join(world.folder, 'portcullis.yaml')
  writeFileSync(file, JSON.stringify({ ...world.configuration(), ...configuration }))
  world.writePolicy()
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), '--config', file, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const line = said.split('\n').find(each => each.includes('"listening"'))
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line ?? '') ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`it did not start: ${said}`)))
  })
  return { child, url }
}

t.test(
  'a gate that is killed in the middle of it loses nothing that it had written down, and says nothing else',
  async t => {
    const world = await createWorld(t)
    const names = Array.from({ length: 24 }, (_, place) => `demo-${place}`)
    const files = await Promise.all(names.map(name => unattested(world, name)))
    const receiver = await startReceiver(t)
    const [answered, met] = [new Set<string>(), new Set<string>()]
    let count = 0
    // some answers are lost on their way, so that the gate cannot know that it was heard
    receiver.manner = (request, response) => {
      const id = String(request.headers['webhook-id'])
      count += 1
      // each story once at most: a third try would wait for minutes
      const isFirst = !met.has(id)
      met.add(id)
      if ([5, 12, 19].includes(count) && isFirst) return void request.socket.resetAndDestroy()
      setTimeout(() => {
        response.writeHead(204).end()
        answered.add(id)
      }, 10)
    }
    const configuration = { notify: [hookTo(world, receiver)] }
    for (let kill = 0; kill < 4; kill += 1) {
      const { child, url } = await startProcess(t, world, configuration)
      const own = files.slice(kill * 6, kill * 6 + 6)
      await Promise.all(own.map(file => statusOf(url, file)))
      await sleep(kill * 60)
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
    const { child, url } = await startProcess(t, world, configuration)
    // what had not been written down is told when it comes to pass again
    for (const file of files) t.equal(await statusOf(url, file), 403)
    const folder = String(world.configuration()['data'])
    const isDone = async () => (await withNotices(folder, systemClock, keeper => keeper.list())).length === 0
    // what a kill met twice is tried again after minutes
    for (let looks = 0; looks < 600 && !(await isDone()); looks += 1) await sleep(500)
    t.ok(await isDone(), 'nothing waits')
    const heard = receiver.received.filter(({ id }) => answered.has(id)).map(({ json }) => String(json['subject']))
    t.strictSame([...new Set(heard)].sort(), names.toSorted(), 'all of it was answered')
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    t.strictSame(contradictions(receiver.received), [])
    const ids = Map.groupBy(receiver.received, ({ json }) => String(json['subject']))
    t.strictSame(
      [...ids].filter(([, its]) => new Set(its.map(({ id }) => id)).size !== 1).map(([name]) => name),
      [],
      'each has one id',
    )
    t.comment(`${receiver.received.length} attempts for ${names.length} stories over four kills`)
  },
)

t.test('three gates over one database tell a story once', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const world = await createWorld(t)
  const files = await Promise.all(Array.from({ length: 12 }, (_, place) => unattested(world, `demo-${place}`)))
  const receiver = await startReceiver(t)
  const environment = { PORTCULLIS_STORE_DATABASE: await cluster.database() }
  const notify = [hookTo(world, receiver)]
  const gates = await Promise.all(
    ['one', 'two', 'three'].map(name =>
      startGate(t, world, { environment, configuration: { notify, data: join(world.folder, name) } }),
    ),
  )
  await Promise.all(files.flatMap(file => gates.map(({ url }) => statusOf(url, file))))
  await receiver.until(files.length)
  const sent = () =>
    gates.flatMap(({ events }) => events.filter(event => event.type === 'notice' && event.action === 'sent'))
  await until('all are sent', () => sent().length === files.length)
  await sleep(1_000)
  t.equal(receiver.received.length, files.length)
  t.equal(new Set(receiver.ids()).size, files.length)
  await Promise.all(gates.map(gate => gate.stop()))
})

t.test(
  'webhooks are tried by the way that notices take: through the proxy, under the authority that is named for them',
  async t => {
    const authority = await createTlsAuthority('Acme')
    const echo = (request: IncomingMessage, response: ServerResponse): void => void response.end(`${request.url}\nmore`)
    const server = await serve(t, echo, await authority.issue(['127.0.0.1']))
    const proxy = await connectProxy(t)
    const folder = t.testdir({ 'webhook.secret': SECRET, 'ca.pem': authority.ca })
    const url = `${server.origin}/services/a-path-that-is-a-secret`
    writeFileSync(
      join(folder, 'portcullis.yaml'),
      JSON.stringify({ notify: [{ url, secret_file: 'webhook.secret', ca: 'ca.pem' }] }),
    )
    const { config } = loadConfig({ flags: {}, file: join(folder, 'portcullis.yaml'), environment: {}, folder })
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
    const [tested] = await testHooks(config, undefined, { clock: systemClock, environment, version: '0' })
    t.match(tested, { status: 200, wrong: undefined, line: /^\/services\// })
    t.notMatch(JSON.stringify(tested), 'a-path-that-is-a-secret')
    t.strictSame(proxy.targets, [`127.0.0.1:${server.port}`])
  },
)
