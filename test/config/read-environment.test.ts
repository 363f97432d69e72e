import t from 'tap'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { loadConfig } from '../../src/config/load.ts'
import { load, SECRET, wrong } from './loaded-config.ts'

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
    'access.anonymous': 'false',
    'access.tokens': 'false',
    'access.workloads': '[{ issuer: "https://ci.acme.example", audience: gate, claims: {} }]',
    'access.front.header': 'X-User',
    'access.front.from': '10.0.0.0/8',
    'tls.cert': 'cert.pem',
    'tls.key': 'key.pem',
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
    'files.metadata': 'verified',
    'files.client_cache': 'forbid',
    'files.accel.header': 'X-Sendfile',
    'files.accel.location': '/srv/blobs/',
    'findings.negative_ttl': '90s',
    'journal.keep': '30d',
    'journal.max_size': '1GiB',
    'store.database': 'postgres://gate:secret@db.example/portcullis',
    'store.blobs': 's3://bucket/prefix?endpoint=https://s3.example&region=eu',
    'store.max_stale': '30s',
    'console.listen': '127.0.0.1:9000',
    'console.public_url': 'https://console.acme.example',
    'console.tls.cert': 'console-cert.pem',
    'console.tls.key': 'console-key.pem',
    'console.oidc.issuer': 'https://login.acme.example/realms/acme',
    'console.oidc.client_id': 'portcullis',
    'console.oidc.client_secret_file': 'client-secret',
    'console.oidc.ca': 'ca.pem',
    'console.oidc.unverified_email': 'true',
    'console.oidc.roles.viewer': 'staff',
    'console.oidc.roles.approver': 'security, leads',
    'console.oidc.roles.admin': 'platform',
    'console.requests.anonymous': 'true',
    'console.requests.require_holder': 'true',
    'vsa.key': 'vsa.pem',
    'vsa.verifier_id': 'https://packages.acme.example',
    'limits.connections': '100',
    'limits.connections_per_address': '10',
    'metrics.open': 'true',
    'log.level': 'debug',
    'log.format': 'text',
  }
  // what stands in place of `upstream`, or makes no sense offline, has a test of its own
  const keys = CONFIG_KEYS.filter(({ key }) => !['sources', 'indexes', 'notify'].includes(key))
  t.strictSame(
    Object.keys(values),
    keys.map(({ key }) => key),
    'this test knows every key',
  )
  const environment = Object.fromEntries(keys.map(({ key, environment: name }) => [name, values[key]]))
  const { config, origins } = load(t, undefined, { environment })
  for (const { key, environment: name } of keys) t.equal(origins.get(key), name)
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
    files: { spool: 1024 ** 2, metadata: 'verified', clientCache: 'forbid' },
    console: {
      listen: { host: '127.0.0.1', port: 9_000 },
      publicUrl: 'https://console.acme.example',
      tls: { cert: /\/console-cert\.pem$/, key: /\/console-key\.pem$/ },
      oidc: {
        clientId: 'portcullis',
        clientSecretFile: /\/client-secret$/,
        unverifiedEmail: true,
        roles: { approver: ['security', 'leads'] },
      },
      requests: { anonymous: true, requireHolder: true },
    },
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
  t.match(wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH_FILE: 'gone' } }), [/does not exist/])
  t.match(
    wrong(t, undefined, { environment: { PORTCULLIS_UPSTREAM_AUTH: '{}', PORTCULLIS_UPSTREAM_AUTH_FILE: 'x' } }),
    [/are both set/],
  )
  t.end()
})
