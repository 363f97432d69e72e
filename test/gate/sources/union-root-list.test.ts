import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { createRootLists } from '../../../src/gate/pages/root-lists.ts'
import { createUnionRootList } from '../../../src/gate/sources/union-root-list.ts'
import type { RootList } from '../../../src/ports/outward.ts'
import { createScratch } from '../../../src/store/disk/scratch.ts'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { longestTurn, threadTime } from '../../world/thread/thread-time.ts'

type Listing = Parameters<typeof createUnionRootList>[0]['sources'][number]

function source(name: string, names: readonly string[] | GateError, rule: Partial<Listing['rule']> = {}): Listing {
  return {
    rule: { name: name as SourceName, owns: [], only: undefined, ...rule },
    rootList: {
      async open() {
        if (names instanceof GateError) throw names
        const projects = names.map((project, index) => ({ '_last-serial': index, name: project }))
        const body = Buffer.from(JSON.stringify({ meta: { 'api-version': '1.4' }, projects }))
        const coding = name === 'pypi' ? 'gzip' : 'identity'
        return {
          kind: 'list',
          body: Readable.from([coding === 'gzip' ? gzipSync(body) : body]),
          coding,
          serial: '7',
          etag: '"1"',
        }
      },
    },
  }
}

async function namesOf(sources: readonly Listing[], everywhere = sources): Promise<readonly string[]> {
  const list = await createUnionRootList({ sources, everywhere: everywhere.map(({ rule }) => rule) }).open(undefined)
  if (list.kind !== 'list') throw new TypeError('no list')
  const { projects } = JSON.parse(await text(list.body)) as { projects: { name: string }[] }
  return projects.map(({ name }) => name)
}

const acme = source('acme', ['Acme_Core', 'flask', 'tools'], { owns: ['acme-*'] })
const pypi = source('pypi', ['acme-core', 'Flask', 'requests'])

t.test('a list has every name once, an owned one as its owner spells it', async t => {
  t.same(await namesOf([acme, pypi]), ['Acme_Core', 'flask', 'tools', 'requests'])
  t.same(await namesOf([pypi, acme]), ['Flask', 'requests', 'Acme_Core', 'tools'])
})

t.test('a source adds what it may be asked for, and no name that is owned by one that the index lacks', async t => {
  const torch = source('pytorch', ['torch', 'numpy'], { only: ['torch'] })
  t.same(await namesOf([torch, pypi], [torch, pypi, acme]), ['torch', 'Flask', 'requests'])
})

t.test('a source without a list adds nothing; one that does not answer makes the list unknown', async t => {
  t.same(await namesOf([source('bare', new GateError('not-found', 'none')), pypi]), ['acme-core', 'Flask', 'requests'])
  const html: Listing = { ...source('html', []), rootList: { open: async () => ({ kind: 'other-form' }) } }
  t.same(await namesOf([html, pypi]), ['acme-core', 'Flask', 'requests'], 'nor one whose list is in HTML alone')
  await t.rejects(namesOf([pypi, source('away', new GateError('unknown-upstream', 'away'))]), {
    code: 'unknown-upstream',
  })
  await t.rejects(namesOf([source('bare', new GateError('not-found', 'none'))]), { code: 'not-found' })
})

t.test('a list that ends early is no list', async t => {
  const cut: Listing = {
    ...pypi,
    rootList: {
      open: async () => ({
        kind: 'list',
        body: Readable.from([Buffer.from('{"meta":{},"projects":[{"name":"a"},')]),
        coding: 'identity',
        serial: undefined,
        etag: undefined,
      }),
    },
  }
  await t.rejects(namesOf([cut, acme]))
})

/** A list that comes in pieces of a network's size. */
function listOf(names: readonly string[], etag?: string): Listing['rootList'] {
  const bytes = gzipSync(JSON.stringify({ meta: {}, projects: names.map(name => ({ name })) }), { level: 1 })
  return {
    async open() {
      const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
        bytes.subarray(at * 65_536, (at + 1) * 65_536),
      )
      return { kind: 'list', body: Readable.from(pieces), coding: 'gzip', serial: undefined, etag }
    },
  }
}

const rule = (name: string): Listing['rule'] => ({ name: name as SourceName, owns: [`${name}-*`], only: undefined })
const MANY = Array.from({ length: 60_000 }, (_, at) => `project-${at}`)

