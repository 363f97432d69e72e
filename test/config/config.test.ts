import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { addConfigCommand } from '../../src/cli/operate/config.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { showConfig, shownLines } from '../../src/config/show.ts'
import { formatDuration } from '../../src/config/units.ts'
import { GateError } from '../../src/domain/base/errors.ts'

type Input = Parameters<typeof loadConfig>[0]

const ROOT = resolve(import.meta.dirname, '../..')
const SECRET = 'hunter2-hunter2'

/** Loads in a folder of its own; `yaml` stands in its portcullis.yaml. */
function load(t: Test, yaml: string | undefined, changes: Partial<Input> = {}): LoadedConfig {
  const folder = t.testdir(yaml === undefined ? {} : { 'portcullis.yaml': yaml })
  return loadConfig({ flags: {}, file: undefined, environment: {}, folder, ...changes })
}

/** What is wrong, one a line. */
function wrong(t: Test, yaml: string | undefined, changes: Partial<Input> = {}): readonly string[] {
  try {
    load(t, yaml, changes)
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    t.equal(error.code, 'config-invalid')
    return error.detail.split('\n')
  }
  return []
}

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
    clientCache: 'revalidate',
  })
  t.equal(config.findings.negativeTtl, 600_000)
  t.equal(config.journal.keep, 400 * 86_400_000)
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

t.test('a file that was named and is not there is an error, with nothing hidden behind it', t => {
  t.strictSame(wrong(t, undefined, { file: 'gone.yaml' }), ['gone.yaml: the file cannot be read (ENOENT)'])
  t.strictSame(
    wrong(t, 'listen: 127.0.0.1:1\n', {
      environment: { PORTCULLIS_CONFIG: 'gone.yaml', PORTCULLIS_LOG_LEVEL: 'loud' },
    }),
    [
      'gone.yaml: the file cannot be read (ENOENT)',
      'PORTCULLIS_LOG_LEVEL: must be one of debug, info, warn, error; found "loud"',
    ],
  )
  t.end()
})

