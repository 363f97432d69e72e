import { setTimeout as sleep } from 'node:timers/promises'
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

t.test('what is coded is the same page', async t => {
  const page = await build()
  t.same([page.gzip, page.zstd, page.identity], [undefined, undefined, PAGE], 'nobody waits for it')
  while (page.gzip === undefined || page.zstd === undefined) await sleep(1)
  t.same([gunzipSync(page.gzip), zstdDecompressSync(page.zstd)], [PAGE, PAGE])
})
