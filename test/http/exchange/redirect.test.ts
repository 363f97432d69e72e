import t from 'tap'
import { sendRedirect } from '../../../src/http/exchange/redirect.ts'
import { serveExchanges, serving } from './one-exchange.ts'

const TARGET = { path: '/simple/demo/', relative: '../demo/' }

t.test('a redirect leads to the public URL, or is relative; a Host header has no say', async t => {
  for (const [publicUrl, expected] of [
    ['https://pypi.example/team', 'https://pypi.example/team/simple/demo/?x=1'],
    [undefined, '../demo/?x=1'],
  ] as const) {
    const ask = await serveExchanges(t, exchange => sendRedirect(serving(publicUrl), exchange, TARGET))
    const answer = await ask('/simple/Demo?x=1', { headers: { host: 'evil.example' } })
    t.strictSame([answer.status, answer.headers['location']], [301, expected])
  }
})

t.test('a query that is long or not plain is left out', async t => {
  const ask = await serveExchanges(t, exchange => sendRedirect(serving(), exchange, TARGET))
  for (const query of ['', `?${'x'.repeat(513)}`]) t.equal((await ask(`/a${query}`)).headers['location'], '../demo/')
})

t.test('where it cannot be said relatively, it is the path at the gate', async t => {
  const ask = await serveExchanges(t, exchange => sendRedirect(serving(), exchange, { path: '/simple/demo/' }))
  t.equal((await ask('/a')).headers['location'], '/simple/demo/')
})
