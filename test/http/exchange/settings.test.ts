import t from 'tap'
import { DEFAULT_LIMITS } from '../../../src/http/exchange/settings.ts'

t.test('a connection that waits is kept longer than load balancers keep it, so that they close first', async t =>
  t.ok(DEFAULT_LIMITS.keepAliveMs > 60_000),
)

t.test('a head is cut before a request, and whoever drains ends before the process is ended', async t => {
  const { headersMs, requestMs, drainMs } = DEFAULT_LIMITS
  t.ok(headersMs < requestMs)
  t.ok(drainMs < 30_000, 'what serve waits after SIGTERM')
})
