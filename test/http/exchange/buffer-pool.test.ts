import t from 'tap'
import { BufferPool } from '../../../src/http/exchange/buffer-pool.ts'

const KIB = 1024

t.test('a buffer that comes back is used again', async t => {
  const pool = new BufferPool()
  const first = pool.take()
  t.equal(pool.out, 1)
  pool.give(first)
  t.equal(pool.out, 0)
  const second = pool.take()
  t.equal(second, first)
  t.equal(pool.bytesOut, 256 * KIB)
})

t.test('when many are out, each new one is small', async t => {
  const pool = new BufferPool()
  const large = Array.from({ length: 32 }, () => pool.take())
  for (const buffer of large) t.equal(buffer.length, 256 * KIB)
  t.equal(pool.tight, true)
  const small = pool.take()
  t.equal(small.length, 64 * KIB)
  pool.give(small)
  for (const buffer of large) pool.give(buffer)
  t.strictSame([pool.tight, pool.out, pool.take().length], [false, 0, 256 * KIB])
})

t.test('what comes back is overwritten where a test asks for it', async t => {
  const pool = new BufferPool({ poison: 0xdd })
  const buffer = pool.take()
  buffer.fill(1)
  pool.give(buffer)
  t.equal(buffer[0], 0xdd)
})
