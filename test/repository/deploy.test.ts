import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseDocument } from 'yaml'

const ROOT = join(import.meta.dirname, '../..')
const DEPLOY = join(ROOT, 'deploy')
const CHART = join(DEPLOY, 'helm/portcullis')
const ALERTS = join(CHART, 'files/alerts.yaml')
const BOARD = join(DEPLOY, 'grafana/portcullis.json')
const UNIT = join(DEPLOY, 'systemd/portcullis.service')
const ACCEL = join(DEPLOY, 'systemd/accel.conf')

/** `false`, or why a test of this tool is skipped. */
function absent(tool: string, ...words: readonly string[]): string | false {
  const { error } = spawnSync(tool, words, { stdio: 'ignore' })
  return error === undefined ? false : `${tool} is not installed`
}

const noHelm = absent('helm', 'version')
const noKubeconform = absent('kubeconform', '-v')
const noPromtool = absent('promtool', '--version')
const noSystemd = absent('systemd-analyze', '--version')

const POLICY = 'version: 1\nmode: enforce\ndefaults: { unmatched: deny, attestation: required }\n'
const ONE = { policy: { files: { 'acme.yaml': POLICY } } }
const MANY = {
  ...ONE,
  replicaCount: 3,
  publicUrl: 'https://pypi.acme.example',
  config: { index: { mode: 'hide' }, trust_proxy: ['10.0.0.0/8'] },
  store: {
    database: { existingSecret: 'portcullis-database' },
    blobs: { url: 's3://packages/gates?endpoint=https://s3.acme.example', existingSecret: 'portcullis-bucket' },
  },
  upstreamAuth: { existingSecret: 'portcullis-upstream' },
  ingress: { enabled: true, className: 'nginx', host: 'pypi.acme.example', tlsSecret: 'pypi-tls' },
  networkPolicy: {
    ingressFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }],
    stores: [{ cidr: '10.1.0.0/16', ports: [5432, 443] }],
  },
  metrics: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true, labels: { release: 'prometheus' } } },
}
const PEOPLE = {
  ...MANY,
  config: {
    trust_proxy: ['10.0.0.0/8'],
    console: { oidc: { issuer: 'https://login.acme.example', client_id: 'portcullis' } },
  },
  console: {
    enabled: true,
    publicUrl: 'https://console.acme.example',
    clientSecret: { existingSecret: 'portcullis-console' },
    tls: { existingSecret: 'console-pair' },
    ingress: { enabled: true, className: 'nginx', host: 'console.acme.example', tlsSecret: 'console-tls' },
  },
  notify: { existingSecret: 'portcullis-webhooks' },
  networkPolicy: {
    ...MANY.networkPolicy,
    consoleFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'people' } } }],
    receivers: [{ cidr: '10.2.0.0/16', ports: [8443] }],
  },
}
const SCALED = { ...MANY, autoscaling: { enabled: true } }

