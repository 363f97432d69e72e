import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { type OpenBlob, readBlob } from '../../src/ports/blobs.ts'

const BYTES = Buffer.from('what is stored')

/** A blob on a disk that gives out three bytes at a time, and tells whether somebody closed it. */
function blob(changes: Partial<OpenBlob> = {}): OpenBlob & { readonly closed: number } {
  let closed = 0
  return {
    sha256: sha256Of(BYTES),
    size: BYTES.length,
    bytes: undefined,
    read: async (buffer, position) => BYTES.copy(buffer, 0, position, position + 3),
    close() {
      closed += 1
    },
    get closed() {
      return closed
    },
    ...changes,
  }
}

t.test('a blob is read to its end, however little comes at once, and closed', async t => {
  const stored = blob()
  t.same(await readBlob(stored, 1_000), BYTES)
  t.equal(stored.closed, 1)
})

t.test('one in memory is not copied', async t => t.equal(await readBlob(blob({ bytes: BYTES }), 1_000), BYTES))

t.test('a larger one than is wanted is not read, and closed', async t => {
  const stored = blob({ read: () => Promise.reject(new TypeError('nobody asked')) })
  t.equal(await readBlob(stored, BYTES.length - 1), undefined)
  t.equal(stored.closed, 1)
})

t.test('one that is shorter than it says is "cannot tell", and closed', async t => {
  const stored = blob({ size: BYTES.length + 1 })
  await t.rejects(readBlob(stored, 1_000), { code: 'unknown-store' })
  t.equal(stored.closed, 1)
})
