import { join } from 'node:path'
import t from 'tap'
import { readGiven } from '../../../src/cli/terminal/read-given.ts'

t.test('a file that somebody named is its bytes', async t =>
  t.same(readGiven(join(t.testdir({ a: 'x\u0000' }), 'a')), Buffer.from('x\u0000')),
)

t.test('one that cannot be read is their mistake, and says why', async t => {
  const folder = t.testdir({})
  t.throws(() => readGiven(join(folder, 'gone')), { code: 'usage', detail: /gone does not exist/ })
  t.throws(() => readGiven(folder), { code: 'usage', detail: /is a folder/ })
})
