import { request as send } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import { jsonOf, seeOther } from '../../../src/http/console/answer.ts'
import { layout } from '../../../src/http/console/layout.ts'
import { html } from '../../../src/http/markup/html.ts'
import { openDesk } from './open-desk.ts'

interface Wild {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const word = fc.string({ unit: 'grapheme', maxLength: 12 })
const odd = fc.constantFrom(
  '',
  '/',
  '//',
  '%',
  '%ff',
  '%00',
  '..',
  '.',
  '\\',
  '?',
  '&&',
  '=',
  '__proto__',
  'constructor',
  ';',
)
const piece = fc.oneof(
  odd,
  word.map(encodeURIComponent),
  fc.constantFrom('requests', 'sign-in', 'link', 'callback', 'api', 'v1', 'assets', 'sign-out', 'x'),
)
const path = fc
  .tuple(fc.array(piece, { maxLength: 4 }), fc.option(fc.array(piece, { maxLength: 3 }), { nil: undefined }))
  .map(([parts, query]) =>
    `/${parts.join('/')}${query === undefined ? '' : `?${query.join('&')}`}`.replace(/[^\x21-\x7e]/g, '%20'),
  )

const value = fc.oneof(
  fc.constantFrom('', 'null', 'a, b', '*', '"', 'x'.repeat(5_000)),
  fc.stringMatching(/^[\x21-\x7e]{0,40}$/),
)
const name = fc.constantFrom(
  'accept',
  'authorization',
  'content-type',
  'cookie',
  'expect',
  'if-none-match',
  'origin',
  'range',
  'referer',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'x-csrf-token',
  'x-forwarded-for',
  'x-forwarded-host',
)
const wild: fc.Arbitrary<Wild> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'),
  path,
  headers: fc.dictionary(name, value, { maxKeys: 4 }),
  body: fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 300 })),
})

t.test('no request is a defect, and none does what only a form of the session may', async t => {
  let done = 0
  const desk = await openDesk(t, {
    routes({ router }) {
      router.page('/requests/:id', 'viewer', visit =>
        layout(visit, { title: 'x', body: html`${visit.segments['id']}` }),
      )
      router.page('/', 'viewer', visit => layout(visit, { title: 'x', body: html`${[...visit.query.keys()]}` }))
      router.form('/requests/:id', 'viewer', () => {
        done += 1
        return seeOther('/')
      })
      router.api('POST', '/api/v1/:what', 'viewer', () => {
        done += 1
        return jsonOf({})
      })
    },
  })
  const ada = await desk.person('admin')
  const cookie = `portcullis-session=${ada.cookies.get('127.0.0.1')?.get('portcullis-session')}`
  const { port } = new URL(desk.url)
  const ask = ({ method, path, headers, body }: Wild): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { port, method, path, headers: { cookie, ...headers }, agent: false }
      const request = send(options, response => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
      request.on('error', reject)
      request.on('continue', () => {})
      // the client says how long a body is for these alone
      request.end(method.startsWith('P') ? body : undefined)
    })
  await fc.assert(
    fc.asyncProperty(wild, async asked => {
      const status = await ask(asked)
      return status >= 200 && status < 500
    }),
    { numRuns: 1_500 },
  )
  t.equal(done, 0)
  t.strictSame(
    desk.events.filter(event => event.type === 'unknown'),
    [],
  )
})
