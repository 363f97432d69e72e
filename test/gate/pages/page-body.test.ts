import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { buildBody, type PageBody } from '../../../src/gate/pages/page-body.ts'
import { policyOf } from '../../world/judging/judging.ts'

const POLICY = policyOf('version: 1\nprojects: [{ match: pkg, deny: no }]')
const PAGE = Buffer.from(JSON.stringify({ files: [], name: 'pkg' }))
const build = (bytes = PAGE, policy = POLICY): Promise<PageBody> =>
  buildBody(bytes, { contentType: 'application/json', policy, serial: 7 }, undefined)

t.test('a tag is that of its bytes, of its coding and of the policy', async t => {
  const { etag } = await build()
  t.strictSame((await build()).etag, etag)
  t.equal(new Set(Object.values(etag)).size, 3)
  for (const tag of Object.values(etag)) t.match(tag, /^"[^"]+"$/, 'a strong one')
  t.not((await build(Buffer.from('{}'))).etag.identity, etag.identity)
  const other = policyOf('version: 1\nprojects: [{ match: pkg, deny: not any more }]')
  t.not((await build(PAGE, other)).etag.identity, etag.identity)
})

t.test('what is coded is the same page, whatever its size', async t => {
  const large = Buffer.from(JSON.stringify({ files: Array.from({ length: 9_000 }, (_, at) => `pkg-1.${at}`) }))
  for (const bytes of [PAGE, large]) {
    const page = await build(bytes)
    t.strictSame(gunzipSync(await page.coded('gzip')), bytes)
    t.strictSame(zstdDecompressSync(await page.coded('zstd')), bytes)
  }
})

t.test('nothing is coded that nobody asked for, and what is asked for is coded once', async t => {
  const page = await build()
  t.strictSame([page.gzip, page.zstd, page.identity], [undefined, undefined, PAGE])
  const [one, other] = await Promise.all([page.coded('gzip'), page.coded('gzip')])
  t.equal(one, other)
  t.equal(page.gzip, one)
  t.equal(await page.coded('gzip'), one)
  t.equal(page.zstd, undefined)
})

t.test('what is coded holds on to no more than it is', async t => {
  const page = await build(Buffer.alloc(40_000, 'x'))
  for (const coding of ['gzip', 'zstd'] as const) {
    const { length, buffer } = await page.coded(coding)
    t.equal(buffer.byteLength, length)
  }
})

t.test('the same bytes under another tag are coded once', async t => {
  const facts = { contentType: 'application/json', policy: POLICY, serial: 7 }
  const before = await build()
  const coded = await before.coded('gzip')
  const other = policyOf('version: 1\nprojects: [{ match: pkg, deny: not any more }]')
  const after = await buildBody(Buffer.from(PAGE), { ...facts, policy: other }, before)
  t.not(after.etag.gzip, before.etag.gzip)
  t.equal(after.gzip, coded)
  t.equal(after.identity, before.identity)
  t.equal((await buildBody(Buffer.from('{}'), facts, before)).gzip, undefined)
})
