import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { carriedBy, resetConnection } from '../../../src/http/exchange/reset.ts'

async function pair(t: import('tap').Test): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const far = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const [near] = (await once(server, 'connection')) as [Socket]
  t.teardown(() => {
    server.close()
    far.destroy()
  })
  return { near, far }
}

t.test('a connection is reset, and not only closed', async t => {
  const { near, far } = await pair(t)
  const ended = once(far, 'error')
  resetConnection(near)
  t.match(await ended, [{ code: 'ECONNRESET' }])
})

t.test('of one above another it is the one below', async t => {
  const [{ near, far }, above] = [await pair(t), await pair(t)]
  carriedBy(above.near, near)
  const ended = once(far, 'error')
  resetConnection(above.near)
  t.match(await ended, [{ code: 'ECONNRESET' }])
  t.ok(above.near.destroyed)
})
