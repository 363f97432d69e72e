import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { WebhookCall, WebhookHeard } from '../../../src/ports/console/notices.ts'
import { createWebhookSender } from '../../../src/upstream/webhooks/webhook-sender.ts'
import { serve } from '../../world/network/loopback.ts'
import { connectProxy } from '../../world/network/proxy.ts'
import { SECRET, startReceiver } from '../../world/network/receiver.ts'
import { createTlsAuthority } from '../../world/network/tls-certificates.ts'

const NEVER = new AbortController().signal

function call(changes: Partial<WebhookCall> = {}): WebhookCall {
  return {
    id: 'msg_1',
    contentType: 'application/cloudevents+json',
    body: '{"words":"ü <b>"}',
    at: instant(Date.now()),
    ...changes,
  }
}

function senderTo(t: Test, url: string, more: Partial<Parameters<typeof createWebhookSender>[0]> = {}) {
  const sender = createWebhookSender({
    url,
    secrets: () => [SECRET],
    ca: undefined,
    environment: {},
    version: '1.2.3',
    ...more,
  })
  t.teardown(() => sender.close())
  return sender
}

t.test('a call is one POST, signed so that the package and a few lines of node:crypto agree', async t => {
  const receiver = await startReceiver(t)
  const sent = call()
  t.strictSame(await senderTo(t, receiver.url).send(sent, NEVER), { kind: 'taken', status: 204 })
  const [got] = receiver.received
  t.strictSame(new Webhook(SECRET).verify(got?.body ?? '', got?.headers ?? {}), { words: 'ü <b>' }, 'by the package')
  t.equal(got?.body, sent.body)
  t.match(got?.headers, {
    'content-type': 'application/cloudevents+json',
    'user-agent': 'portcullis/1.2.3',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(sent.at / 1000)),
  })
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
  const signed = `${got?.headers['webhook-id']}.${got?.headers['webhook-timestamp']}.${got?.body}`
  const signature = createHmac('sha256', key).update(signed).digest('base64')
  t.equal(got?.headers['webhook-signature'], `v1,${signature}`, 'by hand')
})

t.test('while one secret takes the place of another, each has its signature; without one there is none', async t => {
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const receiver = await startReceiver(t, other)
  await senderTo(t, receiver.url, { secrets: () => [SECRET, other] }).send(call(), NEVER)
  t.equal(receiver.received[0]?.isSigned, true)
  t.equal(receiver.received[0]?.headers['webhook-signature']?.split(' ').length, 2)
  await senderTo(t, receiver.url, { secrets: () => [SECRET] }).send(call(), NEVER)
  t.equal(receiver.received[1]?.isSigned, false, 'one that only knows the other secret says no')
  await senderTo(t, receiver.url, { secrets: () => [] }).send(call(), NEVER)
  t.equal(receiver.received[2]?.headers['webhook-signature'], undefined)
})

t.test('2xx alone is taken, 410 is gone, all else failed, with what the answer asked for', async t => {
  const receiver = await startReceiver(t)
  const sender = senderTo(t, receiver.url)
  for (const status of [200, 202, 299]) {
    receiver.manner = status
    t.strictSame(await sender.send(call(), NEVER), { kind: 'taken', status })
  }
  receiver.manner = 410
  t.strictSame(await sender.send(call(), NEVER), { kind: 'gone', status: 410 })
  for (const status of [304, 400, 404, 500, 503]) {
    receiver.manner = status
    t.match(await sender.send(call(), NEVER), { kind: 'failed', status, retryAfter: undefined })
  }
  receiver.manner = (_request, response) => void response.writeHead(429, { 'retry-after': '120' }).end()
  t.match(await sender.send(call(), NEVER), { kind: 'failed', status: 429, retryAfter: 120_000 })
  const at = instant(Date.UTC(2027, 0, 1))
  receiver.manner = (_request, response) =>
    void response.writeHead(503, { 'retry-after': new Date(at + 90_000).toUTCString() }).end()
  t.match(await sender.send(call({ at }), NEVER), { retryAfter: 90_000 })
  receiver.manner = (_request, response) => void response.writeHead(503, { 'retry-after': 'soon' }).end()
  t.match(await sender.send(call(), NEVER), { retryAfter: undefined })
})

t.test('a redirect is followed nowhere', async t => {
  const elsewhere = await startReceiver(t)
  const receiver = await startReceiver(t)
  const sender = senderTo(t, receiver.url)
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.manner = (_request, response) => void response.writeHead(status, { location: elsewhere.url }).end()
    t.match(await sender.send(call(), NEVER), { kind: 'failed', status, why: `it answered ${status}` })
  }
  t.equal(elsewhere.received.length, 0)
})

