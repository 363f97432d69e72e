import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { DigestGate } from '../../../src/gate/files/digest-gate.ts'
import { listed } from '../../world/judging/judging.ts'

const BYTES = Buffer.from('the admitted file')
const FILE = listed('pkg-1.0.tar.gz', { sha256: sha256Of(BYTES) })
const MISMATCH = { code: 'integrity-mismatch' }

function through(bytes: Buffer, sizes: { readonly expected: number | undefined; readonly most: number }): DigestGate {
  const gate = new DigestGate(FILE, sizes)
  for (let at = 0; at < bytes.length; at += 5) gate.take(bytes.subarray(at, at + 5))
  return gate
}

t.test('exactly the admitted bytes get through', async t => {
  for (const expected of [BYTES.length, undefined]) {
    const gate = through(BYTES, { expected, most: 100 })
    t.equal(gate.seen, BYTES.length)
    t.doesNotThrow(() => gate.finish(sha256Of(BYTES)))
  }
})

t.test('one byte that differs, is missing or is too many does not', async t => {
  const changed = Buffer.from(BYTES)
  changed.writeUInt8(changed.readUInt8(3) ^ 1, 3)
  t.throws(() => through(changed, { expected: BYTES.length, most: 100 }).finish(sha256Of(changed)), MISMATCH)
  const short = BYTES.subarray(1)
  t.throws(() => through(short, { expected: BYTES.length, most: 100 }).finish(sha256Of(short)), MISMATCH)
  t.throws(
    () => through(Buffer.concat([BYTES, BYTES]), { expected: BYTES.length, most: 100 }),
    MISMATCH,
    'before the end',
  )
})

t.test('where nobody said how many there are, there are never more than may be', async t =>
  t.throws(() => through(BYTES, { expected: undefined, most: BYTES.length - 1 }), MISMATCH),
)
