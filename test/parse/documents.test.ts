// guards: src/parse/index-columns.ts src/parse/parser-pool.ts src/parse/parser-worker.ts
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { Person } from '../../src/flow/asker.ts'
import { createDocuments } from '../../src/parse/documents.ts'
import type { ParserPoolOptions } from '../../src/parse/parser-pool.ts'
import { createLegacyReader } from '../../src/protocol/legacy/legacy-json.ts'
import { parseProjectPage, SIMPLE_JSON } from '../../src/protocol/simple/project-page.ts'
import { UnreadableStatus } from '../../src/protocol/simple/project-status.ts'
import { makeBigProject } from '../world/index/big-page.ts'
import { inAnyRound } from '../world/thread/rounds.ts'
import { longestTurn, threadTime } from '../world/thread/thread-time.ts'

const ORIGIN = 'https://files.example'
const NAME = parseProjectName('demo')
const PAGE = { project: NAME, pageUrl: 'https://index.example/simple/demo/', fileOrigins: [ORIGIN], serial: undefined }
const LEGACY = { project: NAME, serial: undefined, origins: ['https://index.example'] }
const MOST = 128 * 1024 * 1024

function documentsOf(t: Test, options: ParserPoolOptions = {}) {
  const documents = createDocuments(options)
  t.teardown(() => documents.close())
  const coded = (bytes: Buffer, coding: 'identity' | 'gzip') => ({ bytes, coding, most: MOST, who: 'the index' })
  return {
    page: (text: Buffer | string, coding: 'identity' | 'gzip' = 'identity') => {
      const bytes = Buffer.from(text)
      return documents.page(coded(coding === 'gzip' ? gzipSync(bytes) : bytes, coding), SIMPLE_JSON, PAGE)
    },
    packed: (bytes: Buffer) => documents.page(coded(bytes, 'gzip'), SIMPLE_JSON, PAGE),
    legacy: (bytes: Buffer) => documents.legacy(coded(Buffer.from(bytes), 'identity'), LEGACY),
  }
}

const PROJECT = makeBigProject({ name: 'demo', files: 2_000, origin: ORIGIN, offered: at => at % 3 === 0 })
const PADDING = 'x'.repeat(60_000)

/** A page of more bytes than are read where they are. */
function pageWith(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    meta: { 'api-version': '1.0' },
    name: 'demo',
    files: [],
    versions: [PADDING],
    padding: [PADDING, PADDING],
    ...members,
  })
}

t.test('a document that is read elsewhere is the one that is read here', async t => {
  const documents = documentsOf(t)
  const here = parseProjectPage(PROJECT.page, SIMPLE_JSON, PAGE)
  t.equal(here.files.length, 2_000)
  for (const coding of ['identity', 'gzip'] as const)
    t.strictSame(await documents.page(PROJECT.page, coding), here, coding)
  const reader = createLegacyReader(LEGACY)
  reader.write(PROJECT.legacy())
  t.strictSame(await documents.legacy(PROJECT.legacy()), {
    ...reader.end(),
    bytes: (await documents.legacy(PROJECT.legacy())).bytes,
  })
  t.strictSame(Buffer.from((await documents.legacy(PROJECT.legacy())).bytes), Buffer.from(read(PROJECT.legacy()).bytes))
})

function read(bytes: Buffer) {
  const reader = createLegacyReader(LEGACY)
  reader.write(bytes)
  return reader.end()
}

t.test('odd entries come over as they are', async t => {
  const entry = {
    filename: 'demo-1.0-py2.py3-none-any.whl',
    url: `${ORIGIN}/a/demo-1.0-py2.py3-none-any.whl`,
    hashes: {},
  }
  const files = [
    entry,
    { ...entry, filename: 'demo-1.0.tar.gz', hashes: { sha256: 'a'.repeat(64), md5: 'b'.repeat(32) }, yanked: 'why' },
    {
      ...entry,
      filename: 'demo-1.0.zip',
      hashes: { md5: 'b'.repeat(32) },
      yanked: true,
      provenance: 'https://x.example',
    },
    { ...entry, filename: 'demo-1.0.exe', 'requires-python': '>=3' },
    { ...entry, filename: 'demo-1.0-2build-py3-none-any.whl', 'core-metadata': { sha256: 'c'.repeat(64) }, size: 5 },
    { ...entry, filename: 'other-1.0.tar.gz', 'upload-time': '2024-01-01T00:00:00Z' },
    { ...entry, url: 'https://elsewhere.example/x', filename: 'demo-2.0.tar.gz' },
    5,
    'x',
  ]
  const text = pageWith({ files })
  t.strictSame(await documentsOf(t).page(text), parseProjectPage(Buffer.from(text), SIMPLE_JSON, PAGE))
})

