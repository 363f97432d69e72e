import Database from 'better-sqlite3'
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { KnownMemories } from '../../../src/store/sqlite/known-memories.ts'
import { migrate } from '../../../src/store/sqlite/migrate.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { prepareProjectTables } from '../../../src/store/sqlite/tables/project-tables.ts'
import type { SourceId } from '../../../src/store/sqlite/tables/sources-table.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { comesTo, until } from '../../world/until.ts'
import { fileOf, found, KEY, OTHER, PKG, pageOf, plain, proved } from '../facts.ts'
import { diskSubject, INDEX, START } from '../stores.ts'

const SOURCE = 1 as SourceId

t.test('what is at hand is answered without the database', async t => {
  const subject = await diskSubject(t)
  const facts = { ...pageOf([fileOf('pkg-1.0.tar.gz')]), proofs: [proved()], findings: [found()] }
  await (await subject.memory()).learn(PKG, facts)
  await subject.reopen()
  const memory = await subject.memory()
  t.equal(memory.atHand(PKG), undefined, 'before it was asked for, it would have to be waited for')
  t.equal(memory.atHand(OTHER), undefined)
  const known = await memory.of(PKG)
  await subject.close()
  t.equal(memory.atHand(PKG), known)
  t.equal(await memory.of(PKG), known)
  t.equal(known.findings.get(KEY)?.finding.kind, 'attested', 'its findings are read from what was fetched with it')
  t.equal(known.history.first?.filename, 'pkg-1.0.tar.gz')
  await t.rejects(memory.of(OTHER), { code: 'unknown-store' })
  await t.rejects(memory.projectOf(fileOf('pkg-1.0.tar.gz').path), { code: 'unknown-store' })
})

t.test('what is learned is on disk within a second, without anybody asking', async t => {
  const subject = await diskSubject(t)
  await (await subject.memory()).learn(PKG, { ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 3 })
  const records = readRecords(subject.folder, INDEX)
  t.strictSame(await records?.projects(), [], 'beside the request')
  t.strictSame(
    await comesTo(
      'it is on disk',
      async () => await records?.projects(),
      found => found?.length !== 0,
    ),
    [PKG],
  )
  t.equal((await records?.project(PKG))?.serial, 3)
  await inAnyRound(
    t,
    'ms until another serial is on disk',
    async round => {
      const began = performance.now()
      await (await subject.memory()).learn(PKG, { ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 4 + round })
      await until('it is on disk', async () => (await records?.project(PKG))?.serial === 4 + round)
      return { ms: performance.now() - began }
    },
    ({ ms }) => ms < 1_000,
  )
  await records?.close()
})

async function openTables(): Promise<Database.Database> {
  const database = new Database(':memory:')
  await migrate(database)
  return database
}

t.test('what waits to be written is at hand, whatever room there is', async t => {
  const database = await openTables()
  const tables = prepareProjectTables(database)
  const known = new KnownMemories(1)
  const learned = learn(ProjectMemory.of(PKG), { ...pageOf([fileOf('pkg-1.0.tar.gz')]), findings: [found()] })
  known.learn(SOURCE, { memory: learned.memory, characters: 0 }, tables.rowsOf(SOURCE, learned))
  t.equal(known.get(SOURCE, PKG)?.memory, learned.memory)
  t.equal(known.size(), 3)
  known.write(2)()
  t.equal(known.get(SOURCE, PKG)?.memory, learned.memory, 'as long as anything of it waits')
  known.write(2)()
  t.equal(known.size(), 0)
  t.equal(known.get(SOURCE, PKG), undefined, 'then it is in the database')
  t.strictSame(plain(tables.load(SOURCE, PKG).memory, [KEY]), plain(learned.memory, [KEY]))
})

t.test('a transaction that was undone forgets nothing', async t => {
  const database = await openTables()
  const tables = prepareProjectTables(database)
  const known = new KnownMemories(1)
  const learned = learn(ProjectMemory.of(PKG), { serial: 3 })
  known.learn(SOURCE, { memory: learned.memory, characters: 0 }, tables.rowsOf(SOURCE, learned))
  database.exec('begin')
  known.write(10)
  database.exec('rollback')
  t.equal(known.size(), 1)
  t.equal(known.get(SOURCE, PKG)?.memory.serial, 3)
})

t.test(
  'a page is known as read only once all its files are: whoever is killed in between sees none of them as new',
  async t => {
    const database = await openTables()
    const tables = prepareProjectTables(database)
    const known = new KnownMemories()
    const files = Array.from({ length: 25 }, (_, number) => fileOf(`pkg-1.${number}.tar.gz`))
    const learned = learn(ProjectMemory.of(PKG), { ...pageOf(files), serial: 7 })
    known.learn(SOURCE, { memory: learned.memory, characters: 0 }, tables.rowsOf(SOURCE, learned))
    while (known.size() > 0) {
      known.write(10)()
      const { sightings, reading, serial } = tables.load(SOURCE, PKG).memory
      if (sightings.size < 25) t.strictSame([reading, serial], [undefined, undefined], `after ${sightings.size} files`)
    }
    t.equal(tables.load(SOURCE, PKG).memory.reading?.lastRead, START)
  },
)

t.test('memories that nobody asks for make room for others, by what they weigh', async t => {
  const known = new KnownMemories(100_000)
  const file = fileOf('pkg-1.0.tar.gz')
  const { memory } = learn(ProjectMemory.of(PKG), pageOf([file], instant(START)))
  known.keep(SOURCE, { memory, characters: 60_000 })
  t.equal(known.get(SOURCE, PKG)?.memory, memory)
  known.keep(SOURCE, { memory: ProjectMemory.of(OTHER), characters: 60_000 })
  t.equal(known.get(SOURCE, PKG), undefined)
  t.equal(known.get(SOURCE, OTHER)?.memory.project, OTHER)
})
