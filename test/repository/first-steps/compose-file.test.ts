import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/config/load.ts'

const ROOT = join(import.meta.dirname, '../../..')

interface Service {
  readonly profiles?: readonly string[]
  readonly build?: string
  readonly image?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
  readonly volumes?: readonly string[]
  readonly configs?: readonly { readonly source: string }[]
  readonly healthcheck?: unknown
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly configs: Readonly<Record<string, unknown>>
}

const file = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile
const services = Object.entries(file.services)
const fleet = services.filter(([, { profiles }]) => profiles?.includes('fleet'))

/** `${NAME:-value}` where nobody sets NAME. */
function plain(text: string): string {
  return text.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
}

t.test('one gate is what starts where nobody names a profile, and the fleet is in its own', async t => {
  t.strictSame(
    services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name),
    ['gate'],
  )
  t.strictSame(fleet.map(([name]) => name).toSorted(), [
    'balancer',
    'bucket',
    'certificates',
    'gate-1',
    'gate-2',
    'postgres',
    's3',
  ])
})

for (const [name, { depends_on, volumes = [], configs = [], build, image, environment = {} }] of services) {
  t.test(`everything that ${name} names is there`, async t => {
    t.ok(build ?? image)
    for (const [other, { condition }] of conditionsOf(depends_on)) {
      t.ok(file.services[other], other)
      if (condition === 'service_healthy') t.ok(file.services[other]?.healthcheck, `${other} says when it is healthy`)
    }
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      t.ok(source.startsWith('.') ? existsSync(join(ROOT, source)) : source in file.volumes, source)
    }
    for (const { source } of configs) t.ok(source in file.configs, source)
  })

  if (name.startsWith('gate'))
    t.test(`the environment of ${name} is a configuration`, async t => {
      const set = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, plain(value)]))
      const { config } = loadConfig({ flags: {}, file: undefined, environment: set, folder: t.testdir() })
      const isOne = name !== 'gate'
      t.equal(config.store.database !== undefined, isOne)
      t.equal(config.store.blobs !== undefined, isOne)
    })
}

function conditionsOf(
  needs: Service['depends_on'] = [],
): readonly (readonly [string, { readonly condition: string }])[] {
  return Array.isArray(needs)
    ? needs.map(name => [name, { condition: 'service_started' }] as const)
    : Object.entries(needs as Readonly<Record<string, { readonly condition: string }>>)
}

const { error } = spawnSync('nginx', ['-v'], { stdio: 'ignore' })

t.test(
  'its balancer is one that nginx takes, before every gate',
  { skip: error !== undefined && 'nginx is not installed' },
  async t => {
    const text = readFileSync(join(ROOT, 'docker/fleet.conf'), 'utf8')
    const gates = fleet.map(([name]) => name).filter(name => name.startsWith('gate'))
    t.strictSame(
      [...text.matchAll(/server (gate[\w-]*):8080/g)].map(([, name]) => name),
      gates,
    )
    const folder = t.testdir()
    const here = join(folder, 'nginx.conf')
    writeFileSync(here, text.replace(/gate-\d/g, '127.0.0.1').replace('/dev/stdout', join(folder, 'access.log')))
    const { status, stderr } = spawnSync('nginx', ['-t', '-c', here, '-g', `pid ${join(folder, 'pid')};`], {
      encoding: 'utf8',
    })
    t.equal(status, 0, stderr)
  },
)
