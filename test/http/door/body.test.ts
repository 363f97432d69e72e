import { request as send } from 'node:http'
import t, { type Test } from 'tap'
import { type Fields, mediaTypeOf, readBody, readForm } from '../../../src/http/door/body.ts'
import type { Exchange } from '../../../src/http/exchange/exchange.ts'
import { serve } from '../../world/network/loopback.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { threadTime } from '../../world/thread/thread-time.ts'

/** What is read of a request, or the code of what is wrong with it. */
async function reads<Read>(
  t: Test,
  read: (exchange: Exchange) => Promise<Read>,
  asked: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer },
): Promise<Read | string> {
  let result: Promise<Read | string> | undefined
  const { port } = await serve(t, (request, response) => {
    result = read({ request, response } as Exchange).catch((error: { code?: string }) => String(error.code))
    void result.then(() => response.end())
  })
  await new Promise<void>((resolve, reject) => {
    const request = send({ port, method: 'POST', headers: { ...asked.headers } }, response => {
      response.resume().on('end', resolve)
    })
    request.on('error', reject)
    request.end(asked.body)
  })
  return (await result) ?? ''
}

const URL_ENCODED = { 'content-type': 'application/x-www-form-urlencoded' }
const PARTS = [
  '--x',
  'Content-Disposition: form-data; name="csrf"',
  '',
  'word',
  '--x',
  'Content-Disposition: form-data; name="policy"; filename="policy.yaml"',
  'Content-Type: application/yaml',
  '',
  'rules: []\n☃',
  '--x--',
  '',
].join('\r\n')

t.test('a form is read in either of the ways in which browsers send it', async t => {
  const both = async (exchange: Exchange) => {
    const fields: Fields = await readForm(exchange)
    return [fields.get('csrf'), fields.get('policy'), fields.all('none'), fields.get('none')]
  }
  t.strictSame(await reads(t, both, { headers: URL_ENCODED, body: 'csrf=word&policy=a+b%0A&csrf=other' }), [
    'word',
    'a b\n',
    [],
    undefined,
  ])
  t.strictSame(await reads(t, both, { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: PARTS }), [
    'word',
    'rules: []\n☃',
    [],
    undefined,
  ])
})

t.test('no more is read than somebody wants, whether it is said before or not', async t => {
  const read = (exchange: Exchange) => readBody(exchange, 4).then(String)
  t.equal(await reads(t, read, { body: '1234' }), '1234')
  t.equal(await reads(t, read, { body: '12345' }), 'body-too-large')
  t.equal(await reads(t, read, { body: '12345', headers: { 'transfer-encoding': 'chunked' } }), 'body-too-large')
  t.equal(await reads(t, read, {}), '')
})

t.test('who asks before he sends is told to go on', async t => {
  const { port } = await serve(t, () => {})
  t.ok(port)
  const read = (exchange: Exchange) => readBody(exchange).then(String)
  t.equal(await reads(t, read, { headers: { expect: '100-continue' }, body: 'sent' }), 'sent')
})

t.test('what is no form is told what it is', async t => {
  const read = (exchange: Exchange) => readForm(exchange).then(() => 'read')
  t.equal(await reads(t, read, { body: 'a=b' }), 'unsupported-type')
  t.equal(await reads(t, read, { body: '{}', headers: { 'content-type': 'application/json' } }), 'unsupported-type')
  const broken = { 'content-type': 'multipart/form-data; boundary=y' }
  t.equal(await reads(t, read, { body: PARTS, headers: broken }), 'bad-form')
})

t.test('a media type is told without what follows it', async t => {
  const typeOf = (type: string | undefined) =>
    mediaTypeOf({ request: { headers: { 'content-type': type } } } as Pick<Exchange, 'request'>)
  t.equal(typeOf('Application/JSON; charset=utf-8'), 'application/json')
  t.equal(typeOf(undefined), '')
})

t.test('a form of very many fields is turned away in a moment, in either of the ways', async t => {
  const most = 2 * 1024 * 1024
  const read = async (exchange: Exchange) => await readForm(exchange, most)
  const parts = Array.from({ length: 30_000 }, () => '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n')
  const headers = { 'content-type': 'multipart/form-data; boundary="x"' }
  await inAnyRound(
    t,
    'ms: it is not taken apart first',
    async () => {
      const { ms } = await threadTime(async () => {
        t.equal(await reads(t, read, { headers: URL_ENCODED, body: 'a&'.repeat(most / 2) }), 'bad-form')
        t.equal(await reads(t, read, { headers, body: `${parts.join('')}--x--\r\n` }), 'bad-form')
      })
      return { ms }
    },
    ({ ms }) => ms < 2_000,
  )
  t.equal(await reads(t, read, { headers: { 'content-type': 'multipart/form-data' }, body: PARTS }), 'bad-form')
  const many = Array.from({ length: 150 }, (_, at) => `f=${at}`).join('&')
  t.strictSame(
    await reads(t, async exchange => (await readForm(exchange)).all('f').length, { headers: URL_ENCODED, body: many }),
    150,
  )
})
