import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { answerWith } from '../../../src/http/exchange/failures.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { serveExchanges } from './one-exchange.ts'

async function failing(t: Test, thrown: unknown, how: 'at once' | 'later' = 'at once') {
  const events: GateEvent[] = []
  const ask = await serveExchanges(t, exchange =>
    answerWith(exchange, { emit: event => void events.push(event) }, () => {
      if (how === 'later') return Promise.reject(thrown)
      throw thrown
    }),
  )
  return { ask, events }
}

t.test('"cannot tell" is 5xx with whole seconds, and in the log', async t => {
  for (const how of ['at once', 'later'] as const) {
    const { ask, events } = await failing(t, new GateError('unknown-upstream', 'no answer'), how)
    const { status, headers, json } = await ask('/')
    t.match([status, headers['retry-after'], headers['cache-control']], [/^50[234]$/, /^\d+$/, 'no-store'], how)
    t.match(json(), { code: 'unknown-upstream' })
    t.match(events, [{ type: 'unknown', code: 'unknown-upstream', detail: 'no answer' }])
  }
})

t.test('a request that makes no sense is 4xx, and nobody is woken', async t => {
  const { ask, events } = await failing(t, new GateError('method-not-allowed', 'POST is not served'))
  t.match(await ask('/', { method: 'POST' }), { status: 405, headers: { allow: 'GET, HEAD' } })
  t.strictSame(events, [])
})

t.test('what the framework says of a path is the client’s, and nothing else is', async t => {
  const said = (code: string, statusCode: number) => Object.assign(new Error('x'), { code, statusCode })
  t.equal((await (await failing(t, said('FST_ERR_BAD_URL', 400))).ask('/')).status, 400)
  t.equal((await (await failing(t, said('FST_ERR_X', 500))).ask('/')).status, 500)
})

t.test('what nobody foresaw is opaque to the client, and in the log under the id that it is told', async t => {
  const secret = new TypeError('the password is hunter2')
  const { ask, events } = await failing(t, secret)
  const { status, text } = await ask('/')
  t.equal(status, 500)
  t.notMatch(text, 'hunter2')
  const [event] = events
  t.match(event, { type: 'unknown', code: 'unknown-bug', cause: secret })
  t.ok(event?.type === 'unknown' && text.includes(event.id))
})

t.test('an answer under way is cut instead of completed', async t => {
  const ask = await serveExchanges(t, exchange =>
    answerWith(exchange, { emit() {} }, async () => {
      exchange.response.writeHead(200, ['Content-Length', '5'])
      await new Promise(resolve => exchange.response.write('he', resolve))
      throw new GateError('integrity-mismatch', 'other bytes')
    }),
  )
  await t.rejects(ask('/'), { code: 'ECONNRESET' })
})
