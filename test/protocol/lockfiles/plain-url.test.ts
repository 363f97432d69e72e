import t from 'tap'
import { plainUrl, withoutCredentials } from '../../../src/protocol/lockfiles/plain-url.ts'

t.test('a URL that every client reads alike is read', async t => {
  const plain: readonly (readonly [url: string, host: string])[] = [
    ['https://pypi.org/simple', 'pypi.org'],
    ['HTTPS://PyPI.org:443/simple/', 'pypi.org'],
    ['https://user:p%40ss@pypi.org/simple', 'pypi.org'],
    ['https://__token__@files.example', 'files.example'],
    ['http://127.0.0.1:8080/simple', '127.0.0.1:8080'],
    ['http://[::1]:8080/root/pypi/+simple/', '[::1]:8080'],
    ['https://files.example/whl/torch-2.1.0%2Bcu118-py3-none-any.whl#sha256=ab', 'files.example'],
    ['https://my_host/demo.whl?token=1', 'my_host'],
  ]
  for (const [url, host] of plain) t.equal(plainUrl(url)?.host, host, url)
})

t.test('a URL that some client reads otherwise is not', async t => {
  const odd = [
    'https://evil.example\\@pypi.org/simple',
    'https://evil.example\\pypi.org',
    'https:\\\\pypi.org/simple',
    'https://pypi.org\\/simple',
    'https://evil.example@evil.example@pypi.org/simple',
    'https://evil.example:1:2@pypi.org/simple',
    `https://evil.example:${'$'}{HOME}@pypi.org/simple`,
    'https://$HOST/simple',
    'https://[evil.example]@pypi.org/simple',
    'https://evil.example;@pypi.org/simple',
    'https://pypi.org;evil/simple',
    'https://pypi.org/simple;evil',
    'https://evil.example#@pypi.org/simple',
    'https://evil.example?@pypi.org/simple',
    'https://pypi.org/simple\n',
    ' https://pypi.org/simple',
    'https://py\tpi.org/simple',
    'https://pypi.org/sim ple',
    'https://pypi.org\u0000/simple',
    'https://pypi。org/simple',
    'https://pypi.org/simplé',
    'https://pypi%2eorg/simple',
    'https:///pypi.org/simple',
    'https:pypi.org/simple',
    'https:/pypi.org/simple',
    'https://user@/simple',
    'https://pypi.org:/simple',
    'https://pypi.org:0443/simple',
    'https://pypi.org:99999/simple',
    'https://pypi.org//evil.example/simple',
    'https://pypi.org/x/../simple',
    'https://pypi.org/x/%2E./simple',
    'https://pypi.org/./simple',
    'https://pypi.org/%zz',
    'http://127.1/simple',
    `http://${['0177', '0', '0', '1'].join('.')}/simple`,
    'http://2130706433/simple',
    'http://0x7f.0.0.1/simple',
    'http://[::1%25eth0]/simple',
    'ftp://pypi.org/simple',
    'pypi.org/simple',
    '',
  ]
  for (const url of odd) t.equal(plainUrl(url), undefined, JSON.stringify(url))
})

t.test('credentials are gone, and what is odd becomes nothing plain', async t => {
  t.equal(withoutCredentials('https://user:secret@pypi.org/simple'), 'https://pypi.org/simple')
  t.equal(withoutCredentials('git+ssh://user:secret@g.example/a@b'), 'git+ssh://g.example/a@b')
  for (const odd of [
    'https://user:secret\\@pypi.org/simple',
    'https:user:secret@pypi.org/simple',
    'https://u:secret@u@pypi.org/simple',
  ]) {
    const shown = withoutCredentials(odd)
    t.notMatch(shown, /secret/, odd)
    t.equal(plainUrl(shown), undefined)
  }
})
