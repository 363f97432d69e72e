import t from 'tap'
import { listenAt } from '../../../src/http/door/listen.ts'

t.test('a port that is taken is no defect: somebody has to choose another', async t => {
  for (const [code, said] of [
    ['EADDRINUSE', 'is in use by another process'],
    ['EACCES', 'may not be listened on by this user'],
  ] as const) {
    const error = Object.assign(new Error('listen'), { code })
    const app = { listen: () => Promise.reject(error) } as unknown as Parameters<typeof listenAt>[0]
    await t.rejects(listenAt(app, { host: '127.0.0.1', port: 80 }), {
      code: 'config-invalid',
      detail: `127.0.0.1:80 ${said}: choose another address with --listen, PORTCULLIS_LISTEN or listen`,
    })
  }
})

t.test('the address is told as it is bound', async t => {
  const app = (port: number) =>
    ({ listen: async () => {}, server: { address: () => ({ port }) } }) as unknown as Parameters<typeof listenAt>[0]
  t.equal(await listenAt(app(4711), { host: '127.0.0.1', port: 0 }), 'http://127.0.0.1:4711')
  t.equal(await listenAt(app(80), { host: '::1', port: 80 }), 'http://[::1]:80')
})

t.test('what nobody foresaw stays what it is', async t => {
  const defect = new TypeError('a defect')
  const app = { listen: () => Promise.reject(defect) } as unknown as Parameters<typeof listenAt>[0]
  await t.rejects(listenAt(app, { host: '127.0.0.1', port: 0 }), defect)
})
