import Database from 'better-sqlite3'
import fc, { type Arbitrary } from 'fast-check'
import t from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { type Facts, learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { HELD, type Source } from '../../../src/domain/memory/source.ts'
import type { FilePath } from '../../../src/domain/packaging/artifact.ts'
import { type ProjectName, parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { Store } from '../../../src/ports/store.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { migrate } from '../../../src/store/sqlite/migrate.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite.ts'
import { ANY_PROJECTS, anyFacts, KEYS } from '../../domain/memory/any-facts.ts'
import { OTHER, pageOf, plain, textOf } from '../facts.ts'
import { INDEX, START } from '../stores.ts'

/** What happens to a store: something is learned, or it is written down and opened again. */
type Step = { readonly source: Source; readonly project: ProjectName; readonly facts: Facts } | 'flush' | 'reopen'

const SOURCES = [INDEX, HELD]

const anySteps: Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        source: fc.constantFrom(...SOURCES),
        project: fc.constantFrom(...ANY_PROJECTS),
        facts: anyFacts,
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom('flush' as const, 'reopen' as const) },
  ),
  { maxLength: 25 },
)

const EMPTY = await emptyDatabase()

async function emptyDatabase(): Promise<Buffer> {
  const database = new Database(':memory:')
  await migrate(database)
  return database.serialize()
}

function openOver(database: Database.Database, memoryWeight: number | undefined): Store {
  const unexpected = (error: unknown): never => {
    throw error
  }
  const options = {
    events: { emit() {} },
    clock: () => START,
    journal: { keep: millis(1_000), maxSize: 1e12 },
    failed: unexpected,
  }
  return createSqliteStore({ ...options, database, ...(memoryWeight === undefined ? {} : { memoryWeight }) }).store
}

const sizes: Readonly<Record<string, number | undefined>> = {
  'that keeps everything at hand': undefined,
  'that keeps nothing at hand but what waits to be written': 1,
}
for (const [what, weight] of Object.entries(sizes))
  t.test(`a database ${what} remembers what the rules say, however often it is opened again`, async t => {
    await fc.assert(
      fc.asyncProperty(anySteps, async steps => {
        const database = new Database(EMPTY)
        let store = openOver(database, weight)
        const { store: reference } = createMemoryStore({ clock: () => START, events: { emit() {} } })
        const pure = new Map<string, ProjectMemory>()
        const paths = new Set<FilePath>()
        try {
          for (const step of steps) {
            if (step === 'flush' || step === 'reopen') {
              await store.journal.flush()
              if (step === 'reopen') store = openOver(database, weight)
              continue
            }
            const { source, project, facts } = step
            const key = `${source} ${project}`
            const expected = learn(pure.get(key) ?? ProjectMemory.of(project), facts).memory
            pure.set(key, expected)
            for (const { path } of facts.page?.files ?? []) paths.add(path)
            await (await reference.memory(source)).learn(project, facts)
            const answer = await (await store.memory(source)).learn(project, facts)
            assertSame(answer, expected)
          }
          for (const source of SOURCES) {
            const memory = await store.memory(source)
            for (const project of ANY_PROJECTS)
              assertSame(await memory.of(project), pure.get(`${source} ${project}`) ?? ProjectMemory.of(project))
            for (const path of paths) {
              const [found, expected] = [
                await memory.projectOf(path),
                await (await reference.memory(source)).projectOf(path),
              ]
              if (found !== expected) throw new Error(`${path} leads to ${found}, not to ${expected}`)
            }
          }
          const raised = Math.max(...SOURCES.map(() => store.watermark.newest()))
          if (raised !== reference.watermark.newest()) throw new Error(`the watermark is ${raised}`)
        } finally {
          await store.close()
        }
      }),
      { numRuns: 150 },
    )
    t.pass()
  })

function assertSame(found: ProjectMemory, expected: ProjectMemory): void {
  const [one, other] = [found, expected].map(memory => textOf(plain(memory, KEYS)))
  if (one !== other) throw new Error(`\n${one}\nis not\n${other}`)
}

t.test('of two projects that saw a file in the same moment, the path leads to one, the same everywhere', async t => {
  const database = new Database(EMPTY)
  const stores = [openOver(database, undefined), createMemoryStore({ clock: () => START, events: { emit() {} } }).store]
  t.teardown(() => stores[0]?.close())
  const [pkg, pkg2] = ['pkg', 'pkg-2'].map(name => parseProjectName(name))
  const path = `/packages/aa/bb/${'0'.repeat(60)}/pkg-2-4.tar.gz` as FilePath // pkg 2.post4, or pkg-2 4
  const file = {
    path,
    filename: 'pkg-2-4.tar.gz',
    sha256: undefined,
    version: undefined,
    uploaded: undefined,
    offered: false,
    yanked: false,
  }
  for (const store of stores) {
    const memory = await store.memory(INDEX)
    for (const project of [pkg2, pkg, OTHER]) if (project !== undefined) await memory.learn(project, pageOf([file]))
    t.equal(await memory.projectOf(path), 'pkg')
    await store.journal.flush()
    t.equal(await memory.projectOf(path), 'pkg')
  }
})