t.test('a file that is there and cannot be read as text is an error', t => {
  const folder = t.testdir({})
  const path = join(folder, 'portcullis.yaml')
  const told = () => {
    try {
      loadConfig({ flags: {}, file: undefined, environment: {}, folder })
      return ''
    } catch (error) {
      return error instanceof GateError ? error.detail : String(error)
    }
  }
  writeFileSync(path, Buffer.from([0x6c, 0xff, 0xfe]))
  t.equal(told(), 'portcullis.yaml: the file is not UTF-8')
  writeFileSync(path, `#${' '.repeat(1024 * 1024)}`)
  t.equal(told(), 'portcullis.yaml: the file is larger than 1 MiB')
  writeFileSync(path, 'listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n')
  t.match(told(), /portcullis\.yaml:2:1 the file must hold one YAML document/)
  writeFileSync(path, '# nothing yet\n')
  t.equal(told(), '')
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

t.test('a variable that nobody knows is an error, what Kubernetes sets for a service of that name is not', t => {
  t.match(wrong(t, undefined, { environment: { PORTCULLIS_INDEX_MAXAGE: '1s' } }), [
    /did you mean "PORTCULLIS_INDEX_MAX_AGE"/,
  ])
  t.strictSame(wrong(t, undefined, { environment: { PORTCULLIS_LISTEN_FILE: 'x' } }).length, 1, 'no secret, no _FILE')
  t.strictSame(
    wrong(t, undefined, {
      environment: {
        PORTCULLIS_SERVICE_HOST: '10.0.0.1',
        PORTCULLIS_SERVICE_PORT: '80',
        PORTCULLIS_SERVICE_PORT_HTTP: '80',
        PORTCULLIS_PORT: 'tcp://10.0.0.1:80',
        PORTCULLIS_PORT_80_TCP_ADDR: '10.0.0.1',
        PATH: '/bin',
      },
    }),
    [],
  )
  t.end()
})

t.test('a gate without a network wants a root that nothing has to refresh', t => {
  const needsRoot = /offline: needs trust\.root to name a trusted_root\.json/
  for (const text of ['offline: true\n', 'offline: true\ntrust: {root: tuf}\n'])
    t.match(wrong(t, text), [/^.*portcullis\.yaml:1:\d+ offline: needs/])
  t.match(wrong(t, undefined, { flags: { offline: true } }), [needsRoot])
  t.equal(load(t, 'offline: true\ntrust: {root: root.json}\n').config.offline, true)
  t.equal(load(t, 'offline: "true"\ntrust: {root: embedded}\n').config.offline, true)
  t.equal(load(t, undefined).config.offline, false)
  t.equal(wrong(t, 'offline: perhaps\n').length, 1)
  t.end()
})

t.test('every key can be set by its variable', t => {
  const values: Readonly<Record<string, string>> = {
    listen: '[::1]:0',
    public_url: 'https://pypi.acme.example/py/',
    data: 'd',
    offline: 'true',
    policy: 'p.yaml',
    trust_proxy: '10.0.0.0/8, ::1',
    'upstream.index': 'https://mirror.acme.example/py/',
    'upstream.files': 'https://a.example,https://b.example',
    'upstream.integrity': 'https://integrity.acme.example',
    'upstream.auth': `{"https://a.example": {"token": "${SECRET}"}}`,
    'upstream.ca': 'ca.pem',
    'upstream.timeout': '3s',
    'trust.root': 'embedded',
    'trust.tuf_url': 'https://tuf.acme.example',
    'trust.tuf_root': 'root.json',
    'trust.max_age': '1d',
    'index.mode': 'annotate',
    'index.max_age': '0s',
    'index.max_stale': '0s',
    'index.internal': 'Acme_Cloud*, secret.tool',
    'files.spool': '1048576',
    'files.max_size': '1GiB',
    'files.cache': '2GiB',
    'files.client_cache': 'forbid',
    'findings.negative_ttl': '90s',
    'journal.keep': '30d',
    'log.level': 'debug',
    'log.format': 'text',
  }
  t.strictSame(
    Object.keys(values),
    CONFIG_KEYS.map(({ key }) => key),
    'this test knows every key',
  )
  const environment = Object.fromEntries(CONFIG_KEYS.map(({ key, environment: name }) => [name, values[key]]))
  const { config, origins } = load(t, undefined, { environment })
  for (const { key, environment: name } of CONFIG_KEYS) t.equal(origins.get(key), name)
  t.match(config, {
    listen: { host: '::1', port: 0 },
    publicUrl: 'https://pypi.acme.example/py',
    offline: true,
    trustProxy: ['10.0.0.0/8', '::1'],
    upstream: {
      index: 'https://mirror.acme.example/py',
      files: ['https://a.example', 'https://b.example'],
      integrity: 'https://integrity.acme.example',
      auth: { 'https://a.example': { token: SECRET } },
      timeout: 3_000,
    },
    index: { internal: ['acme-cloud*', 'secret-tool'], maxAge: 0, maxStale: 0 },
    files: { spool: 1024 ** 2, clientCache: 'forbid' },
  })
  t.end()
})

t.test('an empty variable changes nothing, least of all the list of internal names', t => {
  const { config } = load(t, 'index: { internal: [acme-*] }\n', {
    environment: { PORTCULLIS_INDEX_INTERNAL: '', PORTCULLIS_LISTEN: '', PORTCULLIS_UPSTREAM_AUTH: '' },
  })
  t.strictSame(config.index.internal, ['acme-*'])
  t.equal(config.listen.port, 8080)
  t.end()
})

t.test('`upstream.integrity` follows the index until it is named', t => {
  const environment = { PORTCULLIS_UPSTREAM_INDEX: 'https://mirror.example' }
  t.equal(load(t, undefined, { environment }).config.upstream.integrity, 'https://mirror.example')
  const yaml = 'upstream: { integrity: "https://pypi.org" }\n'
  t.equal(load(t, yaml, { environment }).config.upstream.integrity, 'https://pypi.org')
  t.end()
})

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

t.test('durations have a unit, and limits', t => {
  const age = (text: string) => wrong(t, `index: { max_age: ${text} }\n`)
  for (const text of ['0s', '500ms', '10m', '600s']) t.strictSame(age(text), [], text)
  for (const text of ['601s', '11m', '1d', '"10"', '-1s', '1.5m', '1h30m', '10 s', '1e3s', '""'])
    t.equal(age(text).length, 1, text)
  t.match(wrong(t, 'upstream: { timeout: 0s }\n'), [/must be at least 100ms; found "0s"/])
  t.match(wrong(t, 'journal: { keep: 999999999999d }\n'), [/must be at most 3650d/])
  t.end()
})

t.test('sizes are bytes or have a binary unit', t => {
  const spool = (text: string) => load(t, `files: { spool: ${text} }\n`).config.files.spool
  t.equal(spool('1048576'), 1_048_576)
  t.equal(spool('"1048576"'), 1_048_576)
  t.equal(spool('1B'), 1)
  t.equal(spool('3TiB'), 3 * 1024 ** 4)
  for (const text of ['0', '0GiB', '-1', '1.5GiB', '16MB', '16 MiB', '16mib', '999999999999TiB'])
    t.equal(wrong(t, `files: { spool: ${text} }\n`).length, 1, text)
  t.end()
})

t.test('a duration and a size are printed as something that reads as the same', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 315_360_000_000 }), count => {
      const environment = { PORTCULLIS_INDEX_MAX_STALE: formatDuration(count), PORTCULLIS_FILES_SPOOL: String(count) }
      const loaded = loadConfig({ flags: {}, file: undefined, environment, folder: '/nowhere' })
      const spool = String(showConfig(loaded).find(({ key }) => key === 'files.spool')?.value)
      const again = loadConfig({
        flags: {},
        file: undefined,
        environment: { PORTCULLIS_FILES_SPOOL: spool },
        folder: '/',
      })
      return loaded.config.index.maxStale === count && again.config.files.spool === count
    }),
    { numRuns: 200 },
  )
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

