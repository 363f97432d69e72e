// guards: src/gate/sources/belonging.ts src/gate/sources/sourced-index.ts src/gate/sources/sourced-memory.ts
import fc from 'fast-check'
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createSourcedUpstream } from '../../../src/gate/sources/sourced-upstream.ts'
import type { Index } from '../../../src/ports/outward.ts'
import { createFakeSources, type FakeSources, type State } from './fake-sources.ts'

const RULES = { acme: { owns: ['acme-*'] }, pypi: {}, pytorch: { only: ['torch', 'torch-*'] } }
const [OWNED, OPEN, TORCH] = ['acme-core', 'flask', 'torch'].map(parseProjectName) as [
  ReturnType<typeof parseProjectName>,
  ReturnType<typeof parseProjectName>,
  ReturnType<typeof parseProjectName>,
]

async function ask(index: Index, project: typeof OPEN, etag?: string): Promise<string> {
  try {
    const answer = await index.project(project, etag === undefined ? undefined : { etag })
    return answer.kind === 'page' ? `page of ${answer.index.source}` : answer.kind
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

function whom({ asked }: FakeSources): readonly string[] {
  return asked.splice(0).map(({ source }) => source)
}

t.test('an owned name is asked of its owner, whatever becomes of him', async t => {
  const fakes = createFakeSources(RULES)
  const { index } = createSourcedUpstream(await fakes.index(['pypi', 'acme']))
  for (const [state, told] of [
    ['has', 'page of acme'],
    ['lacks', 'absent'],
    ['down', 'unknown-upstream'],
  ] as const) {
    fakes.states.set('acme', state)
    t.equal(await ask(index, OWNED), told)
    t.same(whom(fakes), ['acme'], state)
  }
})

t.test('an index that lacks the owner asks nobody, and calls the name internal', async t => {
  const fakes = createFakeSources(RULES)
  const upstream = createSourcedUpstream(await fakes.index(['pypi']))
  t.equal(await ask(upstream.index, OWNED), 'internal')
  await t.rejects(upstream.index.legacy(OWNED), { code: 'internal' })
  const file = parseDistFilename('acme_core-1.0.tar.gz', OWNED)
  if (file !== undefined) await t.rejects(upstream.integrity.provenance(OWNED, file), { code: 'internal' })
  t.same(whom(fakes), [])
})

t.test('whose a name is, or who would be asked in which order, is told in words', async t => {
  const fakes = createFakeSources(RULES)
  const { index } = createSourcedUpstream(await fakes.index(['acme', 'pypi', 'pytorch']))
  t.equal(index.whose?.(OWNED), 'the name is owned by acme, and nobody else is asked')
  t.match(
    index.whose?.(OPEN),
    /^it is nobody’s yet: acme, then pypi are asked, and it belongs to the first that has it$/,
  )
  t.match(index.whose?.(TORCH), /: acme, then pypi, then pytorch are asked/)
  t.same(whom(fakes), [], 'and nobody is asked for that')
  fakes.states.set('acme', 'lacks')
  await ask(index, OPEN)
  t.equal(index.whose?.(OPEN), 'the name belongs to pypi, where it was found first')
  const { index: later } = createSourcedUpstream(await fakes.index(['acme', 'pytorch']))
  t.equal(later.whose?.(OPEN), 'the name belongs to pypi, which is not asked about it any more')
  const { index: alone } = createSourcedUpstream(await fakes.index(['pytorch'], 'torch'))
  t.equal(alone.whose?.(OPEN), 'no source of this index may be asked about it')
  t.equal(alone.whose?.(TORCH), undefined, 'of one there is nothing to tell')
})

t.test('a name that nobody owns is the first source’s that has it', async t => {
  const fakes = createFakeSources(RULES)
  fakes.states.set('acme', 'lacks')
  const { index } = createSourcedUpstream(await fakes.index(['acme', 'pypi', 'pytorch']))
  t.equal(await ask(index, OPEN), 'page of pypi')
  t.same(whom(fakes), ['acme', 'pypi'], 'a source with `only` is not asked about it')
  fakes.states.set('acme', 'has')
  t.equal(await ask(index, OPEN), 'page of pypi', 'and stays, when another has it too')
  t.same(whom(fakes), ['pypi'])
  t.equal(await ask(index, TORCH), 'page of acme', 'which counts for that name alone')
})

t.test('a source that cannot answer makes the name unknown, and nothing is remembered of it', async t => {
  const fakes = createFakeSources(RULES)
  const { index } = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  fakes.states.set('acme', 'down')
  t.equal(await ask(index, OPEN), 'unknown-upstream')
  t.same(whom(fakes), ['acme'], 'and the next is not asked')
  t.equal(fakes.store.belongings('main').of(OPEN), undefined)
  fakes.states.set('acme', 'has')
  t.equal(await ask(index, OPEN), 'page of acme')
})

t.test('a source that has lost a name has lost it: no other is asked', async t => {
  const fakes = createFakeSources(RULES)
  const { index } = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  t.equal(await ask(index, OPEN), 'page of acme')
  whom(fakes)
  for (const [state, told] of [
    ['lacks', 'absent'],
    ['down', 'unknown-upstream'],
  ] as const) {
    fakes.states.set('acme', state)
    t.equal(await ask(index, OPEN), told)
    t.same(whom(fakes), ['acme'])
  }
  const { index: without } = createSourcedUpstream(await fakes.index(['pypi', 'pytorch']))
  t.equal(await ask(without, OPEN), 'absent', 'where it is no source of the index any more')
  t.same(whom(fakes), [])
})

t.test('a name that a source was known to have, before there were several, is that source’s', async t => {
  const fakes = createFakeSources(RULES)
  const alone = createSourcedUpstream(await fakes.index(['pypi']))
  await alone.memory.learn(OPEN, { page: { at: instant(0), status: 'active', files: [], unread: [] } })
  await fakes.store.belongings('main').begin([[OPEN, 'pypi' as SourceName]], instant(0))
  const { index, memory } = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  t.equal((await memory.of(OPEN)).reading !== undefined, true, 'with all that was learned of it')
  t.equal(await ask(index, OPEN), 'page of pypi')
  t.same(whom(fakes), ['pypi'])
})

t.test('what another index has learned of a source does not make a name that source’s', async t => {
  const fakes = createFakeSources(RULES)
  const { index } = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  const other = createSourcedUpstream(await fakes.index(['pypi'], 'pub'))
  await other.memory.learn(OPEN, { page: { at: instant(0), status: 'active', files: [], unread: [] } })
  t.equal(await ask(index, OPEN), 'page of acme')
})

t.test('two indexes have each their own order, and their own memory of whose a name is', async t => {
  const fakes = createFakeSources(RULES)
  const main = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  const ml = createSourcedUpstream(await fakes.index(['pypi', 'acme'], 'ml'))
  t.equal(await ask(main.index, OPEN), 'page of acme')
  t.equal(await ask(ml.index, OPEN), 'page of pypi')
})

t.test('a tag goes back to the source that gave it, and to no other', async t => {
  const fakes = createFakeSources(RULES)
  const { index } = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  const answer = await index.project(OWNED)
  const etag = answer.kind === 'page' ? answer.etag : undefined
  await ask(index, OWNED, etag)
  await ask(index, OWNED, 'pypi "1"')
  t.same(
    fakes.asked.map(asked => asked.etag),
    [undefined, '"1"', undefined],
  )
})

t.test('whatever is asked after the page goes where the page came from', async t => {
  const fakes = createFakeSources(RULES)
  fakes.states.set('acme', 'lacks')
  const { index, integrity } = createSourcedUpstream(await fakes.index(['acme', 'pypi']))
  const file = parseDistFilename('flask-1.0.tar.gz', OPEN)
  if (file === undefined) throw new TypeError('no file name')
  await t.rejects(integrity.provenance(OPEN, file), { code: 'not-listed' }, 'before it there is nobody to ask')
  await index.project(OPEN)
  whom(fakes)
  await integrity.provenance(OPEN, file)
  await index.legacy(OPEN)
  t.same(whom(fakes), ['pypi', 'pypi'])
})

t.test(
  'in any order and through any outages a name has one source, and an owned one never leaves its owner',
  async t => {
    const state = fc.constantFrom<State>('has', 'lacks', 'down')
    const order = fc.shuffledSubarray(Object.keys(RULES), { minLength: 2 })
    const steps = fc.array(
      fc.record({ project: fc.constantFrom(OWNED, OPEN, TORCH), acme: state, pypi: state, pytorch: state }),
    )
    await fc.assert(
      fc.asyncProperty(order, steps, async (names, asks) => {
        const fakes = createFakeSources(RULES)
        const { index } = createSourcedUpstream(await fakes.index(names))
        const served = new Map<string, string>()
        for (const { project, ...states } of asks) {
          for (const [name, its] of Object.entries(states)) fakes.states.set(name, its)
          const told = await ask(index, project)
          const asked = whom(fakes)
          if (project === OWNED)
            t.same(
              asked.filter(source => source !== 'acme'),
              [],
            )
          if (project !== TORCH) t.notOk(asked.includes('pytorch'))
          if (told === 'unknown-upstream')
            t.equal(fakes.states.get(asked.at(-1) ?? ''), 'down', 'the last that was asked')
          if (!told.startsWith('page')) continue
          t.equal(served.get(project) ?? told, told, 'the source that it had')
          served.set(project, told)
        }
      }),
      { numRuns: 200 },
    )
  },
)
