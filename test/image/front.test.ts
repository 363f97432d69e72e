import { once } from 'node:events'
import t from 'tap'
import { serve, serveRaw } from '../world/network/loopback.ts'
import { hasTool } from './machine.ts'
import { read, startFront } from './start-front.ts'

const skip = hasTool('nginx') ? false : 'nginx missing'
const PHRASE = 'Refused by policy: unattested (see https://pypi.acme.example/x/3q8h0yk7m2td)'

t.test('the front of docker/nginx.conf', { skip }, async t => {
  await t.test('passes a refusal on with phrase, type and body', async t => {
    const gate = await serve(t, (_request, response) => {
      response.writeHead(403, PHRASE, { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
      response.end('{"code":"unattested"}')
    })
    const front = await startFront(t, gate.port)
    const answer = await front.ask('/packages/aa/bb/cc/demo-1.0.tar.gz')
    t.equal(answer.statusCode, 403)
    t.equal(answer.statusMessage, PHRASE)
    t.equal(answer.headers['content-type'], 'application/problem+json')
    t.equal((await read(answer)).toString(), '{"code":"unattested"}')
  })

  await t.test('asks once, says who asked, and keeps the credentials', async t => {
    const gate = await serve(t, (_request, response) => {
      response.writeHead(503, { 'Retry-After': '7' })
      response.end()
    })
    const front = await startFront(t, gate.port)
    const headers = { 'x-forwarded-for': '203.0.113.9', authorization: 'Basic c2VjcmV0' }
    const before = gate.requests.length
    const answer = await front.ask('/simple/Some_Name/?format=json', headers)
    t.equal(answer.statusCode, 503)
    t.equal(answer.headers['retry-after'], '7')
    t.equal(gate.requests.length, before + 1)
    const [asked] = gate.requests.slice(-1)
    t.match(asked, { url: '/simple/Some_Name/?format=json', headers: { host: 'pypi.acme.example' } })
    t.match(asked?.headers, { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' })
    t.equal(asked?.headers.authorization, undefined)
  })

  await t.test('lets names of 255 bytes and odd paths through as they are', async t => {
    const gate = await serve(t, (_request, response) => void response.end())
    const front = await startFront(t, gate.port)
    for (const path of [`/packages/aa/bb/${'c'.repeat(60)}/${'d'.repeat(255)}`, '/simple//x/../y%2Fz/']) {
      await read(await front.ask(path))
      t.equal(gate.requests.at(-1)?.url, path)
    }
  })

  await t.test('sends bytes on as they come, and never ends a body that was broken off', async t => {
    const sent: (() => void)[] = []
    const gate = await serveRaw(t, (socket, head) => {
      if (head.startsWith('GET /up')) {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        return
      }
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 2000\r\n\r\n')
      socket.write('x'.repeat(1000))
      sent.push(() => socket.resetAndDestroy())
    })
    const front = await startFront(t, gate.port)
    const answer = await front.ask('/packages/aa/bb/cc/demo-1.0.tar.gz')
    const [first] = await once(answer, 'data')
    t.equal(String(first).length, 1000, 'before the rest is there')
    for (const reset of sent) reset()
    await t.rejects(read(answer), { code: 'ECONNRESET' })
    t.notOk(answer.complete)
  })
})
