// guards: src/config/source.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { load, ROOT, wrong } from './loaded-config.ts'

t.test('without anything said, the defaults of the documentation hold', t => {
  const { config, origins } = load(t, undefined)
  t.strictSame(config.listen, { host: '127.0.0.1', port: 8080 })
  t.equal(config.publicUrl, undefined)
  t.equal(config.upstream.index, 'https://pypi.org')
  t.strictSame(config.upstream.files, ['https://files.pythonhosted.org'])
  t.equal(config.upstream.timeout, 10_000)
  t.equal(config.trust.root, 'tuf')
  t.equal(config.trust.maxAge, 7 * 86_400_000)
  t.strictSame(config.index, { mode: 'list', maxAge: 60_000, maxStale: 3_600_000, internal: [] })
  t.strictSame(config.files, {
    spool: 16 * 1024 ** 2,
    maxSize: 5 * 1024 ** 3,
    cache: 50 * 1024 ** 3,
    metadata: 'promised',
    clientCache: 'revalidate',
    accel: { header: 'X-Accel-Redirect', location: undefined },
  })
  t.equal(config.findings.negativeTtl, 600_000)
  t.strictSame(config.journal, { keep: 400 * 86_400_000, maxSize: 4 * 1024 ** 3 })
  t.strictSame(config.store, { database: undefined, blobs: undefined, maxStale: 60_000 })
  t.strictSame(config.notify, [])
  t.strictSame(config.console, {
    listen: undefined,
    publicUrl: undefined,
    tls: { cert: undefined, key: undefined },
    oidc: {
      issuer: undefined,
      clientId: undefined,
      clientSecretFile: undefined,
      ca: undefined,
      unverifiedEmail: false,
      roles: { viewer: undefined, approver: [], admin: [] },
    },
    requests: { anonymous: false, requireHolder: false },
  })
  t.strictSame(config.vsa, { key: undefined, verifierId: undefined })
  t.strictSame(config.limits, { connections: 4_096, connectionsPerAddress: 1_024 })
  t.equal(config.access.anonymous, true)
  t.strictSame(config.tls, { cert: undefined, key: undefined })
  t.strictSame(config.metrics, { open: false })
  t.strictSame(config.log, { level: 'info', format: 'json' })
  t.strictSame([...new Set(origins.values())], ['default'])
  t.end()
})

t.test('the default policy is the shipped one, wherever the gate is started', t => {
  const { config, origins } = load(t, 'listen: 127.0.0.1:1\n')
  t.strictSame(config.policy, [join(ROOT, 'policies/starter.yaml')])
  t.equal(origins.get('policy'), 'default')
  t.match(readFileSync(config.policy[0] ?? '', 'utf8'), 'unmatched: deny')
  t.end()
})

t.test('the file beats defaults, the environment beats the file, flags beat the environment', t => {
  const yaml = 'listen: 127.0.0.1:1\n'
  const environment = { PORTCULLIS_LISTEN: '127.0.0.1:2' }
  const steps: readonly (readonly [loaded: LoadedConfig, port: number, origin: string])[] = [
    [load(t, undefined), 8080, 'default'],
    [load(t, yaml), 1, 'portcullis.yaml:1:1'],
    [load(t, yaml, { environment }), 2, 'PORTCULLIS_LISTEN'],
    [load(t, yaml, { environment, flags: { listen: '127.0.0.1:3' } }), 3, '--listen'],
  ]
  for (const [{ config, origins }, port, origin] of steps) {
    t.equal(config.listen.port, port)
    t.equal(origins.get('listen'), origin)
  }
  t.end()
})

t.test('a key keeps its own origin when another of its section is overridden', t => {
  const { config, origins } = load(t, 'index:\n  mode: hide\n  max_age: 5s\n', {
    environment: { PORTCULLIS_INDEX_MAX_AGE: '6s' },
  })
  t.match(config.index, { mode: 'hide', maxAge: 6_000, maxStale: 3_600_000 })
  t.equal(origins.get('index.mode'), 'portcullis.yaml:2:3')
  t.equal(origins.get('index.max_age'), 'PORTCULLIS_INDEX_MAX_AGE')
  t.equal(origins.get('index.max_stale'), 'default')
  t.end()
})

