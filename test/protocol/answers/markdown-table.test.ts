import t from 'tap'
import { markdownTable } from '../../../src/protocol/answers/markdown-table.ts'

t.test('a bar in a cell does not end it', async t => {
  t.equal(markdownTable(['a', 'b'], [['x|y', 'z']]), '| a | b |\n|---|---|\n| x\\|y | z |')
})
