// guards: src/http/server.ts
import t, { type Test } from 'tap'
import { instant } from '../../src/domain/base/instant.ts'
import { type GateChanges, startGate, type WorldGate } from '../world/gate/gate.ts'
import { createWorld, type World } from '../world/world.ts'
import { type Answered, type Ask, createAsk, PIP_ACCEPT, SIMPLE_JSON } from './client.ts'

const WHEEL = 'demo-1.0-py3-none-any.whl'
const DAY = 86_400_000

/** A wheel that was sent twice, so that everything about it is at hand. */
async function warm(
  t: Test,
  changes: GateChanges = {},
): Promise<{ readonly world: World; readonly gate: WorldGate; readonly ask: Ask; readonly path: string }> {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await startGate(t, world, changes)
  const ask = createAsk(t, world, gate.url)
  for (let round = 0; round < 2; round += 1) {
    t.equal((await ask(wheel.path)).status, 200)
    t.equal((await ask('/simple/demo/', { headers: { accept: SIMPLE_JSON } })).status, 200)
  }
  return { world, gate, ask, path: wheel.path }
}

/** All that a client sees, but the time. */
function seen({ status, reason, headers, raw }: Answered): unknown {
  return { status, reason, headers: { ...headers, date: '' }, body: raw.toString('latin1') }
}

t.test('a path in its plainest spelling is answered as the same path spelled in any other way', async t => {
  const { ask, path, gate } = await warm(t)
  const cases = [
    ['/simple/demo/', '/simple/%64emo/'],
    ['/simple/demo/', '/simple/demo/?'],
    ['/simple/absent/', '/simple/%61bsent/'],
    [path, path.replace('/demo-', '/%64emo-')],
    [path, `${path}?x=1`],
    [`${path}.metadata`, `${path}.%6detadata`],
    [path.replace(WHEEL, 'other-1.0-py3-none-any.whl'), path.replace(WHEEL, '%6fther-1.0-py3-none-any.whl')],
  ] as const
  for (const [plain, other] of cases)
    for (const method of ['GET', 'HEAD', 'POST'])
      for (const headers of [
        { accept: PIP_ACCEPT },
        { accept: 'image/png' },
        { 'if-none-match': '*' },
        { range: 'bytes=1-3' },
      ]) {
        const [one, two] = [await ask(plain, { method, headers }), await ask(other, { method, headers })]
        t.strictSame(seen(one), seen(two), `${method} ${other} ${JSON.stringify(headers)}`)
      }
  const told = gate.events.flatMap(event => (event.type === 'request' ? [`${event.route} ${event.status}`] : []))
  t.ok(told.includes('page 200') && told.includes('file 206') && told.includes('metadata 200'))
})

t.test('each answer with a file from what is at hand is in the journal and in the access log once', async t => {
  const { ask, path, gate } = await warm(t)
  const before = gate.events.length
  for (const [asked, status] of [
    [{}, 200],
    [{ method: 'HEAD' }, 200],
    [{ headers: { 'if-none-match': '*' } }, 304],
    [{ headers: { range: 'bytes=0-0' } }, 206],
  ] as const) {
    t.equal((await ask(path, asked)).status, status)
  }
  // the line of the last request follows the end of its answer
  await ask('/healthz')
  const since = gate.events.slice(before)
  t.equal(since.filter(({ type }) => type === 'verdict').length, 4)
  t.equal(since.filter(event => event.type === 'request' && event.route === 'file').length, 4)
})

t.test('what is at hand is judged by the policy in force, page and file', async t => {
  const { ask, path, world, gate } = await warm(t, { configuration: { index: { mode: 'hide' } } })
  const etag = (await ask(path)).headers['etag'] ?? ''
  world.writePolicy('version: 1\nprojects: [{ match: demo, deny: not any more }]\n')
  t.equal(gate.app.reload(), 'loaded')
  for (const asked of [
    {},
    { method: 'HEAD' },
    { headers: { 'if-none-match': etag } },
    { headers: { range: 'bytes=0-0' } },
  ])
    t.equal((await ask(path, asked)).status, 403)
  t.strictSame((await ask('/simple/demo/', { headers: { accept: SIMPLE_JSON } })).json().files, [])
  world.writePolicy()
  t.equal(gate.app.reload(), 'loaded')
  t.equal((await ask(path)).status, 200)
})

t.test(
  'what is at hand is nothing to a clock that was set back, and ends with the exemption that admits it',
  async t => {
    let now = Date.now()
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0', { attested: false })
    const policy = `version: 1
projects: [{ match: demo, attestation: required, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }]
exemptions:
  - id: EX-1
    project: demo
    waive: [attestation]
    reason: until it is signed
    owner: platform@acme.example
    expires: ${new Date(now + DAY).toISOString()}
    files: { ${WHEEL}: "sha256:${wheel.sha256}" }
`
    const gate = await startGate(t, world, { policy, clock: () => instant(now) })
    const ask = createAsk(t, world, gate.url)
    for (let round = 0; round < 3; round += 1) t.equal((await ask(wheel.path)).status, 200)
    now -= 10 * 60_000
    t.equal((await ask(wheel.path)).status, 503)
    now += 10 * 60_000
    t.equal((await ask(wheel.path)).status, 200)
    now += DAY
    const refused = await ask(wheel.path)
    t.equal(refused.status, 403)
    t.match(refused.json(), { code: 'exemption-expired' })
  },
)
