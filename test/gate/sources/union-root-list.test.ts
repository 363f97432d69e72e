import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { createUnionRootList } from '../../../src/gate/sources/union-root-list.ts'

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
