import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { applyMigrations } from '../../../src/store/sqlite/migrations/apply-migrations.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { createWorld, type Release, type World } from '../../world/world.ts'
import { ask } from './two-sources.ts'

const POLICY = `version: 1
mode: enforce
defaults: { attestation: when-seen, identity: first-seen, unmatched: apply-defaults }
projects:
  - { match: nobody, deny: "SEC-7" }
`

/** Every key that the version before sources had, as people have it in their files. */
const BEFORE = {
  trust_proxy: [],
  upstream: { auth: {}, timeout: '10s' },
  trust: { max_age: '7d' },
  index: { mode: 'list', max_age: '60s', max_stale: '1h', internal: ['acme-*'] },
  files: {
    spool: '16MiB',
    max_size: '5GiB',
    cache: '50GiB',
    metadata: 'promised',
    client_cache: 'revalidate',
  },
  findings: { negative_ttl: '10m' },
  journal: { keep: '400d', max_size: '4GiB' },
  limits: { connections: 4096, connections_per_address: 1024 },
  log: { level: 'info', format: 'json' },
}

const MALLORY = { kind: 'github', repository: 'mallory/tools', workflow: 'release.yml', ref: 'refs/tags/v3.0' } as const

/** Makes of a database what the last version without sources had: its own schema, and every row that has a place in it. */
async function asBeforeSources(data: string): Promise<void> {
  const file = join(data, 'portcullis.sqlite')
  const older = new Database(`${file}.older`)
  await applyMigrations(older, '0009-documents')
  older.pragma('foreign_keys = off')
  older.exec(`attach '${file}' as later`)
  const tables = older
    .prepare<[], string>(`select name from main.sqlite_schema where type = 'table' and name not glob 'kysely_*'`)
    .pluck()
    .all()
    .filter(name => !name.startsWith('sqlite_'))
  for (const table of tables) {
    const columns = older.prepare<[], string>(`select name from pragma_table_info('${table}', 'main')`).pluck().all()
    const list = columns.join(', ')
    older.exec(`delete from main.${table}; insert into main.${table} (${list}) select ${list} from later.${table}`)
  }
  const id: unknown = older.pragma('later.application_id', { simple: true })
  older.exec('detach later')
  older.pragma(`application_id = ${Number(id)}`)
  older.close()
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
  renameSync(`${file}.older`, file)
}

interface Folder {
  readonly world: World
  readonly tools: Release
  readonly plain: Release
  readonly foreign: Release
  /** a copy of the older folder */
  copy(name: string): string
  /** what clients were told by the gate that filled it */
  readonly before: readonly string[]
}

/** What clients are told: status, and the code with the page that explains it, or the digest of the body. */
async function toldBy({ url }: WorldGate, paths: readonly string[]): Promise<readonly string[]> {
  const told: string[] = []
  for (const path of paths) {
    const { status, body, headers } = await ask(`${url}${path}`)
    if (headers.get('content-type') === 'application/problem+json') {
      const { code, explain } = JSON.parse(body.toString()) as { code: string; explain?: string }
      told.push(`${path} ${status} ${code} ${new URL(explain ?? '/', url).pathname}`)
    } else told.push(`${path} ${status} ${sha256Of(steady(body, url))}`)
  }
  return told
}

