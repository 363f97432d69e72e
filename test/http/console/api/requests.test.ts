// guards: src/http/console/api/handlers/requests.ts
import t, { type Test } from 'tap'
import { until } from '../../../world/until.ts'
import type { ReleaseRequest } from '../../../world/world.ts'
import { openApiScene, type SceneOptions } from './api-scene.ts'

const DAY = 86_400_000

const POLICY =
  'version: 1\nprojects:\n  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n'

/** Somebody was refused an unattested file. */
async function refusedScene(
  t: Test,
  changes: Pick<SceneOptions, 'configuration'> & Pick<ReleaseRequest, 'kinds'> = {},
) {
  const { kinds, ...options } = changes
  let path = ''
  const scene = await openApiScene(t, {
    ...options,
    policy: POLICY,
    async prepare(world) {
      path = (await world.release('demo', '1.0', { attested: false, ...(kinds && { kinds }) })).wheel.path
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
  t.match(await decide(id, 'approve', reader, { ends }), {
    status: 403,
    body: { code: 'not-allowed-here', detail: 'the token reader has the scope read; this takes approve or admin' },
  })
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
  await until('it is in the audit log', async () => (await row()) !== undefined)
  const inForce = gate.app.gate.readiness()
  const [policy] = (await inForce).filter(({ name }) => name === 'policy')
  const told = (await row())?.['detail'] as Readonly<Record<string, string>>
  t.match(told, { in_force: /^[0-9a-f]{64}$/ })
  t.match(policy?.detail, told['in_force'], 'as /readyz does')
})

t.test('nobody decides about what he asked for with a token of his own, nor has one of his decide', async t => {
  const { ask, decide, call, token, other, ends } = await refusedScene(t)
  const root = await token('root', ['admin'])
  const mint = async (name: string, by: string, scope: string) => {
    const made = await call('/tokens', { token: by, method: 'POST', body: { name, scopes: [scope] } })
    t.equal(made.status, 201)
    return made.body.token ?? ''
  }
  const [laptop, bot, second] = [
    await mint('laptop', root, 'request'),
    await mint('bot', root, 'approve'),
    await mint('second', root, 'admin'),
  ]
  const child = await mint('child', second, 'approve')
  const own = { status: 403, body: { code: 'own-request' } }
  const { body } = await ask(laptop)
  const id = body.id ?? ''
  for (const [whose, decider] of Object.entries({ root, bot, second, child }))
    for (const [verb, said] of [
      ['approve', { ends }],
      ['decline', { words: 'no' }],
    ] as const)
      t.match(await decide(id, verb, decider, said), own, `${whose} ${verb}`)
  t.match((await decide(id, 'approve', child, { ends })).body.detail, 'token:laptop asked for this')
  const stranger = await token('stranger', ['approve'])
  t.match(await decide(id, 'decline', stranger, { words: 'no' }), { status: 200 }, 'somebody else does')
  const again = (await ask(root)).body.id ?? ''
  for (const decider of [bot, child]) t.match(await decide(again, 'approve', decider, { ends }), own)
  t.match(await decide(again, 'approve', stranger, { ends }), { status: 200 })
  t.notMatch(JSON.stringify((await call(`/requests/${again}`, { token: stranger })).body), /of 20/, 'told to nobody')
  t.match(await call(`/requests/${again}`, { token: other }), { status: 404 })
})

t.test('a token that is called as one that was revoked sees nothing that this asked', async t => {
  const { ask, call, token, dev } = await refusedScene(t)
  const root = await token('root', ['admin'])
  const { body } = await ask(dev)
  t.equal((await call('/tokens/dev/revoke', { token: root, method: 'POST', body: {} })).status, 200)
  const next = await token('dev')
  t.strictSame((await call('/requests', { token: next })).body.items, [])
  t.match(await call(`/requests/${body.id}`, { token: next }), { status: 404, body: { code: 'not-found' } })
})

t.test('what was shown is what is approved: a file that came to the release since wants another look', async t => {
  const scene = await refusedScene(t, { kinds: ['wheel'], configuration: { index: { max_age: '0s' } } })
  const { ask, call, decide, world, fetchFile, path, dev, approver, ends } = scene
  const id = (await ask(dev)).body.id ?? ''
  const preview = async (extent: string, token = approver) =>
    await call(`/requests/${id}/preview?extent=${extent}&ends=${encodeURIComponent(ends)}`, { token })
  const before = await preview('release')
  t.match(before, { status: 200, body: { yaml: /exemptions:/, seen: /^[0-9a-f]{64}$/ } })
  t.equal(before.body['seen'], (await preview('release')).body['seen'], 'of what there is, not of when')
  const [file] = (await world.release('demo', '1.0', { attested: false, kinds: ['sdist'] })).files
  const order = { ends, extent: 'release', seen: before.body['seen'] }
  t.match(await decide(id, 'approve', approver, order), { status: 409, body: { detail: /look again/ } })
  t.equal((await fetchFile({ path }, dev)).status, 403)
  t.match(await decide(id, 'approve', approver, { ...order, seen: 'x' }), { status: 422 })
  const now = await preview('release')
  t.match(now.body['yaml'], file?.filename)
  t.match(await preview('release', dev), { status: 403 })
  t.match(await call(`/requests/${id}/preview?extent=file`, { token: approver }), { status: 400 })
  t.match(await decide(id, 'approve', approver, { ...order, seen: now.body['seen'] }), { status: 200 })
  t.equal(file && (await fetchFile(file, dev)).status, 200)
  t.match(await preview('file'), { status: 409, body: { code: 'request-decided' } })
})
