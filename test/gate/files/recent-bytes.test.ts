import t from 'tap'
import { RecentBytes } from '../../../src/gate/files/recent-bytes.ts'

function recent(most: number, ...chunks: readonly string[]): RecentBytes {
  const bytes = new RecentBytes(most)
  for (const chunk of chunks) bytes.add(Buffer.from(chunk))
  return bytes
}

t.test('what came last is found by its place in the stream', async t => {
  const bytes = recent(100, 'abc', 'defg', 'hi')
  t.equal(bytes.at(0, 9)?.toString(), 'abc')
  t.equal(bytes.at(4, 9)?.toString(), 'efg', 'to the end of its chunk')
  t.equal(bytes.at(4, 5)?.toString(), 'e', 'or as far as is released')
  t.equal(bytes.at(9, 9), undefined, 'not yet')
})

t.test('what is too far back is here no more, the newest always', async t => {
  const bytes = recent(4, 'abc', 'def', 'ghijklm')
  t.equal(bytes.at(3, 13), undefined)
  t.equal(bytes.at(6, 13)?.toString(), 'ghijklm')
  bytes.clear()
  t.equal(bytes.at(6, 13), undefined)
})

t.test('a chunk is spared whole, unless that keeps too much back', async t => {
  const bytes = recent(100, 'abc', 'defghij')
  t.equal(bytes.wholeUpTo(5, 10), 3)
  t.equal(bytes.wholeUpTo(9, 2), 9)
  t.equal(bytes.wholeUpTo(50, 10), 50)
})
