import t from 'tap'
import { SharedPieces } from '../../../src/gate/files/shared-pieces.ts'

const PIECE = 256 * 1024
const SIZE = 20 * PIECE + 5

function pieces(): { readonly shared: SharedPieces; readonly reads: readonly string[] } {
  const reads: string[] = []
  const shared = new SharedPieces(async (start, length) => {
    reads.push(`${start / PIECE} ${length}`)
    return Buffer.alloc(length, `${start / PIECE} `)
  })
  return { shared, reads }
}

t.test('those who are at the same place share what is read once', async t => {
  const { shared, reads } = pieces()
  const [one, two] = [shared.lend(PIECE, SIZE, SIZE), shared.lend(PIECE + 100, SIZE, SIZE)]
  t.equal((await one?.bytes)?.buffer, (await two?.bytes)?.buffer)
  t.equal((await two?.bytes)?.byteLength, PIECE - 100, 'to the end of the piece')
  t.strictSame(reads, [`1 ${PIECE}`])
  t.equal((await shared.lend(20 * PIECE, SIZE, SIZE)?.bytes)?.byteLength, 5, 'the last one is as long as the file')
})

t.test('a piece that is not all there yet is not shared', t => {
  const { shared, reads } = pieces()
  t.equal(shared.lend(PIECE, 2 * PIECE - 1, SIZE), undefined)
  t.strictSame(reads, [])
  t.end()
})

t.test('eight are in memory: readers who stand still keep theirs, and nobody else has any', async t => {
  const { shared, reads } = pieces()
  const lent = Array.from({ length: 8 }, (_, place) => shared.lend(place * PIECE, SIZE, SIZE))
  t.equal(shared.lend(9 * PIECE, SIZE, SIZE), undefined)
  t.ok(shared.lend(3 * PIECE, SIZE, SIZE), 'what is there is there for all')
  lent[5]?.giveBack()
  t.ok(shared.lend(9 * PIECE, SIZE, SIZE), 'one that nobody looks at makes room')
  t.equal(shared.lend(5 * PIECE, SIZE, SIZE), undefined)
  t.equal(reads.length, 9)
})

t.test('what could not be read is read again', async t => {
  let fails = true
  const shared = new SharedPieces(async (_, length) => {
    if (fails) throw new Error('no')
    return Buffer.alloc(length)
  })
  const failed = shared.lend(0, SIZE, SIZE)
  await t.rejects(async () => void (await failed?.bytes), /no/)
  failed?.giveBack()
  fails = false
  t.equal((await shared.lend(0, SIZE, SIZE)?.bytes)?.byteLength, PIECE)
})
