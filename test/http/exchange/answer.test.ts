import t from 'tap'
import { sendAnswer } from '../../../src/http/exchange/answer.ts'
import { serveExchanges } from './one-exchange.ts'

const HELLO = { status: 203, reason: 'As it is', headers: ['X-A', 'b'], body: Buffer.from('hello') }

t.test('a whole answer has its length, and HEAD says all of it but the body', async t => {
  const counted: number[] = []
  const ask = await serveExchanges(t, exchange => {
    sendAnswer(exchange, HELLO)
    counted.push(exchange.bytes)
  })
  const expected = { status: 203, reason: 'As it is', headers: { 'x-a': 'b', 'content-length': '5' } }
  t.match(await ask('/'), { ...expected, text: 'hello' })
  t.match(await ask('/', { method: 'HEAD' }), { ...expected, text: '' })
  t.strictSame(counted, [5, 0], 'the access log counts what was sent')
})

t.test('where there is no body there is no length', async t => {
  const ask = await serveExchanges(t, exchange => sendAnswer(exchange, { status: 304, headers: ['ETag', '"a"'] }))
  const { status, headers } = await ask('/')
  t.strictSame([status, headers['etag'], headers['content-length']], [304, '"a"', undefined])
})

t.test('what is over is not answered a second time', async t => {
  const ask = await serveExchanges(t, exchange => {
    sendAnswer(exchange, HELLO)
    exchange.end()
    sendAnswer(exchange, HELLO)
  })
  t.equal((await ask('/')).text, 'hello')
})
