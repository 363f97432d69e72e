import t from 'tap'
import { Readers } from '../../../src/http/exchange/readers.ts'
import { serveExchanges } from './one-exchange.ts'

t.test('a piece is taken once the connection has it, and counted', async t => {
  const readers = new Readers(60_000)
  t.teardown(() => readers.close())
  const settled: string[] = []
  const counted: number[] = []
  const ask = await serveExchanges(t, async exchange => {
    exchange.response.writeHead(200, ['Content-Length', '10'])
    for (const piece of ['hello', 'world']) await readers.write(exchange, Buffer.from(piece), how => settled.push(how))
    counted.push(exchange.bytes, readers.waiting)
    exchange.response.end()
  })
  t.equal((await ask('/')).text, 'helloworld')
  t.strictSame(
    [settled, counted],
    [
      ['taken', 'taken'],
      [10, 0],
    ],
  )
})

t.test('where the connection is gone, a piece is lost, whether it waits or comes after', async t => {
  const readers = new Readers(60_000)
  t.teardown(() => readers.close())
  const settled: string[] = []
  const done = Promise.withResolvers<void>()
  const ask = await serveExchanges(t, async exchange => {
    exchange.response.writeHead(200)
    const writing = readers.write(exchange, Buffer.alloc(64 * 1024), how => settled.push(how))
    exchange.end()
    await writing
    await readers.write(exchange, Buffer.alloc(1), how => settled.push(how))
    exchange.reset()
    done.resolve()
  })
  await t.rejects(ask('/'))
  await done.promise
  t.strictSame([settled, readers.waiting], [['lost', 'lost'], 0])
})
