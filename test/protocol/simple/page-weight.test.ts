import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import { type ProjectName, parseProjectName } from '../../../src/domain/packaging/name.ts'
import { atOnce } from '../../../src/flow/steps.ts'
import { createIndexes } from '../../../src/gate/find/indexes.ts'
import { knownPage } from '../../../src/gate/find/known-page.ts'
import { createUnoffered } from '../../../src/gate/find/unoffered.ts'
import { createStrangersPages } from '../../../src/gate/sources/strangers-pages.ts'
import { createDocuments } from '../../../src/parse/documents.ts'
import { formedText, MOST_FILES, MOST_TEXT, type ProjectIndex } from '../../../src/protocol/simple/project-index.ts'
import { SIMPLE_JSON } from '../../../src/protocol/simple/project-page.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { heapTaken } from '../../world/thread/heap-taken.ts'
import { createWorld } from '../../world/world.ts'

const MIB = 1024 * 1024
const EIGHT = 'a.b.c.d.e.f.g.h'
const documents = createDocuments()
t.teardown(() => documents.close())

type Entry = Readonly<Record<string, unknown>>

/** An entry as PyPI has it. */
function ordinary(project: string, at: number): Entry {
  const sha256 = sha256Of(`${at}`)
  const filename = `${project}-1.${at}-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`
  return {
    filename,
    url: `https://x.test/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`,
    hashes: { sha256 },
    'core-metadata': { sha256: sha256Of(`${at} metadata`) },
    'requires-python': '>=3.9',
    size: 1_000_000 + at,
    'upload-time': '2026-01-02T03:04:05.678901Z',
    yanked: false,
    provenance: null,
  }
}

const KINDS: Readonly<Record<string, (project: string, at: number) => Entry>> = {
  'as PyPI has them': ordinary,
  'with long texts': (project, at) => ({
    ...ordinary(project, at),
    yanked: `${at}`.padEnd(4_096, 'y'),
    'requires-python': `>=3.${at}`.padEnd(4_096, '0'),
  }),
  'with many tags': (project, at) => {
    const filename = `${project}-${at}-${EIGHT}-${EIGHT}-${EIGHT}${at}.whl`
    return { ...ordinary(project, at), filename, url: `https://x.test/${filename}` }
  },
  'with every digest there is': (project, at) => ({
    ...ordinary(project, at),
    hashes: {
      sha256: sha256Of(`${at}`),
      md5: '0'.repeat(32),
      sha512: `${at}`.padEnd(128, '0'),
      blake2b: 'a'.repeat(128),
    },
  }),
  'with a long address': (project, at) => ({
    ...ordinary(project, at),
    url: `https://x.test/${'a/'.repeat(1_500)}${at}.whl`,
  }),
}

async function read(entries: readonly Entry[], project = parseProjectName('p')): Promise<ProjectIndex> {
  const bytes = Buffer.from(JSON.stringify({ meta: { 'api-version': '1.1' }, name: project, files: entries }))
  const context = { project, pageUrl: 'https://x.test/simple/p/', fileOrigins: ['https://x.test'], serial: undefined }
  return await documents.page({ bytes, coding: 'identity', most: 128 * MIB, who: 'x.test' }, SIMPLE_JSON, context)
}

async function readOf(kind: string, count: number, project = parseProjectName('p')): Promise<ProjectIndex> {
  return await read(
    Array.from({ length: count }, (_, at) => KINDS[kind]?.(project, at) ?? {}),
    project,
  )
}

t.test('a page weighs what it takes, whatever its entries hold', async t => {
  for (const kind of Object.keys(KINDS)) {
    const { result, bytes } = await heapTaken(async () => atOnce(knownPage(await readOf(kind, 2_000), undefined)))
    t.equal(result.index.files.length, 2_000, kind)
    t.ok(result.weight > 0.8 * bytes, `${kind}: ${bytes} bytes weigh ${result.weight}`)
    t.ok(result.weight < 2.5 * bytes, `${kind}: ${bytes} bytes weigh no more than twice that: ${result.weight}`)
  }
})

