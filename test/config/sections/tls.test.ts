import t from 'tap'
import { consoleBase } from '../../../src/config/sections/console.ts'
import { load, wrong } from '../loaded-config.ts'

const PAIR = 'cert: a.pem, key: b.pem'

t.test('a certificate and its key are named together, for packages and for the console alike', async t => {
  for (const [yaml, why] of [
    ['tls: { cert: a.pem }', /^portcullis\.yaml:1:\d+ tls\.cert: needs tls\.key/],
    ['tls: { key: a.pem }', / tls\.key: needs tls\.cert/],
    [
      'console: { listen: 127.0.0.1:1, tls: { cert: a.pem } }',
      /^portcullis\.yaml:1:\d+ console\.tls\.cert: needs console\.tls\.key/,
    ],
    ['console: { listen: 127.0.0.1:1, tls: { key: a.pem } }', / console\.tls\.key: needs console\.tls\.cert/],
  ] as const)
    t.match(wrong(t, `${yaml}\n`), [why], yaml)
})

t.test('the console is found over HTTPS where it has a certificate of its own, and only there', async t => {
  const base = (yaml: string) => consoleBase(load(t, yaml).config.console)
  t.equal(base(`console: { listen: 127.0.0.1:9000, tls: { ${PAIR} } }\n`), 'https://127.0.0.1:9000')
  t.equal(base('console: { listen: 127.0.0.1:9000 }\n'), 'http://127.0.0.1:9000')
  t.equal(base(`console: { listen: 127.0.0.1:9000 }\ntls: { ${PAIR} }\n`), 'http://127.0.0.1:9000', 'as it always was')
})

t.test('a certificate of no console, or of one that is found over plain HTTP, is a mistake', async t => {
  t.match(wrong(t, `console: { tls: { ${PAIR} } }\n`), [/console\.tls\.cert: there is no console: set console\.listen/])
  t.match(wrong(t, `console: { public_url: "http://127.0.0.1:8081", tls: { ${PAIR} } }\n`), [
    /console\.public_url: is http:, and with console\.tls the console speaks HTTPS/,
  ])
  t.strictSame(wrong(t, `console: { public_url: "https://console.acme.example", tls: { ${PAIR} } }\n`), [])
})
