// guards: src/http/console/api/handlers/requests.ts
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openApiScene } from './api-scene.ts'

const DAY = 86_400_000

const POLICY =
  'version: 1\nprojects:\n  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n'

/** Somebody was refused an unattested file. */
async function refusedScene(t: Test) {
  let path = ''
  const scene = await openApiScene(t, {
    policy: POLICY,
    async prepare(world) {
      path = (await world.release('demo', '1.0', { attested: false })).wheel.path
    },
  })
  const [dev, other, approver, reader] = await Promise.all([
    scene.token('dev'),
    scene.token('other'),
    scene.token('approver', ['approve']),
    scene.token('reader', ['read']),
  ])
  const { refusal } = await scene.ask({ path }, dev)
  const ask = (token: string, reason = 'wanted for the build') =>
    scene.call('/requests', { token, method: 'POST', body: { refusal, reason } })
  const decide = (id: string, verb: string, token: string, body: object) =>
    scene.call(`/requests/${id}/${verb}`, { token, method: 'POST', body })
  const ends = new Date(Date.now() + 7 * DAY).toISOString()
  const fetchFile = scene.ask
  return { ...scene, fetchFile, path, refusal, dev, other, approver, reader, ask, decide, ends }
}

t.test('who was refused asks with the token of packages, somebody else approves, and the file passes', async t => {
  const scene = await refusedScene(t)
  const { path, call, ask, decide, dev, approver, reader, ends } = scene
  const get = scene.fetchFile
  const asked = await ask(dev)
  t.match(asked, { status: 201, body: { state: 'open', by: { subject: 'token:dev' }, code: 'unattested' } })
  const id = asked.body.id ?? ''
  t.equal((await ask(dev, 'once more')).body.id, id, 'the same refusal twice is one request')
  t.match(await decide(id, 'approve', reader, { ends }), { status: 403, body: { code: 'not-allowed-here' } })
  t.match(await decide(id, 'approve', dev, { ends }), { status: 403, body: { code: 'not-allowed-here' } })
  const approved = await decide(id, 'approve', approver, { ends, ticket: 'SEC-1', words: 'fine for a week' })
  t.match(approved, {
    status: 200,
    body: { state: 'approved', decision: { by: 'token:approver', ticket: 'SEC-1', words: 'fine for a week' } },
  })
  t.equal((await get({ path }, dev)).status, 200, 'in force at once')
  t.match(await call(`/requests/${id}`, { token: dev }), { status: 200, body: { state: 'approved' } })
  t.match((await call('/exemptions', { token: reader })).body.items, [{ project: 'demo', owner: 'token:approver' }])
  const { body, headers } = await call('/approvals/export', { token: reader })
  t.match(headers.get('content-type'), /^application\/yaml/)
  t.match(body.text, /^---\n(?:.*\n)*exemptions:/)
  t.match(await decide(id, 'withdraw', approver, { words: 'not any more' }), { status: 200 })
  t.equal((await get({ path }, dev)).status, 403, 'withdrawn, and at once')
  t.match(await decide(id, 'withdraw', approver, {}), { status: 409, body: { code: 'request-decided' } })
  const { body: log } = await call('/audit', { token: reader })
  t.match(
    log.items?.map(({ action }) => action).filter(action => /^(?:requested|approved|withdrawn)$/.test(String(action))),
    ['withdrawn', 'approved', 'requested'],
  )
})

t.test('nobody decides about what he asked for himself, whatever his scope', async t => {
  const { ask, decide, approver, ends } = await refusedScene(t)
  const { body } = await ask(approver)
  for (const verb of ['approve', 'decline'])
    t.match(await decide(body.id ?? '', verb, approver, verb === 'approve' ? { ends } : { words: 'no' }), {
      status: 403,
      body: { code: 'own-request' },
    })
})

