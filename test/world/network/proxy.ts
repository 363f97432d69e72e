import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Test } from 'tap'

/** The little of RFC 9110, 9.3.6 that a test needs. */
export async function connectProxy(t: Test): Promise<{
  readonly port: number
  readonly targets: readonly string[]
  readonly authorizations: readonly (string | undefined)[]
}> {
  const targets: string[] = []
  const authorizations: (string | undefined)[] = []
  const proxy = createHttpServer((request, response) => {
    targets.push(request.url ?? '')
    response.end()
  })
  proxy.on('connect', (request, socket: Socket) => {
    targets.push(request.url ?? '')
    authorizations.push(request.headers['proxy-authorization'])
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
    t.teardown(() => void onward.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => void proxy.close())
  return { port: (proxy.address() as AddressInfo).port, targets, authorizations }
}
