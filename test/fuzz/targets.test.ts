import fc from 'fast-check'
import t from 'tap'
import { createPlainAsk, talk } from '../http/client.ts'
import { startGate } from '../world/gate/gate.ts'
import { createWorld } from '../world/world.ts'

// the work is measured in targets, whatever time a busy machine takes for them
t.setTimeout(0)

const TARGETS = 3_000
const AT_ONCE = 16

const HEX60 = 'c'.repeat(60)
const WORDS: readonly string[] = [
  '/',
  '//',
  '/simple/',
  '/pypi/',
  '/packages/',
  '/integrity/',
  '/x/',
  '/codes/',
  '/json',
  '/provenance',
  '/healthz',
  'http://evil.example/',
  'demo',
  'Demo_',
  'demo-1.0',
  'demo-1.0-py3-none-any.whl',
  'demo-1.0.tar.gz',
  '.metadata',
  '.asc',
  'aa/bb/',
  HEX60,
  'unattested',
  '1.0',
  '..',
  '%2e%2e',
  '%2f',
  '%5c',
  '%00',
  '%2500',
  '%0d%0a',
  '%zz',
  '%',
  '%ff',
  '%E2%80%8B',
  '\\',
  ';',
  '?',
  '?format=application/vnd.pypi.simple.v1%2Bjson',
  '#',
  '&',
  '+',
  '*',
  '@',
  ':',
  '~',
  '[',
  '{',
  '"',
  '<',
  ' ',
  '\t',
  '\0',
  '\r',
  '\u00e9',
  '\u00ff',
  'a'.repeat(101),
  'a'.repeat(255),
  '%61'.repeat(200),
]

/** Paths that may reach the index: everything in them was parsed and written anew. */
const NAME = '[a-z0-9]+(?:-[a-z0-9]+)*'
const UPSTREAM: readonly RegExp[] = [
  new RegExp(`^/simple/(?:${NAME}/)?$`),
  new RegExp(`^/pypi/${NAME}/(?:[A-Za-z0-9.%+!]+/)?json$`),
  new RegExp(`^/integrity/${NAME}/[A-Za-z0-9.%+!]+/[A-Za-z0-9._%+!-]+/provenance$`),
  /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[A-Za-z0-9._%+!-]+$/,
]

t.test('whatever is asked for, the answer is one of ours and the upstream hears nothing odd', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await startGate(t, world)
  const ask = createPlainAsk(t, gate.url)
  t.equal((await ask(wheel.path)).status, 200)

  const folder = wheel.path.slice(0, wheel.path.lastIndexOf('/') + 1)
  const begun = fc.constantFrom(
    '/simple/',
    '/simple/demo',
    '/pypi/demo/',
    '/integrity/demo/1.0/',
    '/x/',
    '/',
    folder,
    wheel.path,
  )
  const words = fc
    .tuple(
      fc.oneof({ weight: 5, arbitrary: begun }, fc.constant('')),
      fc.array(fc.constantFrom(...WORDS), { maxLength: 4 }),
    )
    .map(([start, all]) => `${start}${all.join('')}` || '/')
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map(all => `/${Buffer.from(all).toString('latin1')}`)
  const target = fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: bytes })
  // a line end would end the target, and what follows is another request's matter
  const targets = fc.sample(target, TARGETS).map(text => text.replaceAll('\n', ''))
  const methods = ['GET', 'GET', 'GET', 'HEAD', 'POST'] as const
  const seen = new Map<string, number>()

  async function one(text: string, index: number): Promise<void> {
    const method = methods[index % methods.length] ?? 'GET'
    const sent = `${method} ${text} HTTP/1.1\r\nHost: gate.example\r\nConnection: close\r\n\r\n`
    const heard = await talk(gate.url, Buffer.from(sent, 'latin1'))
    const [head = ''] = heard.text.split('\r\n\r\n', 1)
    const [, status = 'none'] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? []
    seen.set(status, (seen.get(status) ?? 0) + 1)
    const shown = JSON.stringify(`${method} ${text}`).slice(0, 200)
    if (!/^(?:200|301|400|403|404|405|406|414|431)$/.test(status)) t.fail(`${shown} is answered ${status}`)
    if (heard.ended === 'open') t.fail(`${shown} is left open`)
    if (/\r\nset-cookie:/i.test(head)) t.fail(`${shown} sets a cookie`)
    const [, location] = /\r\nlocation: ([^\r]*)/i.exec(head) ?? []
    if (location !== undefined && new URL(location, 'http://gate.example/simple/x/').host !== 'gate.example')
      t.fail(`${shown} leads to ${location}`)
  }

  for (let at = 0; at < targets.length; at += AT_ONCE)
    await Promise.all(targets.slice(at, at + AT_ONCE).map((text, index) => one(text, at + index)))

  t.comment([...seen].map(([status, count]) => `${status}: ${count}`).join(', '))
  t.ok((seen.get('200') ?? 0) > 100 && (seen.get('404') ?? 0) > 100, 'some of them mean something')
  const odd = world.upstream.requests.filter(({ url }) => !UPSTREAM.some(pattern => pattern.test(url)))
  t.strictSame(
    odd.map(({ method, url }) => `${method} ${url}`),
    [],
  )
  t.strictSame(
    gate.events.flatMap(event => (event.type === 'unknown' ? [`${event.code} ${event.detail}`] : [])),
    [],
    'nothing was unknown',
  )
  t.equal((await ask(wheel.path)).status, 200, 'and the gate goes on')
})