t.test('an answer that breaks off, hangs or trickles is none', async t => {
  const receiver = await startReceiver(t)
  const sender = senderTo(t, receiver.url, { timeout: millis(400) })
  receiver.manner = 'reset'
  t.match(await sender.send(call(), NEVER), { kind: 'failed', status: undefined })
  receiver.manner = 'hang'
  t.match(await sender.send(call(), NEVER), { kind: 'failed', status: undefined, why: /did not answer in time/ })
  receiver.manner = 'trickle'
  t.match(await sender.send(call(), NEVER), { kind: 'failed', status: undefined, why: /did not answer in time/ })
  // the time is for those that never answer, and no measure of a busy machine
  const patient = senderTo(t, receiver.url)
  await receiver.away()
  t.match(await patient.send(call(), NEVER), { kind: 'failed', status: undefined, why: /ECONNREFUSED/ })
  await receiver.back()
  receiver.manner = 200
  t.match(await patient.send(call(), NEVER), { kind: 'taken' })
})

t.test('of a body without end no more is read than there is room for', async t => {
  const receiver = await startReceiver(t)
  receiver.manner = 'giant'
  t.strictSame(await senderTo(t, receiver.url).send(call(), NEVER), { kind: 'taken', status: 200 })
  t.comment(`${receiver.written()} bytes were written to the connection`)
  t.ok(receiver.written() < 16 * 1024 * 1024)
})

t.test('a gate that stops waits for nobody', async t => {
  const receiver = await startReceiver(t)
  receiver.manner = 'hang'
  const stopping = new AbortController()
  const sender = senderTo(t, receiver.url)
  const sent = sender.send(call(), stopping.signal)
  await receiver.until(1)
  stopping.abort()
  t.match(await sent, { kind: 'failed', status: undefined })
  t.match(await sender.send(call(), stopping.signal), { kind: 'failed' })
  t.equal(receiver.received.length, 1)
})

t.test('TLS is verified, under an authority of its own where one is named', async t => {
  const authority = await createTlsAuthority('Acme')
  const server = await serve(t, (_request, response) => void response.end(), await authority.issue(['127.0.0.1']))
  t.match(await senderTo(t, server.origin).send(call(), NEVER), {
    kind: 'failed',
    why: /TLS certificate of the receiver of a webhook is not trusted .* belongs in its `ca`/,
  })
  t.equal(server.requests.length, 0)
  t.match(await senderTo(t, server.origin, { ca: authority.ca }).send(call(), NEVER), { kind: 'taken' })
})

t.test('a call goes through the proxy of the environment, but for receivers that NO_PROXY names', async t => {
  const authority = await createTlsAuthority('Acme')
  const server = await serve(t, (_request, response) => void response.end(), await authority.issue(['127.0.0.1']))
  const proxy = await connectProxy(t)
  const environment = { HTTPS_PROXY: `http://someone:proxy-secret@127.0.0.1:${proxy.port}` }
  t.match(await senderTo(t, server.origin, { ca: authority.ca, environment }).send(call(), NEVER), { kind: 'taken' })
  t.strictSame(proxy.targets, [`127.0.0.1:${server.port}`])
  t.notOk(server.requests[0]?.headers['proxy-authorization'], 'what the proxy is told is not for the receiver')
  const exempt = { ...environment, NO_PROXY: '127.0.0.1' }
  t.match(await senderTo(t, server.origin, { ca: authority.ca, environment: exempt }).send(call(), NEVER), {
    kind: 'taken',
  })
  t.equal(proxy.targets.length, 1)
  const gone = { HTTPS_PROXY: 'http://someone:proxy-secret@127.0.0.1:9' }
  const lost = await senderTo(t, server.origin, { ca: authority.ca, environment: gone }).send(call(), NEVER)
  t.match(lost, { kind: 'failed', status: undefined })
  t.notMatch(JSON.stringify(lost), 'proxy-secret')
})

t.test(
  'whoever listens hears what was sent and the first line of what was answered, also where that came to nothing',
  async t => {
    const receiver = await startReceiver(t)
    const sender = senderTo(t, receiver.url)
    async function heard(): Promise<readonly WebhookHeard[]> {
      const all: WebhookHeard[] = []
      await sender.send(call(), NEVER, one => void all.push(one))
      return all
    }
    receiver.manner = (_request, response) => void response.writeHead(400).end('\n no such channel \r\nmore')
    t.match(await heard(), [
      { kind: 'sent', headers: { 'webhook-id': 'msg_1', 'user-agent': 'portcullis/1.2.3' } },
      { kind: 'answered', status: 400, line: 'no such channel' },
    ])
    receiver.manner = 'giant'
    const [, long] = await heard()
    t.ok(long?.kind === 'answered' && long.line.length <= 200)
    receiver.manner = 'reset'
    t.match(await heard(), [{ kind: 'sent' }, { kind: 'answered', status: 200, line: 'half' }])
    await receiver.away()
    t.match(await heard(), { length: 1 })
  },
)
