import { type IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { sendAnswer } from '../../../src/http/exchange/answer.ts'
import { type Exchange, exchangeOf } from '../../../src/http/exchange/exchange.ts'
import { serveExchanges } from './one-exchange.ts'

t.test('an exchange is over once, and whoever waits on it is woken', async t => {
  const ended: unknown[] = []
  const ask = await serveExchanges(t, exchange => {
    exchange.wake = () => ended.push('woken')
    ended.push(exchange.end(), exchange.end(), exchange.over)
    exchange.response.end()
  })
  await ask('/')
  t.strictSame(ended.slice(0, 4), ['woken', true, false, true])
})

t.test('it knows what was asked, and nobody in particular who did', async t => {
  const seen: Exchange[] = []
  const ask = await serveExchanges(t, exchange => {
    seen.push(exchange)
    sendAnswer(exchange, { status: 200, headers: [], body: Buffer.alloc(0) })
  })
  await ask('/simple/demo/?x=1', { method: 'HEAD', headers: { accept: 'text/html' } })
  const [exchange] = seen
  t.match(exchange, { url: '/simple/demo/?x=1', route: 'none', client: { address: '192.0.2.1', subject: 'anonymous' } })
  t.strictSame(
    [exchange?.isHead, exchange?.header('accept'), exchange?.header('range')],
    [true, 'text/html', undefined],
  )
  t.equal(exchange && exchangeOf(exchange.response), exchange)
})

t.test('a response that did not come through the door belongs to nobody', async t =>
  t.throws(() => exchangeOf(new ServerResponse({ method: 'GET' } as IncomingMessage)), TypeError),
)
