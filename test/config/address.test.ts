import t from 'tap'
import { load, wrong } from './loaded-config.ts'

t.test('addresses to listen on', t => {
  const listen = (text: string) => load(t, undefined, { environment: { PORTCULLIS_LISTEN: text } }).config.listen
  t.strictSame(listen('0.0.0.0:80'), { host: '0.0.0.0', port: 80 })
  t.strictSame(listen('[::]:65535'), { host: '::', port: 65_535 })
  t.strictSame(listen('localhost:0'), { host: 'localhost', port: 0 })
  for (const text of [
    '8080',
    ':8080',
    '::1:8080',
    '[127.0.0.1]:1',
    '1.2.3.4:65536',
    '1.2.3:80',
    'a:b',
    'a:1 ',
    'http://a:1',
  ])
    t.equal(wrong(t, undefined, { environment: { PORTCULLIS_LISTEN: text } }).length, 1, text)
  t.end()
})

t.test('proxies to believe are addresses and ranges', t => {
  const proxies = (text: string) => wrong(t, `trust_proxy: [${text}]\n`)
  for (const text of ['10.0.0.1', '10.0.0.0/8', '"fd00::/8"', '"::1"', '0.0.0.0/0'])
    t.strictSame(proxies(text), [], text)
  for (const text of ['10.0.0.0/33', '10/8', '"fd00::/129"', 'localhost', '10.0.0.0/', '"fe80::1%eth0"', '""'])
    t.equal(proxies(text).length, 1, text)
  t.end()
})

t.test('plain http: leads no farther than the machine', t => {
  const index = (url: string) => wrong(t, `upstream: { index: "${url}" }\n`).length
  for (const url of ['https://a.example/prefix/', 'http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])
    t.equal(index(url), 0, url)
  for (const url of [
    'http://a.example',
    'http://10.0.0.1',
    'ftp://a.example',
    'a.example',
    'https://a.example?x',
    'https://a.example#x',
  ])
    t.equal(index(url), 1, url)
  for (const key of ['files: ["http://a.example"]', 'integrity: http://a.example'])
    t.equal(wrong(t, `upstream: { ${key} }\n`).length, 1, key)
  t.equal(wrong(t, 'trust: { tuf_url: "http://a.example", tuf_root: r }\n').length, 1)
  t.end()
})

t.test('the public URL has no slash at its end, no query and no credentials', t => {
  const url = (text: string) => load(t, `public_url: "${text}"\n`).config.publicUrl
  t.equal(url('http://pypi.acme.example:8080'), 'http://pypi.acme.example:8080')
  t.equal(url('https://PYPI.acme.example/a/b//'), 'https://pypi.acme.example/a/b')
  for (const text of ['pypi.acme.example', 'ftp://a', 'https://a?', 'https://a?b', 'https://a#', 'https://u@a', ''])
    t.equal(wrong(t, `public_url: "${text}"\n`).length, 1, text)
  t.end()
})
