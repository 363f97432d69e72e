import t from 'tap'
import { secretsOf } from '../../src/config/secrets.ts'
import { Secrets } from '../../src/domain/base/secrets.ts'

t.test('a proxy’s password is a secret, as it is written and as it is meant', async t => {
  const environment = { HTTPS_PROXY: 'http://user:p%40ss-word@proxy.example:3128', HTTP_PROXY: 'http://proxy.example' }
  t.strictSame(secretsOf({ upstream: { auth: {} } } as Parameters<typeof secretsOf>[0], environment), [
    { username: 'user', password: 'p@ss-word' },
    { username: 'user', password: 'p%40ss-word' },
  ])
})

t.test('a proxy’s user name is a secret where it stands alone, or before what is no password', async t => {
  const token = 'tok-en%2F123456789'
  for (const [proxy, sent] of [
    [`http://${token}@proxy.example:3128`, 'tok-en/123456789:'],
    [`http://${token}:@proxy.example:3128`, 'tok-en/123456789:'],
    [`http://${token}:x-oauth-basic@proxy.example`, 'tok-en/123456789:x-oauth-basic'],
  ] as const) {
    const environment = { https_proxy: proxy }
    const { clean } = new Secrets(secretsOf({ upstream: { auth: {} } } as Parameters<typeof secretsOf>[0], environment))
    for (const form of [token, 'tok-en/123456789', Buffer.from(sent).toString('base64')])
      t.equal(clean(`a ${form} b`).replace(/=* b$/, ' b'), 'a *** b', proxy)
  }
})

t.test('a database’s password is a secret, and its user name is none', async t => {
  const { clean } = new Secrets(
    ['postgres://gatekeeper:pass-word@db.example/x', 'postgres://gatekeeper@db.example/x'].flatMap(database =>
      secretsOf({ upstream: { auth: {} }, store: { database } } as Parameters<typeof secretsOf>[0], {}),
    ),
  )
  t.equal(clean('gatekeeper has pass-word'), 'gatekeeper has ***')
})

t.test('a password that is the product’s own name makes nothing unreadable', async t => {
  const { clean } = new Secrets([{ username: 'portcullis', password: 'portcullis' }])
  t.equal(clean('portcullis_verdicts_total 1'), 'portcullis_verdicts_total 1')
})

t.test('a proxy without user information holds no secret', async t => {
  const environment = { HTTPS_PROXY: 'http://proxy.example:3128', http_proxy: 'no URL' }
  t.strictSame(secretsOf({ upstream: { auth: {} } } as Parameters<typeof secretsOf>[0], environment), [])
})