t.test('--config beats PORTCULLIS_CONFIG, which beats portcullis.yaml in the working folder', t => {
  const folder = t.testdir({
    'portcullis.yaml': 'listen: 127.0.0.1:1\n',
    'two.yaml': 'listen: 127.0.0.1:2\n',
    'three.yaml': 'listen: 127.0.0.1:3\n',
  })
  const port = (file: string | undefined, variable: string | undefined) =>
    loadConfig({ flags: {}, file, environment: { PORTCULLIS_CONFIG: variable }, folder }).config.listen.port
  t.equal(port(undefined, undefined), 1)
  t.equal(port(undefined, ''), 1, 'an empty variable is as one that is not there')
  t.equal(port(undefined, 'two.yaml'), 2)
  t.equal(port('three.yaml', 'two.yaml'), 3)
  t.end()
})

t.test('relative paths stand under the file they are written in, others under the working folder', t => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'etc'))
  writeFileSync(
    join(folder, 'etc/gate.yaml'),
    'data: ./d\npolicy: [p.yaml]\nupstream: { ca: ca.pem }\ntrust: { root: ../r.json }\n',
  )
  const { config } = loadConfig({
    flags: { data: 'flagged' },
    file: 'etc/gate.yaml',
    environment: { PORTCULLIS_POLICY: 'a.yaml, sub/b.yaml' },
    folder,
  })
  t.equal(config.upstream.ca, join(folder, 'etc/ca.pem'))
  t.equal(config.trust.root, join(folder, 'r.json'))
  t.strictSame(config.policy, [join(folder, 'a.yaml'), join(folder, 'sub/b.yaml')])
  t.equal(config.data, join(folder, 'flagged'))
  t.end()
})

t.test('`tuf` and `embedded` are words; a file of that name is written with its folder', t => {
  t.equal(load(t, 'trust: { root: embedded }\n').config.trust.root, 'embedded')
  t.match(load(t, 'trust: { root: ./embedded }\n').config.trust.root, /^\/.*\/embedded$/)
  t.end()
})

t.test('every mistake of every source is told at once, each at its place', t => {
  const yaml = [
    'listen: ":80"',
    'upstrem: {}',
    'index: { mod: hide, max_age: 11m, internal: ["a**"] }',
    'upstream:',
    '  timeout: 10',
    '  index: http://example.com',
    'files: { spool: 16MB, cache: 0 }',
    'log: { level: inf }',
    '',
  ].join('\n')
  const told = wrong(t, yaml, {
    environment: { PORTCULLIS_LISTN: '1', PORTCULLIS_INDEX_MODE: 'lst' },
    flags: { listen: 'x' },
  })
  const expected = [
    /^PORTCULLIS_LISTN: unknown environment variable \(did you mean "PORTCULLIS_LISTEN"\?\)$/,
    /^portcullis\.yaml:1:9 listen: must be host:port or \[IPv6\]:port/,
    /^portcullis\.yaml:2:1 upstrem: unknown key "upstrem" \(did you mean "upstream"\?\)$/,
    /^portcullis\.yaml:3:10 index\.mod: unknown key "mod" \(did you mean "mode"\?\)$/,
    /^portcullis\.yaml:3:30 index\.max_age: must be at most 10m; found "11m"$/,
    /^portcullis\.yaml:3:46 index\.internal\[0\]: write one "\*"/,
    /^portcullis\.yaml:5:12 upstream\.timeout: needs a unit, such as 10s; found 10$/,
    /^portcullis\.yaml:6:10 upstream\.index: is neither https: nor http: on a loopback address$/,
    /^portcullis\.yaml:7:17 files\.spool: must be a size.*found "16MB"$/,
    /^portcullis\.yaml:7:30 files\.cache: must be between one byte and/,
    /^portcullis\.yaml:8:15 log\.level: must be one of .*did you mean "info"/,
    /^PORTCULLIS_INDEX_MODE: must be one of .*did you mean "list"/,
    /^--listen: must be host:port/,
  ]
  t.equal(told.length, expected.length, told.join('\n'))
  for (const [index, pattern] of expected.entries()) t.match(told[index], pattern)
  t.end()
})

