import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { applyMigrations } from '../../src/store/sqlite/migrations/apply-migrations.ts'
import type { MigrationName } from '../../src/store/sqlite/schema.ts'
import { startGate } from '../world/gate/gate.ts'
import { createWorld } from '../world/world.ts'

const POLICY = `version: 1
mode: enforce
defaults: { attestation: when-seen, identity: first-seen, unmatched: apply-defaults }
`

/** A data folder that knows who signs demo, as it was before sources were told apart, and what mallory published since. */
async function upgraded(t: Test) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const first = await startGate(t, world, { policy: POLICY })
  t.equal((await fetch(first.url + wheel.path)).status, 200)
  await first.stop()
  const database = new Database(join(String(world.configuration()['data']), 'portcullis.sqlite'))
  database.exec('update sources set source = null')
  database.close()
  const identity = {
    kind: 'github',
    repository: 'mallory/demo',
    workflow: 'release.yml',
    ref: 'refs/tags/v3.0',
  } as const
  const foreign = (await world.release('demo', '3.0', { identity })).wheel
  const { origin } = world.upstream
  const twin = origin.replace('127.0.0.1', 'localhost')
  const dead = 'http://127.0.0.1:9'

  async function phraseFrom(index: string): Promise<string> {
    const upstream = index === origin ? {} : { upstream: { index, integrity: index } }
    const gate = await startGate(t, world, { policy: POLICY, configuration: upstream })
    const answer = await fetch(gate.url + foreign.path)
    await answer.arrayBuffer()
    await gate.stop()
    return `${answer.status} ${answer.statusText.replace(/ \(.*/, '')}`
  }
  return { world, wheel, phraseFrom, origin, twin, dead }
}

const CHANGED = '403 Refused by policy: publisher-changed'

t.test('whatever index an upgraded gate is started with first, another publisher stays another', async t => {
  await t.test('one that does not answer', async t => {
    const { phraseFrom, dead, origin } = await upgraded(t)
    t.match(await phraseFrom(dead), /^50\d/)
    t.equal(await phraseFrom(origin), CHANGED)
  })
  await t.test('the same one under another name', async t => {
    const { phraseFrom, twin, origin } = await upgraded(t)
    t.equal(await phraseFrom(twin), CHANGED)
    t.equal(await phraseFrom(origin), CHANGED, 'and it took nothing from the right one')
  })
  await t.test('one that lists nothing of what was known', async t => {
    const { world, wheel, phraseFrom, origin } = await upgraded(t)
    const without = (body: Buffer): Buffer => {
      const page = JSON.parse(body.toString())
      const files = page.files.filter(({ filename }: { filename: string }) => filename.startsWith('demo-3.0'))
      return Buffer.from(JSON.stringify({ ...page, files }))
    }
    world.upstream.fault({ route: 'page', match: wheel.project, do: { alter: without } })
    t.equal(await phraseFrom(origin), CHANGED, 'what is nobody’s counts against it')
    world.upstream.clearFaults()
    t.equal(await phraseFrom(origin), CHANGED)
  })
})

t.test('under the index that it always had, an upgraded gate asks for no provenance again', async t => {
  const { world, wheel } = await upgraded(t)
  const before = world.upstream.count('provenance')
  t.ok(before > 0)
  const gate = await startGate(t, world, { policy: POLICY })
  t.equal((await fetch(gate.url + wheel.path)).status, 200)
  t.equal(world.upstream.count('provenance'), before)
  await gate.stop()
})

/** Tables that a database had not yet when this was its latest migration. */
async function tablesSince(last: MigrationName, database: Database.Database): Promise<readonly string[]> {
  const tablesOf = (one: Database.Database) =>
    one.prepare<[], string>(`select name from sqlite_schema where type = 'table'`).pluck().all()
  const older = new Database(':memory:')
  await applyMigrations(older, last)
  const known = new Set(tablesOf(older))
  older.close()
  return tablesOf(database).filter(name => !known.has(name) && !name.startsWith('sqlite_'))
}

/** Makes of a data folder what it was before documents were rows: each a file, and nothing else that knows of rows. */
async function withDocumentsAsFiles(data: string): Promise<number> {
  const database = new Database(join(data, 'portcullis.sqlite'))
  const rows = database.prepare<[], [string, Buffer]>('select lower(hex(sha256)), content from documents').raw().all()
  for (const [sha256, content] of rows) {
    const path = join(data, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    database.prepare(`update blobs set stat = '' where sha256 = ?`).run(sha256)
  }
  for (const table of await tablesSince('0008-offers', database)) database.exec(`drop table ${table}`)
  database.exec(`
    drop view journal_entries;
    alter table journal drop column subject; alter table journal drop column index_name; alter table journal drop column source_name;
    create view journal_entries as select * from journal;
    delete from kysely_migration where name >= '0009'`)
  database.close()
  return rows.length
}

t.test('documents that an older gate stored as files are given out, and nothing is fetched again', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const ask = async (url: string): Promise<readonly string[]> => {
    const texts: string[] = []
    for (const path of [`${wheel.path}.metadata`, `/integrity/demo/1.0/${wheel.filename}/provenance`]) {
      const answer = await fetch(url + path)
      t.equal(answer.status, 200, path)
      texts.push(await answer.text())
    }
    return texts
  }
  const first = await startGate(t, world, { policy: POLICY })
  const before = await ask(first.url)
  await first.stop()
  t.equal(await withDocumentsAsFiles(String(world.configuration()['data'])), 2)
  const asked = [world.upstream.count('provenance'), world.upstream.count('metadata')]
  const gate = await startGate(t, world, { policy: POLICY })
  t.strictSame(await ask(gate.url), before)
  t.strictSame([world.upstream.count('provenance'), world.upstream.count('metadata')], asked)
  await gate.stop()
})