t.test('what else a page says has its weight too', async t => {
  const page = await readOf('as PyPI has them', 1)
  const plain = atOnce(knownPage(page, undefined)).weight
  const text = 'v'.repeat(200)
  const versions = Array.from({ length: 1_000 }, () => text)
  const dropped = versions.map(filename => ({ filename, why: 'not a file name' }))
  t.ok(atOnce(knownPage({ ...page, versions }, undefined)).weight > plain + 200_000)
  t.ok(atOnce(knownPage({ ...page, dropped }, undefined)).weight > plain + 200_000)
})

t.test('the largest pages that may be are allowed the texts that entries have', async t => {
  const [file] = (await readOf('as PyPI has them', 1)).files
  t.ok(file !== undefined && formedText(file) * MOST_FILES < MOST_TEXT)
})

/** So many pages of long texts as take twice what a cache may. */
const TEXTS = { files: 1_000, pages: 32 } as const

/** A page whose texts are its own. */
function withTexts(page: ProjectIndex, name: ProjectName): ProjectIndex {
  const own = () => Buffer.alloc(4_096, name).toString('latin1')
  return { ...page, name, files: page.files.map(file => ({ ...file, requiresPython: own(), yanked: own() })) }
}

t.test('pages of long texts fill a cache as far as it goes, and no further', async t => {
  const small = await readOf('as PyPI has them', TEXTS.files)
  const names = Array.from({ length: TEXTS.pages }, (_, at) => parseProjectName(`p${at}`))
  const clock = () => instant(1_800_000_000_000)
  const index = {
    project: async (name: ProjectName) => ({ kind: 'page', index: withTexts(small, name), etag: undefined }) as const,
    legacy: async () => ({ kind: 'absent' }) as const,
  }
  const events = { emit() {} }
  const memory = await createMemoryStore({ clock, events }).store.memory(sourceAt('https://x.test'))
  // what is remembered of the files is none of the cache's
  const learned = await memory.of(parseProjectName('p'))
  const nothing = { ...memory, of: async () => learned, learn: async () => learned }
  const indexes = createIndexes({
    index,
    memory: nothing,
    events,
    clock,
    maxAge: millis(60_000),
    maxStale: millis(60_000),
    isInternal: () => false,
    unoffered: createUnoffered(),
  })
  const pages = createStrangersPages({ clock, maxAge: millis(60_000) })
  const stranger = { index, rule: { name: 'x' } } as unknown as Parameters<typeof pages>[0]
  for (const [what, ask, most] of [
    ['known pages', (name: ProjectName) => indexes.current(name), 128],
    ['pages of strangers', (name: ProjectName) => pages(stranger, name, undefined), 32],
  ] as const) {
    const { bytes } = await heapTaken(async () => {
      for (const name of names) await ask(name)
    })
    t.ok(bytes > 4 * MIB, `${what} are kept: ${bytes}`)
    t.ok(bytes < most * MIB, `${what} take no more than they may: ${bytes}`)
  }
  t.ok(indexes.atHand(parseProjectName(`p${TEXTS.pages - 1}`)), 'and the last one is at hand')
})

t.test('a built page has the weight of every form that was asked for', async t => {
  const small = await readOf('as PyPI has them', TEXTS.files)
  // each of them is six bytes in HTML
  const yanked = () => Buffer.alloc(4_096, '"').toString('latin1')
  const names = Array.from({ length: 6 }, (_, at) => parseProjectName(`p${at}`))
  const { gate } = await openBareGate(t, await createWorld(t), {
    policy: 'version: 1\nprojects: [{ match: "*", attestation: when-seen }]\n',
    settings: { mode: 'list' },
    parts: ({ index }) => ({
      index: {
        ...index,
        project: async name => {
          const files = small.files.map(file => ({ ...file, yanked: yanked() }))
          return { kind: 'page', index: { ...small, name, files }, etag: undefined }
        },
      },
    }),
  })
  for (const form of ['json', 'html'] as const) for (const name of names) await gate.page(name, form)
  for (const name of names) for (const form of ['json', 'html'] as const) await gate.page(name, form)
  const kept = names.flatMap(name => (['json', 'html'] as const).map(form => gate.atHand.page(name, form)))
  const bytes = kept.reduce((sum, body) => sum + (body?.identity.length ?? 0), 0)
  t.ok(bytes > 0, 'some are at hand')
  t.ok(2 * bytes < 192 * MIB, `and no more than may be, with room for their coded forms: ${bytes}`)
})