function rendered(folder: string, values: unknown): string {
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify(values))
  // one that was built from its source takes itself for a client of an old Kubernetes
  const words = ['template', 'gates', CHART, '--kube-version', '1.31.0', '--namespace', 'packages', '--values', file]
  const made = spawnSync('helm', words, { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  return made.stdout
}

interface Manifest {
  readonly kind: string
  readonly spec?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
}

function manifestsIn(text: string): readonly Manifest[] {
  return text
    .split(/^---$/m)
    .map(part => parseDocument(part).toJS() as Manifest | null)
    .filter(manifest => manifest !== null)
}

t.test('helm finds nothing to complain about', { skip: noHelm }, async t => {
  const file = join(t.testdir(), 'values.json')
  for (const values of [ONE, MANY, PEOPLE, SCALED]) {
    writeFileSync(file, JSON.stringify(values))
    t.match(
      execFileSync('helm', ['lint', '--strict', CHART, '--values', file], { encoding: 'utf8' }),
      /0 chart\(s\) failed/,
    )
  }
})

t.test('one gate has a volume, several share a database and a bucket', { skip: noHelm }, async t => {
  const kinds = (values: unknown) => manifestsIn(rendered(t.testdirName, values)).map(({ kind }) => kind)
  t.testdir()
  const alone = kinds(ONE)
  t.ok(alone.includes('PersistentVolumeClaim'))
  t.notOk(alone.includes('PodDisruptionBudget'), 'one that may not go would stop every upgrade of a node')
  const many = kinds(MANY)
  t.notOk(many.includes('PersistentVolumeClaim'))
  for (const kind of ['Ingress', 'PodDisruptionBudget', 'NetworkPolicy', 'ServiceMonitor', 'PrometheusRule'])
    t.ok(many.includes(kind), kind)
  t.ok(kinds(SCALED).includes('HorizontalPodAutoscaler'))
})

t.test('a gate is let out to its sources and stores and nowhere else', { skip: noHelm }, async t => {
  t.testdir()
  const policy = manifestsIn(rendered(t.testdirName, MANY)).find(({ kind }) => kind === 'NetworkPolicy')
  const egress = policy?.spec?.['egress'] as readonly { readonly to?: unknown; readonly ports: unknown }[]
  t.match(policy?.spec, { policyTypes: ['Ingress', 'Egress'] })
  t.strictSame(
    egress.filter(({ to }) => to === undefined).map(({ ports }) => ports),
    [
      [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    ],
  )
  t.match(egress.slice(1), [
    { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], ports: [{ port: 443 }] },
    { to: [{ ipBlock: { cidr: '10.1.0.0/16' } }], ports: [{ port: 5432 }, { port: 443 }] },
  ])
})

t.test('the console has a door of its own, and webhooks a way out', { skip: noHelm }, async t => {
  t.testdir()
  const manifests = manifestsIn(rendered(t.testdirName, PEOPLE))
  const [policy] = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
  t.match(policy?.spec, {
    ingress: [
      { ports: [{ port: 8080 }], from: MANY.networkPolicy.ingressFrom },
      { ports: [{ port: 8081 }], from: PEOPLE.networkPolicy.consoleFrom },
    ],
  })
  const egress = policy?.spec?.['egress'] as readonly object[]
  t.match(egress.at(-1), { to: [{ ipBlock: { cidr: '10.2.0.0/16' } }], ports: [{ port: 8443 }] })
  const services = manifests.filter(({ kind }) => kind === 'Service')
  t.match(
    services.flatMap(({ spec }) => spec?.['ports']),
    [
      { name: 'console', targetPort: 'console' },
      { name: 'http', targetPort: 'http' },
    ],
  )
  const hosts = manifests.filter(({ kind }) => kind === 'Ingress').flatMap(({ spec }) => spec?.['rules'])
  t.match(hosts, [
    { host: 'console.acme.example', http: { paths: [{ backend: { service: { port: { name: 'console' } } } }] } },
    { host: 'pypi.acme.example', http: { paths: [{ backend: { service: { port: { name: 'http' } } } }] } },
  ])
  const [deployment] = manifests.filter(({ kind }) => kind === 'Deployment')
  const text = JSON.stringify(deployment)
  for (const part of ['PORTCULLIS_NOTIFY_FILE', '"containerPort":8081', '"path":"console-client"', 'console-pair'])
    t.ok(text.includes(part), part)
  const without = rendered(t.testdirName, MANY)
  t.notMatch(without, /\b8081\b|-console|PORTCULLIS_NOTIFY/)
})

t.test('secrets are named and never held', { skip: noHelm }, async t => {
  t.testdir()
  const text = rendered(t.testdirName, PEOPLE)
  t.notOk(manifestsIn(text).some(({ kind }) => kind === 'Secret'))
  for (const name of ['database', 'bucket', 'upstream', 'console', 'webhooks']) t.match(text, `portcullis-${name}`)
})

t.test('what the chart makes of the configuration is one that a gate takes', { skip: noHelm }, async t => {
  t.testdir()
  const config = manifestsIn(rendered(t.testdirName, MANY)).find(({ data }) => data?.['portcullis.yaml'] !== undefined)
  const file = join(t.testdirName, 'portcullis.yaml')
  writeFileSync(file, config?.data?.['portcullis.yaml'] ?? '')
  const shown = execFileSync(
    process.execPath,
    [join(ROOT, 'src/main.ts'), '--config', file, 'config', 'show', '--format', 'json'],
    { encoding: 'utf8', env: {} },
  )
  t.match(JSON.parse(shown), { index: { mode: 'hide' }, store: { blobs: MANY.store.blobs.url }, data: '/data' })
  const people = manifestsIn(rendered(t.testdirName, PEOPLE)).find(
    ({ data }) => data?.['portcullis.yaml'] !== undefined,
  )
  const { console: itsConsole } = parseDocument(people?.data?.['portcullis.yaml'] ?? '').toJS()
  t.strictSame(itsConsole, {
    listen: '0.0.0.0:8081',
    public_url: 'https://console.acme.example',
    oidc: {
      issuer: 'https://login.acme.example',
      client_id: 'portcullis',
      client_secret_file: '/etc/portcullis/secrets/console-client',
    },
    tls: { cert: '/etc/portcullis/console-tls/tls.crt', key: '/etc/portcullis/console-tls/tls.key' },
  })
})

for (const [what, values] of [
  ['several gates without a store', { ...ONE, replicaCount: 2 }],
  ['scaling without a store', { ...ONE, autoscaling: { enabled: true } }],
  ['no policy', {}],
  ['an ingress without a host', { ...ONE, ingress: { enabled: true } }],
  ['a value that there is not', { ...ONE, replicas: 2 }],
  ['a console that browsers find nowhere', { ...ONE, console: { enabled: true } }],
  ['a console of the configuration that nobody could reach', { ...ONE, config: { console: { requests: {} } } }],
  ['a console at another port', { ...PEOPLE, config: { console: { listen: '0.0.0.0:9000' } } }],
  ['an ingress of no console', { ...ONE, console: { ingress: { enabled: true, host: 'console.acme.example' } } }],
  ['webhooks in two places', { ...PEOPLE, config: { notify: [{ url: 'https://hooks.acme.example/' }] } }],
  ['a configuration that says what the chart says', { ...ONE, config: { listen: '0.0.0.0:80' } }],
] as const)
  t.test(`${what} is refused`, { skip: noHelm }, async t => {
    t.testdir()
    t.throws(() => rendered(t.testdirName, values))
  })

t.test('its manifests are what Kubernetes knows', { skip: noHelm === false ? noKubeconform : noHelm }, async t => {
  t.testdir()
  const schemas = process.env['KUBECONFORM_SCHEMAS']
  const from = schemas === undefined ? [] : ['-schema-location', schemas]
  const made = spawnSync('kubeconform', ['-strict', '-ignore-missing-schemas', '-summary', ...from], {
    input: rendered(t.testdirName, PEOPLE),
    encoding: 'utf8',
  })
  if (/could not|failed downloading|no such host/i.test(made.stdout + made.stderr))
    t.pass('kubeconform', { skip: 'the schemas cannot be had here' })
  else t.equal(made.status, 0, made.stdout)
})

t.test('promtool takes the alerts', { skip: noPromtool }, async t => {
  t.match(execFileSync('promtool', ['check', 'rules', ALERTS], { encoding: 'utf8' }), /SUCCESS: \d+ rules found/)
})

/** An alert, and the series for which it fires at 20 minutes; without them it does not. */
const FIRES: readonly (readonly [alert: string, labels: object, series: Readonly<Record<string, string>>])[] = [
  ['PortcullisGone', { severity: 'critical' }, {}],
  [
    'PortcullisDown',
    { severity: 'critical', job: 'portcullis', instance: 'gate-1:8080' },
    { 'portcullis_build_info{instance="gate-0:8080"}': '1x30', 'up{job="portcullis",instance="gate-1:8080"}': '0x30' },
  ],
  [
    'PortcullisExemptionsEnd',
    { severity: 'warning' },
    { 'portcullis_build_info{}': '1x30', 'portcullis_exemptions_ending{days="3"}': '2x30' },
  ],
  [
    'PortcullisAuditLogWaits',
    { severity: 'critical' },
    { 'portcullis_build_info{}': '1x30', 'portcullis_audit_log_waiting{}': '4x30' },
  ],
]
const WELL = {
  'portcullis_build_info{}': '1x30',
  'up{job="portcullis",instance="gate-1:8080"}': '1x30',
  'portcullis_exemptions_ending{days="3"}': '0x30',
  'portcullis_exemptions_ending{days="14"}': '3x30',
  'portcullis_audit_log_waiting{}': '0x30',
}

t.test(
  'a gate that is gone, exemptions that end and an audit log that waits are told',
  { skip: noPromtool },
  async t => {
    const series = (of: Readonly<Record<string, string>>) =>
      Object.entries(of).map(([name, values]) => ({ series: name, values }))
    const folder = t.testdir({
      'alerts.test.json': JSON.stringify({
        rule_files: [ALERTS],
        tests: [
          ...FIRES.map(([alertname, labels, given]) => ({
            interval: '1m',
            input_series: series(given),
            promql_expr_test: [
              {
                expr: `ALERTS{alertname="${alertname}",alertstate="firing"}`,
                eval_time: '20m',
                exp_samples: [
                  {
                    labels: `ALERTS{${Object.entries({ alertname, alertstate: 'firing', ...labels })
                      .map(([name, value]) => `${name}="${value}"`)
                      .join(',')}}`,
                    value: 1,
                  },
                ],
              },
            ],
          })),
          {
            interval: '1m',
            input_series: series(WELL),
            promql_expr_test: [{ expr: 'ALERTS', eval_time: '20m', exp_samples: [] }],
          },
        ],
      }),
    })
    const told = spawnSync('promtool', ['test', 'rules', join(folder, 'alerts.test.json')], { encoding: 'utf8' })
    t.equal(told.status, 0, told.stdout + told.stderr)
  },
)

t.test('alerts and board ask for metrics that there are', async t => {
  const reference = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8')
  const known = new Set([...reference.matchAll(/^\| `(portcullis_\w+)` \|/gm)].map(([, name]) => name))
  const process = /^portcullis_(?:process|nodejs)_/
  const asked = [ALERTS, BOARD].flatMap(file => [...readFileSync(file, 'utf8').matchAll(/\bportcullis_\w+/g)])
  const names = new Set(asked.map(([name]) => name.replace(/_(?:bucket|sum|count)$/, '')))
  t.ok(names.size > 15)
  t.strictSame(
    [...names].filter(name => !known.has(name) && !process.test(name)),
    [],
  )
})

t.test('what the templates ask of the values stands there, and the schema names the same', async t => {
  const values: unknown = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8')).toJS()
  const templates = readdirSync(join(CHART, 'templates')).map(name =>
    readFileSync(join(CHART, 'templates', name), 'utf8'),
  )
  const asked = new Set(
    templates.flatMap(text => [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, path = '']) => path)),
  )
  t.ok(asked.size > 30)
  const there = keysOf(values)
  t.strictSame(
    // what is below `config` is the gate's
    [...asked].filter(path => !there.includes(path) && !path.startsWith('config.')),
    [],
  )
  const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'))
  t.strictSame(strangers(values, schema, schema), [])
})

