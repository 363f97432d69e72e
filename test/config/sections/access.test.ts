import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import { type AccessSettings, accessFor, isClosed } from '../../../src/config/sections/access.ts'
import { indexesOf } from '../../../src/config/sources.ts'
import { load, wrong } from '../loaded-config.ts'

const INDEXES = `
sources:
  pypi: { index: "https://pypi.org" }
indexes:
  all: { path: /, sources: [pypi] }
  ml: { path: /ml, sources: [pypi], access: { anonymous: false } }
`

t.test('where nothing is said, everybody is served and tokens are taken', t => {
  const { config } = load(t, undefined)
  t.strictSame(config.access, {
    anonymous: true,
    tokens: true,
    workloads: [],
    front: { header: 'X-Forwarded-User', from: [] },
  })
  t.strictSame(indexesOf(config)[0]?.access, config.access)
  t.end()
})

t.test('what an index says holds for it alone, the rest as at the top', t => {
  const [all, ml] = indexesOf(load(t, `access: { tokens: true, front: { from: [10.0.0.0/8] } }${INDEXES}`).config)
  t.match(all?.access, { anonymous: true, front: { from: ['10.0.0.0/8'] } })
  t.match(ml?.access, { anonymous: false, tokens: true, front: { header: 'X-Forwarded-User', from: ['10.0.0.0/8'] } })
  t.end()
})

t.test('workloads have an issuer, an audience, claims and a subject', t => {
  const own = '{ issuer: "https://ci.example", audience: gate, claims: { owner: acme }, subject: "{repository}@{ref}" }'
  const { config } = load(t, `access: { anonymous: false, workloads: [${own}] }`)
  t.strictSame(config.access.workloads, [
    { issuer: 'https://ci.example', audience: 'gate', claims: { owner: 'acme' }, subject: '{repository}@{ref}' },
  ])
  const said = { PORTCULLIS_ACCESS_WORKLOADS: '[{ issuer: "https://ci.example", audience: gate, claims: {} }]' }
  t.match(load(t, undefined, { environment: said }).config.access.workloads, [{ claims: {}, subject: '{sub}' }])
  t.end()
})

const rule = (ca?: string) =>
  `{ issuer: "https://ci.example", audience: a, claims: { owner: acme }${ca === undefined ? '' : `, ca: ${ca}`} }`

t.test('an issuer may have certificate authorities of its own, which rules agree about', t => {
  const folder = t.testdir({
    'portcullis.yaml': `access: { workloads: [${rule('./a.pem')}, ${rule()}, ${rule('a.pem')}] }`,
  })
  const { config } = loadConfig({ flags: {}, file: undefined, environment: {}, folder })
  t.match(config.access.workloads, [{ ca: join(folder, 'a.pem') }, { ca: undefined }, { ca: join(folder, 'a.pem') }])
  t.end()
})

/** Fields that clients and proxies say something else with. */
const TAKEN = `
  Accept accept-encoding Host Authorization Proxy-Authorization Range If-None-Match Cookie
  User-Agent Referer Origin Content-Type Sec-Fetch-Site X-Forwarded-For X-Forwarded-Proto X-Real-IP
  Forwarded Via Connection TE Expect From X-Request-Id traceparent
`

t.test('a front has a header of its own, and addresses of its own', t => {
  for (const header of ['X-Forwarded-User', 'X-Remote-User', 'Remote-User', 'X-Auth-Request-Email', 'X-WEBAUTH-USER'])
    t.equal(load(t, `access: { front: { header: ${header}, from: [10.0.0.0/8] } }`).config.access.front.header, header)
  for (const header of TAKEN.trim().split(/\s+/))
    for (const [yaml, told] of [
      [`access:\n  front: { header: ${header} }`, /^portcullis\.yaml:2:\d+ access\.front\.header: is a header that/],
      [
        `${INDEXES}  x: { path: /x1, sources: [pypi], access: { front: { header: ${header} } } }`,
        /:7:\d+ indexes\.x\./,
      ],
    ] as const)
      t.match(wrong(t, yaml), [told], header)
  for (const range of ['0.0.0.0/0', '10.0.0.0/0', '::/0', 'fd00::/0', '::ffff:0.0.0.0/96', '::ffff:10.0.0.0/90'])
    t.match(wrong(t, `access: { front: { from: [10.0.0.1, "${range}"] } }`), [
      /^portcullis\.yaml:1:\d+ access\.front\.from\[1\]: is everybody/,
    ])
  for (const range of ['0.0.0.0', '::', '10.0.0.0/8', '::1/128', '::ffff:10.0.0.0/104'])
    t.strictSame(load(t, `access: { front: { from: ["${range}"] } }`).config.access.front.from, [range])
  t.end()
})