/** Without what is another each time: where the gate listens, and how often the index has changed. */
function steady(body: Buffer, url: string): string {
  return body
    .toString('latin1')
    .replaceAll(url, '')
    .replace(/(?<=SERIAL )\d+|(?<=_?last[_-]serial":)\d+/g, '0')
}

async function olderFolder(t: Test): Promise<Folder> {
  const world = await createWorld(t)
  const tools = await world.release('tools', '1.0')
  const plain = await world.release('plain', '1.0', { attested: false })
  const nobody = await world.release('nobody', '1.0', { attested: false })
  const paths = [
    '/simple/tools/',
    '/simple/plain/',
    '/simple/acme-core/',
    '/simple/unknown-name/',
    '/pypi/tools/json',
    ...[tools.wheel, tools.sdist, plain.wheel, nobody.wheel].map(({ path }) => path),
    `${tools.wheel.path}.metadata`,
    `${nobody.wheel.path}.metadata`,
    `/integrity/tools/1.0/${tools.wheel.filename}/provenance`,
  ]
  const filled = await startGate(t, world, { policy: POLICY, configuration: BEFORE })
  const before = await toldBy(filled, paths)
  await filled.stop()
  const data = String(world.configuration()['data'])
  await asBeforeSources(data)
  // what came since, and what only a memory can tell
  const foreign = await world.release('tools', '3.0', { identity: MALLORY })
  world.upstream.remove('tools', foreign.wheel.filename)
  world.upstream.remove('tools', foreign.sdist.filename)
  return {
    world,
    tools,
    plain,
    foreign,
    before,
    copy(name) {
      const to = join(world.folder, name)
      cpSync(data, to, { recursive: true })
      return to
    },
  }
}

const pathsOf = (told: readonly string[]): readonly string[] => told.map(line => line.split(' ')[0] ?? '')

/** That a gate says what was said before, fetches nothing again, and goes by what the folder remembers. */
async function assertRemembers(t: Test, gate: WorldGate, folder: Folder): Promise<void> {
  const { world, before } = folder
  const { upstream } = world
  upstream.forgetRequests()
  t.strictSame(await toldBy(gate, pathsOf(before)), before, 'what it said before')
  for (const route of ['file', 'metadata', 'provenance'] as const) t.equal(upstream.count(route), 0, `${route} again`)
  const refusal = before
    .find(line => line.includes(' rule-denies '))
    ?.split(' ')
    .at(-1)
  t.equal((await ask(`${gate.url}${refusal}`)).status, 200, 'pages of refusals from before')
}

/** What the folder holds against an index that says something else now; the world is as it was afterwards. */
async function assertHoldsAgainst(t: Test, gate: WorldGate, { world, tools, foreign }: Folder): Promise<void> {
  const { upstream } = world
  for (const file of foreign.files) upstream.add('tools', { ...file, provenance: file.provenance, path: file.path })
  upstream.replace('tools', tools.sdist.filename, { sha256: 'f'.repeat(64) })
  const told = await toldBy(gate, [foreign.wheel.path, tools.sdist.path])
  t.match(told[0], / 403 publisher-changed /)
  t.match(told[1], / 503 unknown-index-changed /)
  upstream.replace('tools', tools.sdist.filename, { sha256: tools.sdist.sha256 })
  for (const { filename } of foreign.files) upstream.remove('tools', filename)
}

t.test('a data folder and a configuration from before sources start unchanged', async t => {
  const folder = await olderFolder(t)
  const { world, before } = folder
  t.ok(before.filter(line => line.includes(' 200 ')).length >= 6, before.join('\n'))
  const { origin, filesOrigin, integrityOrigin } = world.upstream
  const upstream = { index: origin, files: [filesOrigin], integrity: integrityOrigin }
  const forms: Readonly<Record<string, object>> = {
    'upstream:': BEFORE,
    'sources: { upstream: … }': { ...BEFORE, upstream: undefined, sources: { upstream } },
    'sources: { pypi: … }, the same index under a name of its own': {
      ...BEFORE,
      upstream: undefined,
      sources: { pypi: upstream },
    },
  }
  for (const [at, [form, configuration]] of Object.entries(forms).entries())
    await t.test(`at once as ${form}`, async t => {
      const data = folder.copy(`once-${at}`)
      const gate = await startGate(t, world, { policy: POLICY, configuration: { ...configuration, data } })
      await assertRemembers(t, gate, folder)
      await gate.stop()
      const again = await startGate(t, world, { policy: POLICY, configuration: { ...configuration, data } })
      await assertHoldsAgainst(t, again, folder)
      await again.stop()
    })
  await t.test('and one after the other', async t => {
    const data = folder.copy('one-after-the-other')
    for (const configuration of [...Object.values(forms), BEFORE]) {
      const gate = await startGate(t, world, { policy: POLICY, configuration: { ...configuration, data } })
      await assertRemembers(t, gate, folder)
      await gate.stop()
    }
  })
})

t.test('a second source before the old one gets nothing that was the old one’s', async t => {
  const folder = await olderFolder(t)
  const { world, tools, before } = folder
  const { origin, filesOrigin, integrityOrigin } = world.upstream
  const acme = await createWorld(t)
  const { wheel } = await acme.release('tools', '9.0', { attested: false })
  await acme.release('plain', '9.0', { attested: false })
  const sources = {
    acme: { index: acme.upstream.origin },
    upstream: { index: origin, files: [filesOrigin], integrity: integrityOrigin },
  }
  for (const data of ['two-at-once', 'two-later'].map(folder.copy)) {
    if (data.endsWith('later')) {
      const one = await startGate(t, world, { policy: POLICY, configuration: { ...BEFORE, data } })
      t.equal((await ask(`${one.url}${tools.wheel.path}`)).status, 200)
      await one.stop()
    }
    const gate = await startGate(t, world, {
      policy: POLICY,
      configuration: { ...BEFORE, upstream: undefined, sources, data },
    })
    // a name that nobody ever had may be asked of both
    const known = pathsOf(before).filter(path => !path.includes('unknown-name'))
    const said = before.filter(line => !line.includes('unknown-name'))
    t.strictSame(await toldBy(gate, known), said)
    t.equal(acme.upstream.requests.length, 0, JSON.stringify(acme.upstream.requests))
    t.match((await toldBy(gate, [wheel.path]))[0], / 404 not-listed /)
    await gate.stop()
  }
})
