import t from 'tap'
import { mintToken, tokenHash } from '../../../src/domain/access/token.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { answerPersonOr, isForPerson } from '../../../src/http/people/failure-page.ts'
import { withTokens } from '../../../src/store/tokens.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld } from '../../world/world.ts'
import { PIP_ACCEPT } from '../client.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'user-agent': FIREFOX }
const NOBODY = { actor: 'shell:test', from: 'command line', why: undefined }

t.test('a person is who takes HTML as gladly as anything, where people look or with a browser', async t => {
  const pip = { accept: PIP_ACCEPT, 'user-agent': 'pip/25.0' }
  for (const [what, url, headers, is] of [
    ['a browser at a refusal', '/x/3k9q0c7m2a1b', BROWSER, true],
    ['a browser at an index', '/simple/demo/', BROWSER, true],
    ['HTML by hand', '/x/3k9q0c7m2a1b/ask', { accept: 'text/html' }, true],
    ['the home page', '/', { accept: 'text/html' }, true],
    ['an old pip', '/simple/demo/', { accept: 'text/html', 'user-agent': 'pip/9.0.3' }, false],
    ['pip', '/simple/demo/', pip, false],
    ['pip, at a place for people', '/x/3k9q0c7m2a1b', pip, false],
    ['who takes anything', '/x/3k9q0c7m2a1b', { accept: '*/*', 'user-agent': FIREFOX }, false],
    ['who says nothing', '/x/3k9q0c7m2a1b', {}, false],
    ['JSON before HTML', '/', { accept: 'application/json, text/html;q=0.9' }, false],
    ['JSON by the URL', '/x/3k9q0c7m2a1b?format=json', { accept: 'text/html' }, false],
    ['what only begins so', '/xylophone/simple/demo/', { accept: 'text/html' }, false],
  ] as const)
    t.equal(isForPerson({ url, headers }), is, what)
})

t.test('status and fields are those of the problem document', async t => {
  for (const code of [
    'unauthenticated',
    'too-many-attempts',
    'unknown-issuer',
    'not-allowed-here',
    'method-not-allowed',
  ] as const) {
    const error = new GateError(code, 'a <b> of somebody')
    const plain = answerPersonOr(error, { url: '/', headers: {} })
    const page = answerPersonOr(error, { url: '/', headers: BROWSER })
    t.equal(page.status, plain.status)
    t.equal(page.reason, plain.reason)
    const field = (of: typeof plain, name: string): string | undefined => of.headers[of.headers.indexOf(name) + 1]
    for (const name of ['WWW-Authenticate', 'Retry-After', 'Allow', 'Cache-Control'])
      if (plain.headers.includes(name)) t.equal(field(page, name), field(plain, name), `${code}: ${name}`)
    t.match(field(page, 'Content-Security-Policy'), "default-src 'none'")
    t.match(page.body?.toString(), 'of somebody')
    t.notMatch(page.body?.toString(), '<b> of')
  }
})

t.test('a browser that nobody signed in at is told what to type; a client gets what it always got', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { attested: false })
  const configuration = {
    access: { anonymous: false },
    console: { listen: '127.0.0.1:0', requests: { anonymous: false } },
  }
  const gate = await startGate(t, world, { configuration })
  const secret = mintToken()
  const hash = tokenHash(secret)
  if (hash === undefined) throw new Error('a token of ours has a hash')
  const usual = { indexes: undefined, metrics: false, created: systemClock(), expires: undefined, revoked: undefined }
  await withTokens(gate.config.data, systemClock, tokens => tokens.create({ ...usual, name: 'ada' }, hash, NOBODY))
  const authorization = `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`
  const refusal = await fetch(`${gate.url}${wheel.path}`, { headers: { authorization } })
  const { explain } = (await refusal.json()) as { explain: string }
  for (const path of [new URL(explain).pathname, `${new URL(explain).pathname}/ask`, '/', '/simple/demo/']) {
    const page = await fetch(`${gate.url}${path}`, { headers: BROWSER })
    const text = await page.text()
    t.equal(page.status, 401, path)
    t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
    t.match(page.headers.get('www-authenticate'), /^Basic realm=/)
    t.equal(page.headers.get('cache-control'), 'no-store')
    for (const word of ['Password', 'pcl_', 'pip config list', 'UV_DEFAULT_INDEX', 'portcullis token create'])
      t.match(text, word, `${path}: ${word}`)
    const plain = await fetch(`${gate.url}${path}`, { headers: { accept: PIP_ACCEPT, 'user-agent': 'pip/25.0' } })
    t.equal(plain.status, 401)
    t.equal(plain.headers.get('content-type'), 'application/problem+json')
    t.match(await plain.json(), { code: 'unauthenticated', status: 401 })
  }
  const wrong = { authorization: `Basic ${Buffer.from(`ada:${mintToken()}`).toString('base64')}`, ...BROWSER }
  t.match(await (await fetch(explain, { headers: wrong })).text(), 'the token is unknown')
  t.equal((await fetch(explain, { headers: { authorization, ...BROWSER } })).status, 200)
  const nowhere = await fetch(`${gate.url}/nothing-here`, { headers: { authorization, ...BROWSER } })
  t.equal(nowhere.status, 404)
  t.match(await nowhere.text(), 'Code <code>not-found</code>')
})