t.test('what is wrong is told at its place', t => {
  for (const [yaml, told] of [
    ['access: { anonymous: maybe }', /^portcullis\.yaml:1:\d+ access\.anonymous/],
    [
      'access: { workloads: [{ issuer: "http://ci.example", audience: a, claims: {} }] }',
      /access\.workloads\[0\]\.issuer: is neither/,
    ],
    [
      'access: { workloads: [{ issuer: "https://ci.example", claims: {} }] }',
      /access\.workloads\[0\]\.audience: "audience" is missing$/,
    ],
    [
      'access:\n  workloads:\n    - { issuer: "https://ci.example", audience: a }',
      /^portcullis\.yaml:3:\d+ access\.workloads\[0\]\.claims: "claims" is missing: name at least one claim/,
    ],
    [
      'access: { workloads: [{ issuer: "https://ci.example", audience: a, claims: { owner: 7 } }] }',
      /claims\.owner: must be text, found 7/,
    ],
    [
      'access: { workloads: [{ issuer: "https://ci.example", audience: a, claims: [owner] }] }',
      /claims: must be a mapping/,
    ],
    [
      `access: { workloads: [${rule('a.pem')}] }${INDEXES}  x: { path: /x1, sources: [pypi], access: { workloads: [${rule('b.pem')}] } }`,
      /^portcullis\.yaml:7:\d+ indexes\.x\.access\.workloads\.0\.ca: https:\/\/ci\.example is asked with .*a\.pem by another rule/,
    ],
    [
      `offline: true\ntrust: { root: root.json }\naccess: { anonymous: false, tokens: false, workloads: [${rule()}] }`,
      /^portcullis\.yaml:3:\d+ access\.anonymous: nobody could enter .*offline/,
    ],
    [
      'access: { workloads: [{ issuer: "https://ci.example", audience: a, claims: {}, subject: "{open" }] }',
      /subject: must be text with claims in braces/,
    ],
    ['access: { front: { header: Authorization, from: [10.0.0.1] } }', /access\.front\.header: is a header/],
    ['access: { front: { from: [10.0.0.300] } }', /access\.front\.from\[0\]: must be an address/],
    ['access: { token: true }', /did you mean "tokens"/],
    [`${INDEXES}  x: { path: /x1, sources: [pypi], access: { anon: true } }`, /indexes\.x\.access\.anon: unknown key/],
    ['access: { anonymous: false, tokens: false }', /^portcullis\.yaml:1:\d+ access\.anonymous: nobody could enter/],
    [
      `access: { tokens: false }${INDEXES}`,
      /^portcullis\.yaml:6:\d+ indexes\.ml\.access\.anonymous: nobody could enter the index ml/,
    ],
    ['tls: { cert: a.pem }', /^portcullis\.yaml:1:\d+ tls\.cert: needs tls\.key/],
    ['tls: { key: a.pem }', /tls\.key: needs tls\.cert/],
  ] as const) {
    const lines = wrong(t, yaml)
    t.equal(lines.length, 1, `${yaml}: ${lines.join('; ')}`)
    t.match(lines[0], told, yaml)
  }
  t.end()
})

t.test('one way in is enough', t => {
  const nobody: AccessSettings = {
    anonymous: false,
    tokens: false,
    workloads: [],
    front: { header: 'X-Forwarded-User', from: [] },
  }
  t.ok(isClosed(nobody))
  for (const way of [
    { anonymous: true },
    { tokens: true },
    { front: { from: ['10.0.0.1'] } },
    { workloads: [{ issuer: 'https://ci.example', audience: 'a', claims: {}, subject: '{sub}' }] },
  ])
    t.notOk(isClosed(accessFor(nobody, way)), JSON.stringify(way))
  const workloads = [{ issuer: 'https://ci.example', audience: 'a', claims: {}, subject: '{sub}' }]
  t.ok(isClosed({ ...nobody, workloads }, { offline: true }), 'an issuer that is not asked lets nobody in')
  t.end()
})