t.test('the thread that answers does a part of the work, in slices', async t => {
  const big = makeBigProject({ name: 'demo', files: 10_000, origin: ORIGIN })
  const documents = documentsOf(t)
  await documents.page(PROJECT.page)
  const packed = gzipSync(big.page, { level: 1 })
  await inAnyRound(
    t,
    'ms of the thread that answers, where the page is read beside it, the longest turn, and where it is read whole',
    async () => {
      const whole = await threadTime(async () => parseProjectPage(big.page, SIMPLE_JSON, PAGE))
      const beside = await threadTime(() => documents.packed(Buffer.from(packed)))
      const turn = await longestTurn(() => documents.packed(Buffer.from(packed)))
      return { beside: beside.ms, turn: turn.ms, whole: whole.ms }
    },
    ({ beside, turn, whole }) => beside < whole / 2 && turn < whole / 4,
  )
})

t.test('60 MB of nothing in 58 KB are refused when a fraction of it was read', async t => {
  const documents = documentsOf(t)
  const bomb = (member: string) =>
    gzipSync(`{"meta":{"api-version":"1.0"},"name":"demo","files":[],"${member}":[${'{},'.repeat(20_000_000)}{}]}`)
  await documents.page(PROJECT.page)
  const before = process.memoryUsage().rss
  for (const member of ['files', 'x']) {
    const packed = bomb(member)
    t.ok(packed.length < 60_000, `${packed.length} bytes`)
    await t.rejects(documents.packed(packed), { code: 'unknown-upstream', detail: /no project page/ })
  }
  const grown = (process.memoryUsage().rss - before) / 2 ** 20
  t.comment(`${grown.toFixed(0)} MiB more than before, the two documents of this test included`)
  t.equal((await documents.page(PROJECT.page)).files.length, 2_000, 'and others are read as ever')
})

t.test('a status that cannot be read is known as such from the other thread', async t => {
  const documents = documentsOf(t)
  const failure = await documents
    .page(pageWith({ 'project-status': { status: 'gone' } }))
    .catch((error: unknown) => error)
  t.ok(failure instanceof UnreadableStatus)
})

t.test('what is no gzip, or more than may come out of it, is unknown', async t => {
  const documents = documentsOf(t)
  const packed = gzipSync(PROJECT.page)
  await t.rejects(documents.packed(packed.subarray(0, -20)), { code: 'unknown-upstream', detail: /not the gzip/ })
  await t.rejects(documents.packed(Buffer.from('no gzip')), { code: 'unknown-upstream', detail: /not the gzip/ })
})

t.test('whoever brings many large documents waits behind himself, and is turned away first', async t => {
  const documents = createDocuments({ size: 1 })
  t.teardown(() => documents.close())
  const read: string[] = []
  const failed: string[] = []
  const bring = async (asker: Person) => {
    const document = { bytes: Buffer.from(pageWith({})), coding: 'identity', most: MOST, who: 'the index' } as const
    try {
      await documents.page(document, SIMPLE_JSON, PAGE, asker)
      read.push(asker.names[0])
    } catch (error) {
      t.match(error, { code: 'unknown-overloaded', limit: 'documents' })
      failed.push(asker.names[0])
    }
  }
  const all = Array.from({ length: 110 }, () => bring(new Person('many')))
  // as long a document as each of theirs: it is no matter of how short one is
  all.push(bring(new Person('one')))
  await Promise.all(all)
  t.ok(read.indexOf('one') <= 2, `behind ${read.indexOf('one')} of the other's`)
  t.equal(failed.includes('one'), false)
  t.equal(failed.length, 111 - 65, 'one is read, and 64 are in line')
})

