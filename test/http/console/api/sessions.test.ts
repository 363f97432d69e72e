// guards: src/http/console/api/handlers/sessions.ts
import t from 'tap'
import { offerSignInLink } from '../../../../src/compose/console/sign-in-link.ts'
import { systemClock } from '../../../../src/domain/base/instant.ts'
import { createBrowser } from '../../../world/people/browser.ts'
import { openApiScene } from './api-scene.ts'

t.test('an admin sees who is signed in and ends it; nobody else does, and it stands in the audit log', async t => {
  const { call, token, url, gate } = await openApiScene(t)
  const [admin, approver, ml] = [
    await token('root', ['admin']),
    await token('bot', ['approve']),
    await token('ml', ['admin'], ['ml']),
  ]
  const config = { ...gate.config, console: { ...gate.config.console, publicUrl: url } }
  const doer = { actor: 'shell:test', from: 'command line', why: undefined }
  const link = await offerSignInLink(config, { role: 'viewer', name: 'ada@acme.example' }, { clock: systemClock, doer })
  t.match(await call('/sessions', { token: admin }), {
    status: 200,
    body: { items: [{ subject: 'user:ada@acme.example', role: 'viewer', began: null, used: null }] },
  })
  const ada = createBrowser(t)
  t.equal((await ada.post(link, {})).status, 200)
  const { body } = await call('/sessions', { token: admin })
  t.match(body.items, [{ email: 'ada@acme.example', began: /^20/, used: /^20/, ends: /^20/ }])
  t.notMatch(JSON.stringify(body), ada.cookies.get('127.0.0.1')?.get('portcullis-session') ?? '-')
  const end = (whose: string, by: string) =>
    call('/sessions/end', { token: by, method: 'POST', body: { whose, reason: 'SEC-7' } })
  for (const by of [approver, ml]) {
    t.match(await call('/sessions', { token: by }), { status: 403, body: { code: 'not-allowed-here' } })
    t.match(await end('ada@acme.example', by), { status: 403, body: { code: 'not-allowed-here' } })
  }
  t.equal((await ada.get(`${url}/`, { follow: false })).status, 200)
  t.match(await end('eve', admin), { status: 404, body: { code: 'not-found' } })
  t.match(await end('ada@acme.example', admin), { status: 200, body: { items: body.items } })
  t.equal((await ada.get(`${url}/`, { follow: false })).status, 303)
  t.match(await call('/audit?action=sessions-ended', { token: admin }), {
    body: { items: [{ actor: 'token:root', target: 'user:ada@acme.example', why: 'SEC-7' }] },
  })
})
