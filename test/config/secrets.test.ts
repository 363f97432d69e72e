import t from 'tap'
import { secretsOf } from '../../src/config/secrets.ts'

t.test('a proxy’s password is a secret, as it is written and as it is meant', async t => {
  const environment = { HTTPS_PROXY: 'http://user:p%40ss-word@proxy.example:3128', HTTP_PROXY: 'http://proxy.example' }
  t.strictSame(secretsOf({ upstream: { auth: {} } } as Parameters<typeof secretsOf>[0], environment), [
    { username: 'user', password: 'p@ss-word' },
    { token: 'p%40ss-word' },
  ])
})
