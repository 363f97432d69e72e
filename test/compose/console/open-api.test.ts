import t from 'tap'
import { openRemoteGate } from '../../../src/compose/console/remote.ts'
import { offerSignInLink } from '../../../src/compose/console/sign-in-link.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { openApiScene } from '../../http/console/api/api-scene.ts'

t.test('what is let go of by the API is let go of by the gate that answers, and stands in the audit log', async t => {
  const { call, token, ask, world } = await openApiScene(t)
  const admin = await token('root', ['admin'])
  const page = await world.release('demo', '2.0')
  t.equal((await ask(page.wheel)).status, 200)
  const forget = (body: object) => call('/forget', { token: admin, method: 'POST', body })
  const wanted = { what: 'identity', project: 'Demo', reason: 'moved, INC-7' }
  while (!(await forget(wanted)).body['forgotten']) await new Promise(resolve => setTimeout(resolve, 100))
  t.match((await call('/audit?action=forgotten', { token: admin })).body.items, [
    { actor: 'token:root', from: '127.0.0.1', why: 'moved, INC-7' },
  ])
  t.match(await forget({ ...wanted, project: 'nothing-like-it' }), { status: 200, body: { forgotten: false } })
  for (const body of [
    { what: 'clock', project: 'demo', reason: 'r' },
    { what: 'digest', reason: 'r' },
    { what: 'path', project: 'demo', reason: 'r' },
    { what: 'serial', project: 'demo', filename: 'x', reason: 'r' },
    { what: 'identity', project: 'demo' },
  ])
    t.match(await forget(body), { status: 422, body: { code: 'invalid-body' } }, JSON.stringify(body))
})

t.test('authorities that cannot be read are told before anything is asked', async t => {
  const named = { origin: 'https://console.acme.example', token: undefined, ca: '/nowhere/ca.pem' }
  t.throws(() => openRemoteGate(named, { environment: {}, version: '1' }), { code: 'config-invalid', message: /--ca/ })
})

t.test(
  'somebody who is signed in may what his role may, and changes nothing without the word of his session',
  async t => {
    const { call, gate, url } = await openApiScene(t)
    const named = { ...gate.config, console: { ...gate.config.console, publicUrl: url } }
    const doer = { actor: 'shell:test', from: 'command line', why: undefined }
    const link = await offerSignInLink(
      named,
      { role: 'admin', name: 'ada@acme.example' },
      { clock: () => instant(Date.now()), doer },
    )
    const signedIn = await fetch(link, { method: 'POST', redirect: 'manual', headers: { origin: url } })
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? ''
    const home = await (await fetch(`${url}/`, { headers: { cookie } })).text()
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(home) ?? []
    t.match(await call('/me', { headers: { cookie } }), {
      status: 200,
      body: { subject: 'user:ada@acme.example', scopes: ['request', 'read', 'approve', 'admin'], indexes: null },
    })
    const post = (headers: Readonly<Record<string, string>>) =>
      call('/tokens', { method: 'POST', body: { name: 'bot' }, headers: { cookie, ...headers } })
    t.match(await post({}), { status: 403, body: { code: 'stale-form' } })
    t.match(await post({ 'x-csrf-token': 'made-up' }), { status: 403, body: { code: 'stale-form' } })
    t.match(await post({ 'x-csrf-token': csrf, origin: 'https://evil.example' }), { status: 403 })
    t.match(
      await post({ 'x-csrf-token': csrf, authorization: 'Bearer pcl_x' }),
      { status: 401 },
      'a token that is none',
    )
    t.match(await post({ 'x-csrf-token': csrf }), { status: 201, body: { name: 'bot' } })
  },
)