t.test('internal names are names and globs in normal form', t => {
  t.strictSame(load(t, 'index: { internal: [Acme._Cloud*, B] }\n').config.index.internal, ['acme-cloud*', 'b'])
  for (const glob of ['-a', 'a**', 'a b', 'a?', '""'])
    t.equal(wrong(t, `index: { internal: ["${glob.replaceAll('"', '')}"] }\n`).length, 1, glob)
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

t.test('lists that must not be empty', t => {
  t.match(wrong(t, 'policy: []\nupstream: { files: [] }\n'), [/policy: must not be empty/, /files: must not be empty/])
  t.match(wrong(t, 'policy: acme.yaml\n'), [/policy: must be a list/])
  t.end()
})

t.test('a TUF mirror needs a root to start from, whoever named it', t => {
  t.match(wrong(t, 'trust: { tuf_url: "https://tuf.example" }\n'), [
    /^portcullis\.yaml:1:10 trust\.tuf_url: needs trust\.tuf_root/,
  ])
  const environment = { PORTCULLIS_TRUST_TUF_ROOT: 'root.json' }
  t.strictSame(wrong(t, 'trust: { tuf_url: "https://tuf.example" }\n', { environment }), [])
  t.end()
})

t.test('credentials are kept by origin', t => {
  const { auth } = load(
    t,
    'upstream:\n  auth:\n    https://A.example/some/path: { username: u, password: "p:ü" }\n    "https://b.example:8443": { token: abc }\n',
  ).config.upstream
  t.strictSame(auth, {
    'https://a.example': { username: 'u', password: 'p:ü' },
    'https://b.example:8443': { token: 'abc' },
  })
  t.end()
})

t.test('credentials may come from a file that a variable names', t => {
  const folder = t.testdir({ auth: `https://a.example:\n  token: ${SECRET}\n` })
  const { config, origins } = loadConfig({
    flags: {},
    file: undefined,
    environment: { PORTCULLIS_UPSTREAM_AUTH_FILE: 'auth' },
    folder,
  })
  t.strictSame(config.upstream.auth, { 'https://a.example': { token: SECRET } })
  t.equal(origins.get('upstream.auth'), 'PORTCULLIS_UPSTREAM_AUTH_FILE')
  t.match(wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH_FILE: 'gone' } }), [
    /cannot be read \(ENOENT\)/,
  ])
  t.match(
    wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH: '{}', PORTCULLIS_UPSTREAM_AUTH_FILE: 'x' } }),
    [/are both set/],
  )
  t.end()
})

t.test('no message about credentials repeats them', t => {
  const auths = [
    SECRET,
    `"${SECRET}"`,
    `[${SECRET}]`,
    `{ "https://u:${SECRET}@a.example": { token: x } }`,
    `{ "http://a.example/${SECRET}": { token: x } }`,
    `{ "https://a.example": ${SECRET} }`,
    `{ "https://a.example": { token: "${SECRET} ü" } }`,
    `{ "https://a.example": { token: ${SECRET}, username: ${SECRET} } }`,
    `{ "https://a.example": { username: "${SECRET}:", password: x } }`,
    `{ "https://a.example": { ${SECRET}: x } }`,
    `{ "https://a.example": { token: x }, "https://a.example/b": { token: ${SECRET} } }`,
    `{ "https://a.example": { token: *${SECRET} } }`,
    `{ "https://a.example": { token: &${SECRET} x } }`,
    `{ "https://a.example": { token: !${SECRET} x } }`,
    `{ "https://a.example": { token: "${SECRET}\\q" } }`,
    `{ "https://a.example": { token: @${SECRET} } }`,
    `{ "https://a.example": { token: x } } ${SECRET}`,
    `{ "https://a.example": { token: "${SECRET} } }`,
  ]
  for (const auth of auths) {
    const inFile = wrong(t, `upstream:\n  auth: ${auth}\n`)
    t.ok(inFile.length > 0, auth)
    t.notMatch(inFile.join('\n'), SECRET, auth)
    const inVariable = wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH: auth } })
    t.ok(inVariable.length > 0, auth)
    t.notMatch(inVariable.join('\n'), SECRET, auth)
    const folder = t.testdir({ auth })
    const file = wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH_FILE: join(folder, 'auth') } })
    t.notMatch(file.join('\n'), SECRET, auth)
  }
  for (const key of ['index: ', 'integrity: ', 'files: - '])
    t.notMatch(
      wrong(t, `upstream:\n  ${key.replace(' - ', '\n  - ')}https://u:${SECRET}@a.example\n`).join('\n'),
      SECRET,
      key,
    )
  t.end()
})

