import t from 'tap'
import { RecentBytes } from '../../../src/gate/files/recent-bytes.ts'

function recent(most: number, ...chunks: readonly string[]): RecentBytes {
  const bytes = new RecentBytes(most)
  for (const chunk of chunks) bytes.add(Buffer.from(chunk))
  return bytes
}

t.test('what came last is found by its place in the stream', async t => {
  const bytes = recent(100, 'abc', 'defg', 'hi')
  t.equal(bytes.lend(0, 9)?.bytes.toString(), 'abc')
  t.equal(bytes.lend(4, 9)?.bytes.toString(), 'efg', 'to the end of its chunk')
  t.equal(bytes.lend(4, 5)?.bytes.toString(), 'e', 'or as far as is released')
  t.equal(bytes.lend(9, 9), undefined, 'not yet')
})

t.test('what is too far back is here no more, the newest always', async t => {
  const bytes = recent(4, 'abc', 'def', 'ghijklm')
  t.equal(bytes.lend(3, 13), undefined)
  t.equal(bytes.lend(6, 13)?.bytes.toString(), 'ghijklm')
  bytes.clear()
  t.equal(bytes.lend(6, 13), undefined)
})

t.test('a chunk is spared whole, unless that keeps too much back', async t => {
  const bytes = recent(100, 'abc', 'defghij')
  t.equal(bytes.wholeUpTo(5, 10), 3)
  t.equal(bytes.wholeUpTo(9, 2), 9)
  t.equal(bytes.wholeUpTo(50, 10), 50)
})

t.test('a chunk goes back when it is here no more, is written down, and nobody looks at it', async t => {
  const back: string[] = []
  const bytes = new RecentBytes(4, chunk => void back.push(chunk.toString()))
  bytes.add(Buffer.from('abc'))
  bytes.add(Buffer.from('defg'))
  bytes.isWritten(2)
  t.strictSame(back, [], 'a part of it is not written down')
  bytes.isWritten(7)
  t.strictSame(back, ['abc'], 'the newest is still here')
  const lent = bytes.lend(3, 7)
  bytes.lend(3, 7)?.giveBack()
  bytes.add(Buffer.from('hijk'))
  bytes.isWritten(11)
  t.strictSame(back, ['abc'], 'somebody looks at it')
  lent?.giveBack()
  t.strictSame(back, ['abc', 'defg'])
  bytes.lend(7, 11)
  bytes.clear()
  bytes.isWritten(11)
  t.strictSame(back, ['abc', 'defg'], 'who never says that he is done may look on')
})