async function opened(union: RootList, known?: string) {
  const list = await union.open(known)
  if (list.kind !== 'list') throw new TypeError('no list')
  return list
}

t.test('a long list goes on in large pieces, and lets others have a turn', async t => {
  const sources = [
    { rule: rule('acme'), rootList: listOf(MANY) },
    { rule: rule('pypi'), rootList: listOf(MANY) },
  ]
  const union = createUnionRootList({ sources, everywhere: sources.map(one => one.rule) })
  let pieces = 0
  let bytes = 0
  const read = async () => {
    for await (const piece of (await opened(union)).body as AsyncIterable<Buffer>) {
      pieces += 1
      bytes += piece.length
    }
  }
  await read()
  t.ok(bytes / pieces > 32_768, `${bytes} bytes in ${pieces} pieces`)
  await inAnyRound(
    t,
    'ms at once, and of all of it',
    async () => ({ all: (await threadTime(read)).ms, turn: (await longestTurn(read)).ms }),
    ({ all, turn }) => turn < all / 4,
  )
})

t.test('a list of two sources takes hardly more than both of them take', async t => {
  const [small, large] = [listOf(['acme-core']), listOf(MANY)]
  const two = [
    { rule: rule('acme'), rootList: small },
    { rule: rule('pypi'), rootList: large },
  ]
  const union = createUnionRootList({ sources: two, everywhere: two.map(one => one.rule) })
  const scratch = createScratch(t.testdir())
  const cost = async (source: RootList) => {
    const lists = createRootLists({ source, scratch, maxAge: millis(60_000), maxStale: millis(0) })
    const { ms } = await threadTime(async () => (await lists.open('json', 'gzip')).file.close())
    lists.close()
    return ms
  }
  // once, so that what is compiled is compiled; then the least of three, for a machine has others to serve
  const least = async (source: RootList) => {
    await cost(source)
    return Math.min(await cost(source), await cost(source), await cost(source))
  }
  const [alone, both] = [await least(large), await least(union)]
  t.ok(both < 6 * alone, `${both} ms where one takes ${alone}`)
})

t.test('its tag is of what each source says and whether it has a list', async t => {
  const union = (etags: readonly (string | undefined)[]) => {
    const sources = etags.map((etag, at) => ({ rule: rule(`s${at}`), rootList: listOf([`name-${at}`], etag) }))
    return createUnionRootList({ sources, everywhere: sources.map(one => one.rule) })
  }
  const { etag, body } = await opened(union(['"1"', '"2"']))
  body.destroy()
  t.ok(etag)
  t.same(await union(['"1"', '"2"']).open(etag), { kind: 'unchanged' })
  for (const others of [['"1"', '"3"'], ['"2"', '"1"'], ['"1"'], ['"1"', '"2"', '"3"'], ['"1"', undefined]]) {
    const other = await opened(union(others), etag)
    t.not(other.etag, etag, others.join())
    other.body.destroy()
  }
  t.equal((await opened(union(['"1"', undefined]))).etag, undefined, 'where one has no tag there is none')
})

t.test('what comes in is bounded, though nothing of it goes on', async t => {
  const union = (most: { names?: number; bytes?: number }, names: readonly string[]) => {
    const sources = [
      { rule: rule('acme'), rootList: listOf(names) },
      { rule: rule('pypi'), rootList: listOf(['demo']) },
    ]
    return createUnionRootList({ sources, everywhere: sources.map(one => one.rule), most })
  }
  const read = async (list: RootList) => await text((await opened(list)).body)
  t.ok(await read(union({ names: 4, bytes: 1_000 }, ['a', 'b', 'c'])))
  const tooMany = { code: 'unknown-upstream', detail: 'the lists of all projects have more than 3 names' }
  await t.rejects(read(union({ names: 3 }, ['a', 'b', 'c'])), tooMany)
  await t.rejects(read(union({ names: 3 }, ['demo', 'demo', 'demo'])), tooMany, 'a name that is there counts too')
  const tooLong = { code: 'unknown-upstream', detail: 'the list of all projects has more than 1000 bytes' }
  // of another source, so that none goes on
  await t.rejects(
    read(
      union(
        { bytes: 1_000 },
        MANY.map(name => `pypi-${name}`),
      ),
    ),
    tooLong,
  )
})