/** What `config show` prints. */
async function show(t: Test, argv: readonly string[], yaml: string, environment: Input['environment'] = {}) {
  let printed = ''
  const program = new Command('portcullis').option('--config <file>').exitOverride()
  addConfigCommand(program, {
    output: {
      out: text => {
        printed += text
      },
      err() {},
      colour: { out: false, err: false },
      columns: undefined,
      progress: false,
    },
    loadConfig: ({ config }) => load(t, yaml, { environment, file: typeof config === 'string' ? config : undefined }),
  })
  await program.parseAsync(['config', 'show', ...argv], { from: 'user' })
  return printed
}

t.test('config show prints YAML that loads as the same configuration', async t => {
  const yaml =
    'listen: "[::1]:0"\nindex: { internal: ["*"], max_age: 90s }\nfiles: { spool: 1 }\npolicy: ["#odd name.yaml"]\n'
  const printed = await show(t, [], yaml)
  t.strictSame(load(t, printed).config, load(t, yaml).config)
  t.match(printed, /^ {2}max_age: 90s$/m)
  t.match(printed, /^# public_url is not set$/m)
})

t.test('config show --origin says where each value comes from', async t => {
  const printed = await show(t, ['--origin'], 'index:\n  mode: hide\n', { PORTCULLIS_LOG_LEVEL: 'warn' })
  t.match(printed, /^ {2}mode: hide +# portcullis\.yaml:2:3$/m)
  t.match(printed, /^ {2}level: warn +# PORTCULLIS_LOG_LEVEL$/m)
  t.match(printed, /^listen: 127\.0\.0\.1:8080 +# default$/m)
  t.equal(load(t, printed).config.index.mode, 'hide', 'and it is still YAML')
})

t.test('config show --format json holds every key, with origins when asked', async t => {
  const config: unknown = JSON.parse(await show(t, ['--format', 'json'], 'index: { mode: hide }\n'))
  t.match(config, { public_url: null, index: { mode: 'hide', max_age: '1m' }, upstream: { ca: null, auth: {} } })
  const told: unknown = JSON.parse(await show(t, ['--format', 'json', '--origin'], 'index: { mode: hide }\n'))
  t.match(told, {
    config: { index: { mode: 'hide' } },
    origins: { 'index.mode': 'portcullis.yaml:1:10', listen: 'default' },
  })
})

t.test('config show masks credentials in both formats', async t => {
  const yaml = `upstream: { auth: { "https://a.example": { username: ${SECRET}, password: ${SECRET} }, "https://b.example": { token: ${SECRET} } } }\n`
  for (const argv of [[], ['--origin'], ['--format', 'json'], ['--format', 'json', '--origin']]) {
    const printed = await show(t, argv, yaml)
    t.notMatch(printed, SECRET)
    t.match(printed, /https:\/\/a\.example/)
    t.match(printed, /\*\*\*/)
  }
})

t.test('config show of a wrong configuration is the same error that stops the start', async t => {
  await t.rejects(show(t, [], 'lisen: x\n'), {
    code: 'config-invalid',
    detail: /portcullis\.yaml:1:1 lisen: unknown key/,
  })
})

t.test('the shipped example loads, and says what holds without it', t => {
  const file = join(ROOT, 'portcullis.example.yaml')
  const { config, origins } = loadConfig({ flags: {}, file, environment: {}, folder: ROOT })
  t.strictSame(config, loadConfig({ flags: {}, file: undefined, environment: {}, folder: ROOT }).config)
  const whole = readFileSync(file, 'utf8').replace(/^( *)#([a-z_]+:)/gm, '$1$2')
  const uncommented = load(t, whole)
  for (const { key } of CONFIG_KEYS) t.match(uncommented.origins.get(key), /^portcullis\.yaml:/, key)
  t.equal([...origins.values()].filter(origin => origin === 'default').length, 6, 'settings without a plain default')
  t.end()
})

t.test('the JSON Schema says no more than the gate accepts: keys are closed at every level', t => {
  const open: string[] = []
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    if ('properties' in schema && !('additionalProperties' in schema && schema.additionalProperties === false))
      open.push(path)
    for (const [key, inner] of Object.entries(schema)) visit(inner, `${path}/${key}`)
  }
  visit(configJsonSchema(), '')
  t.strictSame(open, [])
  t.notMatch(JSON.stringify(configJsonSchema()), ROOT, 'no path of a machine')
  t.equal(shownLines(showConfig(load(t, undefined))).length, CONFIG_KEYS.length + 7)
  t.end()
})