t.test('what nobody waits for any more is not read', async t => {
  const documents = createDocuments({ size: 1 })
  t.teardown(() => documents.close())
  const bring = (asker: Person) =>
    documents.page(
      { bytes: Buffer.from(pageWith({})), coding: 'identity', most: MOST, who: 'the index' },
      SIMPLE_JSON,
      PAGE,
      asker,
    )
  const [first, second] = [new Person('a'), new Person('a')]
  const reading = bring(first)
  const waiting = bring(second)
  await new Promise(setImmediate)
  second.leave()
  await t.rejects(waiting, { code: 'unknown-overloaded' })
  t.equal((await reading).files.length, 0)
})

t.test('a thread that dies, outgrows its memory or hangs is unknown, and the next document is read', async t => {
  for (const how of ['dies', 'outgrows', 'hangs']) {
    const workerUrl = new URL('./bad-parser-worker.ts', import.meta.url)
    const documents = documentsOf(t, { workerUrl, size: 1, heapMiB: 32, timeoutMs: how === 'hangs' ? 2_000 : 60_000 })
    const failure = await documents.page(pageWith({ how })).catch((error: unknown) => error)
    t.ok(failure instanceof GateError && failure.code === 'unknown-upstream', how)
    await t.rejects(documents.page(pageWith({ how })), { code: 'unknown-upstream' }, 'by another thread')
  }
})

t.test(
  'what is told of a document that cannot be read is cut with a mark, so that half a secret is looked for there',
  async t => {
    const documents = documentsOf(t)
    const failure = await documents.page(pageWith({ name: 'x'.repeat(400) })).catch((error: unknown) => error)
    t.ok(failure instanceof GateError)
    t.match((failure as GateError).untrusted, /^"?x{290,300}…$/)
  },
)

const EIGHT = 'a.b.c.d.e.f.g.h'
/** As much as still counts as a small document, of entries that are as much work as they can be. */
const SMALL = 128 * 1024

function filledWith(head: string, tail: string, entry: (at: number) => string): Buffer {
  const entries: string[] = []
  for (let at = 0, left = SMALL - head.length - tail.length; ; at += 1) {
    const text = `${at === 0 ? '' : '\n,'}${entry(at)}`
    left -= text.length
    if (left < 0) return Buffer.from(head + entries.join('') + tail)
    entries.push(text)
  }
}

const inJson = (entry: (at: number) => string): Buffer =>
  filledWith('{"meta":{"api-version":"1.0"},"name":"demo","files":[', ']}', entry)

t.test('a small document is no more work here than small documents are, whatever stands in it', async t => {
  const documents = createDocuments()
  t.teardown(() => documents.close())
  const kinds: Readonly<Record<string, readonly [mediaType: string, bytes: Buffer]>> = {
    'bare names': [SIMPLE_JSON, inJson(at => `{"filename":"demo-${at}.zip","url":"/demo-${at}.zip"}`)],
    'many tags': [
      SIMPLE_JSON,
      inJson(at => `{"filename":"demo-1-${EIGHT}-${EIGHT}-${EIGHT}${at}.whl","url":"/${at}"}`),
    ],
    'many dashes': [SIMPLE_JSON, inJson(at => `{"filename":"${'1-'.repeat(120)}${at}.zip","url":"/${at}"}`)],
    'bare links': ['text/html', filledWith('<html>', '</html>', at => `<a href="/demo-${at}.zip">demo-${at}.zip</a>`)],
  }
  const context = { ...PAGE, fileOrigins: ['https://index.example'] }
  for (const [kind, [mediaType, bytes]] of Object.entries(kinds)) {
    const page = () =>
      documents.page({ bytes: new Uint8Array(bytes), coding: 'identity', most: MOST, who: 'x' }, mediaType, context)
    const here = async () => parseProjectPage(bytes, mediaType, context)
    t.strictSame(await page(), await here(), kind)
    // a slice is 4 ms, and what is read at once comes on top
    await inAnyRound(
      t,
      `${kind}: ms at once, and of all of it`,
      async () => ({ turn: (await longestTurn(page)).ms, whole: (await threadTime(here)).ms }),
      ({ turn, whole }) => turn < Math.max(12, whole / 2),
    )
  }
})