interface Shape {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Shape>>
}

/** Paths that either the values or their schema has, and the other has not. */
function strangers(value: unknown, shape: Shape, { definitions }: { readonly definitions: object }): readonly string[] {
  function compare(held: unknown, { $ref, properties }: Shape, above: string): readonly string[] {
    if ($ref !== undefined)
      return compare(held, (definitions as Record<string, Shape>)[$ref.replace(/^.*\//, '')] ?? {}, above)
    if (properties === undefined || typeof held !== 'object' || held === null) return []
    const members = held as Readonly<Record<string, unknown>>
    return [...new Set([...Object.keys(members), ...Object.keys(properties)])].flatMap(key => {
      const path = `${above}${key}`
      // of all charts, and of the gate
      if (path === 'global' || path === 'config') return []
      const inner = properties[key]
      return inner === undefined || !(key in members) ? path : compare(members[key], inner, `${path}.`)
    })
  }
  return compare(value, shape, '')
}

/** Paths of all that is an object's. */
function keysOf(value: unknown, above = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, member]) => [`${above}${key}`, ...keysOf(member, `${above}${key}.`)])
}

t.test('the board is one that Grafana imports', async t => {
  const { panels, templating, uid } = JSON.parse(readFileSync(BOARD, 'utf8'))
  t.equal(uid, 'portcullis')
  t.ok(panels.length > 10)
  t.equal(new Set(panels.map(({ id }: { readonly id: number }) => id)).size, panels.length)
  t.match(templating.list, [{ name: 'datasource' }, { name: 'job' }])
  const row = panels.findIndex(({ type }: { readonly type: string }) => type === 'row')
  const below = JSON.stringify(panels.slice(row + 1))
  t.ok(row > 0)
  for (const asked of ['console .*', 'request', 'portcullis_notices_total', 'portcullis_notices_oldest_seconds'])
    t.match(below, asked, 'what people do has a row of its own')
})

