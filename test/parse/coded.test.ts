import { gzipSync } from 'node:zlib'
import t from 'tap'
import { decodeSmall } from '../../src/parse/coded.ts'

const SMALL = 128 * 1024
const document = (bytes: Buffer) => ({ bytes, coding: 'gzip', most: 1_000_000, who: 'the index' }) as const
const text = (length: number): Buffer => Buffer.from('demo '.repeat(length / 5))

t.test('a small document comes whole, a larger one not at all', async t => {
  t.strictSame(await decodeSmall(document(gzipSync(text(120_000))), SMALL), text(120_000))
  t.equal(await decodeSmall(document(gzipSync(text(140_000))), SMALL), undefined)
  t.strictSame(await decodeSmall(document(gzipSync(text(140_000))), 200_000), text(140_000))
  t.equal(await decodeSmall(document(gzipSync(text(400_000))), 200_000), undefined)
})

t.test('what a document says of its size is a hint', async t => {
  const lying = (bytes: Buffer, size: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy.writeUInt32LE(size, copy.length - 4)
    return copy
  }
  t.equal(await decodeSmall(document(lying(gzipSync(text(500_000)), 5)), SMALL), undefined, 'no more is unfolded')
  await t.rejects(decodeSmall(document(lying(gzipSync(text(500)), 5)), SMALL), { code: 'unknown-upstream' })
  const members = Buffer.concat([gzipSync(text(160_000)), gzipSync(text(5))])
  t.strictSame(await decodeSmall(document(members), 200_000), Buffer.concat([text(160_000), text(5)]))
  t.equal(await decodeSmall(document(members), SMALL), undefined)
})

t.test('what is no gzip is unknown, or left to whoever reads large ones', async t => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('x'), text(100), gzipSync(text(1_000)).subarray(0, 30)])
    await t.rejects(decodeSmall(document(bytes), 200_000), { code: 'unknown-upstream' })
  t.equal(await decodeSmall(document(text(100)), SMALL), undefined)
})
