import t from 'tap'
import { consoleListen } from '../../../src/config/sections/console.ts'
import { load, wrong } from '../loaded-config.ts'

const OIDC = 'oidc: { issuer: https://login.acme.example, client_id: x }'

t.test('there is a console once somebody says where it is, or who signs in', async t => {
  const listen = (yaml: string | undefined) => consoleListen(load(t, yaml).config.console)
  t.equal(listen(undefined), undefined)
  t.equal(listen('console: { requests: { anonymous: true } }\n'), undefined)
  t.strictSame(listen('console: { listen: 127.0.0.1:9000 }\n'), { host: '127.0.0.1', port: 9_000 })
  for (const yaml of ['public_url: https://console.acme.example', OIDC])
    t.strictSame(listen(`console: { ${yaml} }\n`), { host: '127.0.0.1', port: 8_081 }, yaml)
})

t.test('browsers find it at an origin of its own, over HTTPS or on this machine', async t => {
  for (const [url, kept] of [
    ['https://console.acme.example/', 'https://console.acme.example'],
    ['http://127.0.0.1:8081', 'http://127.0.0.1:8081'],
    ['http://localhost:8081', 'http://localhost:8081'],
  ] as const)
    t.equal(load(t, `console: { public_url: "${url}" }\n`).config.console.publicUrl, kept)
  for (const [url, why] of [
    ['http://console.acme.example', /neither https: nor http: on a loopback address/],
    ['https://acme.example/console', /has a path: the console needs a host name/],
    ['https://ada:secret@console.acme.example', /holds credentials/],
    ['https://console.acme.example/?a=b', /has a query/],
    ['console.acme.example', /is (?:not an absolute URL|neither)/],
  ] as const) {
    const lines = wrong(t, `console: { public_url: "${url}" }\n`)
    t.match(lines, [why])
    t.notMatch(lines.join(), /ada:secret/)
  }
})

t.test('a console beyond this machine has a public URL', async t => {
  for (const host of ['0.0.0.0', '10.1.2.3', '"[::]', 'console.acme.example']) {
    const listen = host.startsWith('"') ? `${host}:8081"` : `"${host}:8081"`
    t.match(wrong(t, `console: { listen: ${listen} }\n`), [
      /console\.listen: is beyond this machine: needs console\.public_url/,
    ])
    t.strictSame(wrong(t, `console: { listen: ${listen}, public_url: https://console.acme.example }\n`), [])
  }
})

t.test('it is none of the listeners of packages', async t => {
  t.match(wrong(t, 'console: { listen: 127.0.0.1:8080 }\n'), [/console\.listen: is where packages are served/])
})

t.test('an issuer and what goes with it are said together', async t => {
  t.match(wrong(t, 'console: { oidc: { issuer: https://login.acme.example } }\n'), [/needs console\.oidc\.client_id/])
  t.match(wrong(t, 'console: { oidc: { issuer: http://login.acme.example, client_id: x } }\n'), [/neither https:/])
  for (const [member, key] of [
    ['client_id: x', 'client_id'],
    ['client_secret_file: x', 'client_secret_file'],
    ['ca: x.pem', 'ca'],
    ['roles: { admin: [platform] }', 'roles.admin'],
  ] as const)
    t.match(wrong(t, `console: { oidc: { ${member} } }\n`), [
      new RegExp(`^portcullis\\.yaml:1:\\d+ console\\.oidc\\.${key}: needs console\\.oidc\\.issuer`),
    ])
  t.match(wrong(t, `console: { ${OIDC.replace(' }', ', role: {} }')} }\n`), [/role/])
  t.strictSame(load(t, `console: { ${OIDC.replace(' }', ', roles: { viewer: [] } }')} }\n`).config.console.oidc.roles, {
    viewer: [],
    approver: [],
    admin: [],
  })
})
