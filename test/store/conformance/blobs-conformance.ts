import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import type { Blobs, OpenBlob } from '../../../src/ports/blobs.ts'

/** Blobs that a suite is run over. */
export interface BlobsSubject {
  blobs: Blobs
  /** Closes them and opens them again, where something outlives it. */
  reopen: (() => Promise<void>) | undefined
}

export async function readAll(blob: OpenBlob): Promise<Buffer> {
  const bytes = Buffer.alloc(blob.size)
  for (let done = 0; done < bytes.length; ) {
    const count = await blob.read(bytes.subarray(done), done)
    if (count === 0) return bytes.subarray(0, done)
    done += count
  }
  return bytes
}

export async function stored(blobs: Blobs, sha256: Sha256): Promise<Buffer | undefined> {
  const blob = await blobs.open(sha256)
  try {
    return blob === undefined ? undefined : await readAll(blob)
  } finally {
    blob?.close()
  }
}

/** The contract of {@link Blobs}, as ports/blobs.ts has it in words. */
export function blobsConformance(
  name: string,
  open: (t: Test) => Promise<BlobsSubject>,
  writer: 'writer' | 'documentWriter' = 'writer',
): void {
  async function put(blobs: Blobs, bytes: Buffer, chunk = 64 * 1024): Promise<Sha256> {
    const sha256 = sha256Of(bytes)
    const writing = await blobs[writer](sha256)
    for (let at = 0; at < bytes.length; at += chunk) await writing.write(bytes.subarray(at, at + chunk))
    await writing.commit()
    return sha256
  }

  t.test(`blobs in ${name}`, async t => {
    for (const [what, size] of [
      ['an empty', 0],
      ['a small', 1_000],
      ['a large', 5_000_001],
    ] as const)
      t.test(`${what} blob comes back as it was written, however often it is opened and after a restart`, async t => {
        const subject = await open(t)
        const bytes = randomBytes(size)
        const sha256 = await put(subject.blobs, bytes)
        for (let opening = 0; opening < 4; opening += 1) {
          const blob = await subject.blobs.open(sha256)
          t.equal(blob?.size, size)
          t.equal(blob?.sha256, sha256)
          t.ok(blob !== undefined && (await readAll(blob)).equals(bytes))
          t.ok(blob?.bytes === undefined || blob.bytes.equals(bytes))
          blob?.close()
          await new Promise(resolve => setTimeout(resolve, 5))
        }
        t.equal(subject.blobs.totalBytes(), size)
        await subject.reopen?.()
        t.equal(subject.blobs.totalBytes(), size)
        t.ok((await stored(subject.blobs, sha256))?.equals(bytes))
      })
    t.test('a blob that was never written is absent', async t => {
      const { blobs } = await open(t)
      t.equal(await blobs.open(sha256Of('nothing')), undefined)
    })
    t.test('nothing is visible before the commit, and nothing after an abort', async t => {
      const subject = await open(t)
      const bytes = randomBytes(3_000_000)
      const sha256 = sha256Of(bytes)
      const writing = await subject.blobs[writer](sha256)
      await writing.write(bytes)
      t.equal(await subject.blobs.open(sha256), undefined)
      await writing.abort()
      await writing.abort()
      t.equal(await subject.blobs.open(sha256), undefined)
      t.equal(subject.blobs.totalBytes(), 0)
      await t.rejects(writing.write(bytes), { code: 'unknown-store' })
      await t.rejects(writing.commit(), { code: 'unknown-store' })
    })
    for (const [what, change] of [
      ['other bytes', (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)])],
      ['too few bytes', (bytes: Buffer) => bytes.subarray(1)],
      ['too many bytes', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ] as const)
      t.test(`${what} than the digest names are never stored`, async t => {
        const subject = await open(t)
        const bytes = randomBytes(2_000_000)
        const sha256 = sha256Of(bytes)
        const writing = await subject.blobs[writer](sha256)
        await writing.write(change(bytes))
        await t.rejects(writing.commit(), { code: 'unknown-store' })
        await writing.abort()
        t.equal(await subject.blobs.open(sha256), undefined)
        t.ok((await stored(subject.blobs, await put(subject.blobs, bytes)))?.equals(bytes), 'the right ones are')
      })
    t.test(
      'a writer says what it was given, takes nothing more then, and is committed or given up all the same',
      async t => {
        const { blobs } = await open(t)
        const bytes = randomBytes(2_100_000)
        const writing = await blobs[writer](sha256Of(bytes))
        await writing.write(bytes.subarray(0, 1_500_000))
        await writing.write(bytes.subarray(1_500_000))
        t.equal(writing.digest(), sha256Of(bytes))
        t.equal(writing.digest(), sha256Of(bytes), 'twice')
        await t.rejects(writing.write(Buffer.from('x')), { code: 'unknown-store' })
        const piece = Buffer.alloc(1_000)
        t.ok((await writing.read(piece, 1_499_500, 1_000)) > 0, 'and can be read along')
        t.equal(await blobs.open(sha256Of(bytes)), undefined, 'nothing is visible yet')
        await writing.commit()
        t.ok((await stored(blobs, sha256Of(bytes)))?.equals(bytes))
        const other = await blobs[writer](sha256Of('other'))
        await other.write(bytes)
        t.equal(other.digest(), sha256Of(bytes), 'whatever it was opened for')
        await other.abort()
        t.equal(await blobs.open(sha256Of('other')), undefined)
      },
    )
    t.test('what was written can be read along, before and after it reached the disk', async t => {
      const { blobs } = await open(t)
      const bytes = randomBytes(4_500_000)
      const writing = await blobs[writer](sha256Of(bytes))
      const piece = Buffer.alloc(70_000)
      for (let at = 0; at < bytes.length; at += 90_000) {
        const written = Math.min(bytes.length, at + 90_000)
        await writing.write(bytes.subarray(at, written))
        for (const position of [0, Math.max(0, written - 70_000), Math.floor(written / 2)]) {
          const count = await writing.read(piece, position, Math.min(piece.length, written - position))
          if (count === 0 || !piece.subarray(0, count).equals(bytes.subarray(position, position + count)))
            t.fail(`read ${count} wrong bytes at ${position} of ${written}`)
        }
        if ((await writing.read(piece, written, piece.length)) !== 0) t.fail('read beyond the end')
      }
      await writing.commit()
      t.pass()
    })
    t.test('many chunks of all sizes are joined in order', async t => {
      const { blobs } = await open(t)
      const bytes = randomBytes(2_500_000)
      const writing = await blobs[writer](sha256Of(bytes))
      let at = 0
      for (let size = 1; at < bytes.length; size = (size * 7 + 3) % 4_001) {
        await writing.write(bytes.subarray(at, at + size))
        at += size
      }
      await writing.commit()
      t.ok((await stored(blobs, sha256Of(bytes)))?.equals(bytes))
    })
    t.test('writing the same blob twice, one after the other or at once, is harmless', async t => {
      const subject = await open(t)
      const bytes = randomBytes(1_500_000)
      const sha256 = await put(subject.blobs, bytes)
      const reader = await subject.blobs.open(sha256)
      await put(subject.blobs, bytes)
      await Promise.all(Array.from({ length: 5 }, () => put(subject.blobs, bytes)))
      t.equal(subject.blobs.totalBytes(), bytes.length)
      t.ok((await stored(subject.blobs, sha256))?.equals(bytes))
      t.ok(reader !== undefined && (await readAll(reader)).equals(bytes), 'who reads it goes on reading')
      reader?.close()
      await subject.reopen?.()
      t.equal(subject.blobs.totalBytes(), bytes.length)
      t.ok((await stored(subject.blobs, sha256))?.equals(bytes))
    })
    t.test('a removed blob is absent, but who has it open goes on reading', async t => {
      const subject = await open(t)
      const bytes = randomBytes(1_500_000)
      const sha256 = await put(subject.blobs, bytes)
      const reader = await subject.blobs.open(sha256)
      await subject.blobs.remove(sha256)
      await subject.blobs.remove(sha256)
      t.equal(await subject.blobs.open(sha256), undefined)
      t.equal(subject.blobs.totalBytes(), 0)
      t.ok(reader !== undefined && (await readAll(reader)).equals(bytes))
      reader?.close()
      await subject.reopen?.()
      t.equal(await subject.blobs.open(sha256), undefined)
      await put(subject.blobs, bytes)
      t.ok((await stored(subject.blobs, sha256))?.equals(bytes))
    })
    t.test('many readers of one blob read side by side', async t => {
      const { blobs } = await open(t)
      const bytes = randomBytes(1_200_000)
      const sha256 = await put(blobs, bytes)
      const readers = await Promise.all(Array.from({ length: 100 }, () => stored(blobs, sha256)))
      t.ok(readers.every(read => read?.equals(bytes)))
    })
    t.test('closing twice closes once: another reader is not robbed of its file', async t => {
      const { blobs } = await open(t)
      const bytes = randomBytes(1_200_000)
      const sha256 = await put(blobs, bytes)
      const [first, second] = [await blobs.open(sha256), await blobs.open(sha256)]
      await blobs.remove(sha256)
      first?.close()
      first?.close()
      first?.close()
      t.ok(second !== undefined && (await readAll(second)).equals(bytes))
      second?.close()
    })
  })
}