t.test('the unit lets the gate do little besides its work', { skip: noSystemd }, async t => {
  const words = ['security', '--offline=yes', '--no-pager', UNIT]
  const { stdout, stderr } = spawnSync('systemd-analyze', words, { encoding: 'utf8' })
  const [, score = ''] = /exposure level for \S+: ([\d.]+)/.exec(stdout) ?? []
  if (score === '') return void t.pass('a score', { skip: `systemd-analyze tells none: ${stderr.slice(0, 100)}` })
  t.comment(`exposure ${score} of 10`)
  t.ok(Number(score) <= 1.5, score)
})

/** What holds of a unit with drop-ins over it: of each key the last. */
function holds(...files: readonly string[]): ReadonlyMap<string, string> {
  const lines = files.flatMap(file => readFileSync(file, 'utf8').split('\n'))
  const pairs = lines.map(line => /^(\w+)=(.*)$/.exec(line))
  return new Map(pairs.flatMap(found => (found === null ? [] : [[found[1] ?? '', found[2] ?? ''] as const])))
}

t.test('one unit, which nginx reads stored files beside with the drop-in', async t => {
  const alone = holds(UNIT)
  t.equal(alone.get('RestartPreventExitStatus'), '2', 'a wrong configuration gets no better by another start')
  t.equal(alone.get('DynamicUser'), 'yes')
  const beside = holds(UNIT, ACCEL)
  t.match(Object.fromEntries(beside), {
    DynamicUser: 'no',
    User: 'portcullis',
    Group: 'portcullis',
    UMask: '0027',
    StateDirectoryMode: '0750',
    RestartPreventExitStatus: '2',
    ProtectSystem: 'strict',
  })
  const text = readFileSync(join(ROOT, 'docs/how-to/front.md'), 'utf8')
  t.match(text, '../../deploy/systemd/portcullis.service')
  t.match(text, '../../deploy/systemd/accel.conf')
  t.notMatch(text, '[Unit]', 'no second unit')
})

t.test('systemd reads the unit and its drop-in', { skip: noSystemd }, async t => {
  const folder = t.testdir({
    'portcullis.service': readFileSync(UNIT, 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'),
    'portcullis.service.d': { 'accel.conf': readFileSync(ACCEL, 'utf8') },
  })
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, 'portcullis.service')], {
    encoding: 'utf8',
  })
  const own = (stdout + stderr)
    .split('\n')
    .filter(line => /portcullis\.service|accel\.conf/.test(line) && /unknown|invalid|failed to parse/i.test(line))
  t.strictSame(own, [])
})

t.test('the chart’s version is the program’s', async t => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  t.match(parseDocument(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')).toJS(), { version, appVersion: version })
  t.ok(readdirSync(join(CHART, 'templates')).length > 5)
})