t.test('a mistake in the file is told even where a variable overrides it', t => {
  t.match(wrong(t, 'log: { level: loud }\n', { environment: { PORTCULLIS_LOG_LEVEL: 'warn' } }), [
    /^portcullis\.yaml:1:15 log\.level/,
  ])
  t.end()
})

t.test('`upstream.integrity` follows the index until it is named', t => {
  const environment = { PORTCULLIS_UPSTREAM_INDEX: 'https://mirror.example' }
  t.equal(load(t, undefined, { environment }).config.upstream.integrity, 'https://mirror.example')
  const yaml = 'upstream: { integrity: "https://pypi.org" }\n'
  t.equal(load(t, yaml, { environment }).config.upstream.integrity, 'https://pypi.org')
  t.end()
})

t.test('files are left to a front only where one is named, at a location of its own', t => {
  const trusted = 'trust_proxy: [127.0.0.1]\n'
  const { config, origins } = load(t, `${trusted}files: { accel: { location: /_blobs/ } }\n`)
  t.strictSame(config.files.accel, { header: 'X-Accel-Redirect', location: '/_blobs/' })
  t.equal(origins.get('files.accel.location'), 'portcullis.yaml:2:19')
  t.match(wrong(t, 'files: { accel: { location: /_blobs/ } }\n'), [
    /^portcullis\.yaml:1:19 files\.accel\.location: needs trust_proxy to name the front/,
  ])
  t.match(wrong(t, undefined, { environment: { PORTCULLIS_FILES_ACCEL_LOCATION: '/_blobs/' } }), [
    /^PORTCULLIS_FILES_ACCEL_LOCATION files\.accel\.location: needs trust_proxy/,
  ])
  t.match(wrong(t, `${trusted}files: { accel: { header: X-Sendfile } }\n`), [/needs files\.accel\.location/])
  for (const location of [
    '_blobs/',
    '/_blobs',
    '/',
    '//',
    '/a//b/',
    '/../',
    '/a/./',
    '/a b/',
    '/a%2f/',
    '/a?b/',
    'http://a/',
  ])
    t.match(wrong(t, `${trusted}files: { accel: { location: "${location}" } }\n`), [
      /files\.accel\.location: must be a path that begins and ends with \//,
    ])
  for (const header of ['Location', 'Set-Cookie', 'X-', 'X-Content-Type-Options', 'X-A: b', 'X-A\\r\\nB'])
    t.match(wrong(t, `${trusted}files: { accel: { location: /_blobs/, header: "${header}" } }\n`), [
      /files\.accel\.header: must be a field such as X-Accel-Redirect/,
    ])
  t.end()
})

t.test('the shipped example loads, and says what holds without it', t => {
  const file = join(ROOT, 'portcullis.example.yaml')
  const { config, origins } = loadConfig({ flags: {}, file, environment: {}, folder: ROOT })
  t.strictSame(config, loadConfig({ flags: {}, file: undefined, environment: {}, folder: ROOT }).config)
  const whole = readFileSync(file, 'utf8').replace(/^( *)#([a-z_]+:)/gm, '$1$2')
  const uncommented = load(t, whole.replace('trust_proxy: []', 'trust_proxy: [127.0.0.1]'))
  // what stands in place of `upstream` stands beside it in no file
  for (const { key } of CONFIG_KEYS.filter(one => one.key !== 'sources' && one.key !== 'indexes'))
    t.match(uncommented.origins.get(key), /^portcullis\.yaml:/, key)
  t.equal([...origins.values()].filter(origin => origin === 'default').length, 24, 'settings without a plain default')
  t.end()
})
