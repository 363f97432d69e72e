import t from 'tap'
import { isBelowAny, isOwnPlace, parseUpstreamBase } from '../../../src/protocol/simple/upstream-base.ts'

t.test('upstream URLs', async t => {
  const good: readonly (readonly [string, string])[] = [
    ['https://pypi.org', 'https://pypi.org'],
    ['https://pypi.org/', 'https://pypi.org'],
    ['https://PYPI.org:443//', 'https://pypi.org'],
    ['https://host.example/artifactory/api/pypi/x/', 'https://host.example/artifactory/api/pypi/x'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.9.9.9', 'http://127.9.9.9'],
    ['http://localhost:1/x', 'http://localhost:1/x'],
    ['http://[::1]:1', 'http://[::1]:1'],
  ]
  for (const [text, href] of good) t.equal(parseUpstreamBase(text, 'upstream.index').href, href)
  const bad = [
    'pypi.org',
    '',
    'http://pypi.org',
    'http://10.0.0.1',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'ftp://127.0.0.1',
    'file:///x',
    'https://user:url-secret@pypi.org',
    'https://pypi.org/?token=url-secret',
    'https://pypi.org/#x',
  ]
  for (const text of bad) {
    t.throws(
      () => parseUpstreamBase(text, 'upstream.index'),
      { code: 'config-invalid', detail: /^upstream\.index / },
      text,
    )
    try {
      parseUpstreamBase(text, 'upstream.index')
    } catch (error) {
      t.notMatch(String(error), 'url-secret')
    }
  }
})

t.test('what lies below a base', async t => {
  const isBelow = (path: string, ...bases: readonly string[]): boolean =>
    isBelowAny(new URL(path, 'https://files.example'), bases)
  const PUBLIC = 'https://files.example/pypi/public'

  t.test('with a path is what has all of its segments', async t => {
    for (const path of [
      '/pypi/public/demo-1.0.whl',
      '/pypi/public/a/b/demo-1.0+cpu.whl?signature=x',
      '/pypi/public/a/demo-1.0%2Bcpu.whl',
      '/pypi/public/a/demo-1.0%2bcpu.whl',
      '/pypi/%70ublic/demo-1.0.whl',
      '/pypi/%50ublic/../public/demo-1.0.whl',
      '/pypi/public/+f/abc/demo..1.whl',
    ])
      t.equal(isBelow(path, PUBLIC), true, path)
    for (const path of [
      '/private/demo-1.0.whl',
      '/pypi/demo-1.0.whl',
      '/pypi/public',
      '/pypi/public-too/demo-1.0.whl',
      '/pypi/Public/demo-1.0.whl',
      '/pypi//public/demo-1.0.whl',
      '/x/pypi/public/demo-1.0.whl',
    ])
      t.equal(isBelow(path, PUBLIC), false, path)
  })

  t.test('is nothing that a server could take for another place', async t => {
    for (const way of [
      '..',
      '%2e%2e',
      '%2E%2e',
      '.%2E',
      '..%2f..',
      '%2e%2e%2F..',
      'a%2fb',
      'a%5Cb',
      '..%5c..',
      '%252e%252e',
      '%25252e%25252E',
      'a%252fb',
      '..;x=1',
      '%2e%2e%3bx',
      '..%20',
      '%c0%ae%c0%ae',
      'a%00b',
      'a%2525252525252fb',
    ]) {
      const path = `/pypi/public/${way}/${way}/private/demo-1.0.whl`
      t.equal(isBelow(path, PUBLIC), false, path)
    }
  })

  t.test('without one is the whole origin, and no other', async t => {
    t.equal(isBelow('/any/where%2f..', 'https://files.example'), true)
    for (const other of ['http://files.example', 'https://files.example:8443', 'https://other.example', PUBLIC])
      t.equal(isBelow('/any/where', other), false, other)
    t.equal(isBelow('/other/x', PUBLIC, 'https://files.example/other'), true, 'below one of them is enough')
  })
})

t.test(
  'on an origin with others a place is its own below its base, and below none of theirs that is further down',
  async t => {
    const host = 'https://index.example'
    const own = (path: string, base: string, ...others: readonly string[]) =>
      isOwnPlace(new URL(path, host), [`${host}${base}`], others)
    t.ok(own('/proxy/simple/a/', '/corp', 'https://other.example/proxy'), 'nobody else is there')
    t.ok(own('/corp/simple/b/', '/corp', `${host}/proxy`))
    t.notOk(own('/proxy/simple/a/', '/corp', `${host}/proxy`))
    t.notOk(own('/corporate/simple/a/', '/corp', `${host}/proxy`), 'whole segments')
    t.notOk(own('/alias/simple/a/', '/corp', `${host}/proxy`), 'it may be the other under another name')
    t.ok(own('/moved/a/', '', `${host}/proxy`), 'the origin itself is a base')
    t.notOk(own('/proxy/simple/a/', '', `${host}/proxy`))
    t.ok(own('/proxy/team/simple/a/', '/proxy/team', `${host}/proxy`, host), 'its own is further down')
    t.notOk(own('/proxy/simple/a/', '/proxy/team', `${host}/proxy`))
    t.ok(own('/simple/a/', '', host), 'both have the same base')
    for (const path of ['/x/..%2fproxy/simple/a/', '/%252e%252e/proxy/a/', '/x%5c..%5cproxy/a/'])
      t.notOk(own(path, '', `${host}/proxy`), path)
  },
)