t.test('a token of packages sees its own requests, and those of nobody else', async t => {
  const { ask, call, dev, other, reader } = await refusedScene(t)
  const { body } = await ask(dev)
  t.match((await call('/requests', { token: dev })).body.items, [{ id: body.id }])
  t.match((await call('/requests', { token: reader })).body.items, [{ id: body.id }])
  t.strictSame((await call('/requests', { token: other })).body.items, [])
  t.match(await call(`/requests/${body.id}`, { token: other }), { status: 404, body: { code: 'not-found' } })
  t.strictSame((await call('/requests?state=approved', { token: dev })).body.items, [])
})

t.test('what makes no sense as a decision is 4xx, and changes nothing', async t => {
  const { ask, call, decide, dev, approver, ends } = await refusedScene(t)
  const id = (await ask(dev)).body.id ?? ''
  t.match(await decide(id, 'approve', approver, { ends: '2001-01-01T00:00:00Z' }), { status: 422 })
  t.match(await decide(id, 'approve', approver, { ends, extent: 'everything' }), { status: 422 })
  t.match(await decide(id, 'decline', approver, {}), { status: 422 })
  t.match(await decide('0123456789ab', 'approve', approver, { ends }), { status: 404 })
  t.match(await call('/requests', { token: dev, method: 'POST', body: { refusal: '0123456789ab', reason: 'x' } }), {
    status: 404,
  })
  t.match(await call('/requests', { token: dev, method: 'POST', body: { refusal: '0123456789ab', reason: '' } }), {
    status: 422,
  })
  t.match(await call(`/requests/${id}`, { token: dev }), { body: { state: 'open' } })
})

t.test(
  'a policy that is sent is compared and replayed with what was approved beside it, as the gate would go by it',
  async t => {
    const { ask, call, decide, fetchFile, path, approver, dev, reader, ends } = await refusedScene(t)
    const id = String((await ask(dev)).body.id)
    t.match(await decide(id, 'approve', approver, { ends }), { status: 200 })
    t.equal((await fetchFile({ path }, dev)).status, 200)
    const send = async (path: string, text: string) =>
      (await call(path, { token: reader, method: 'POST', body: { files: [{ name: 'acme.yaml', text }] } })).body
    const compared = await send('/policy/diff', POLICY)
    t.strictSame([compared['changes'], compared['approvals']], [[], { taken: 1, left_out: [] }])
    t.equal(compared['digest'], compared['in_force'])
    t.match(await send('/policy/replay?since=2001-01-01T00:00:00Z', POLICY), {
      approvals: { taken: 1, left_out: [] },
      requests: 2,
      changed: [{ from: { outcome: 'refused' }, to: { outcome: 'admitted', code: 'exemption' } }],
    })
    const longer = await send('/policy/diff', `${POLICY}\nlimits: { exemption_max: 1h }\n`)
    t.match(longer, { approvals: { taken: 0, left_out: [{ request: id, why: /limits|exemption_max/ }] } })
  },
)

t.test('the audit log says of a reload what is in force by then, with what was approved', async t => {
  const { ask, call, decide, token, gate, world, approver, dev, ends } = await refusedScene(t)
  const id = String((await ask(dev)).body.id)
  t.match(await decide(id, 'approve', approver, { ends }), { status: 200 })
  world.writePolicy(`${POLICY}bogus: 1\n`)
  gate.app.reload()
  const admin = await token('admin', ['admin'])
  const row = async () =>
    (await call('/audit', { token: admin })).body.items?.find(one => one['action'] === 'policy-kept')
  for (let looks = 0; looks < 100 && (await row()) === undefined; looks += 1) await delay(50)
  const inForce = gate.app.gate.readiness()
  const [policy] = (await inForce).filter(({ name }) => name === 'policy')
  const told = (await row())?.['detail'] as Readonly<Record<string, string>>
  t.match(told, { in_force: /^[0-9a-f]{64}$/ })
  t.match(policy?.detail, told['in_force'], 'as /readyz does')
})
