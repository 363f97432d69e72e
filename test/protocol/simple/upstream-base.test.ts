import t from 'tap'
import { parseUpstreamBase } from '../../../src/protocol/simple/upstream-base.ts'

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
