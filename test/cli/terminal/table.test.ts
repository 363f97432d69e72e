import t from 'tap'
import { counted, renderTable } from '../../../src/cli/terminal/table.ts'
import { drawn } from './on-paper.ts'

t.test('columns are as wide as what stands in them, numbers stand at the right', async t =>
  t.equal(
    drawn(screen =>
      renderTable(
        screen,
        ['file', 'n', 'why'],
        [
          ['a', 7, 'short'],
          ['a long name', 123, 'as long as it likes'],
        ],
      ),
    ),
    'file         n    why\na              7  short\na long name  123  as long as it likes\n',
  ),
)

t.test('what belongs to a row stands under it', async t =>
  t.equal(
    drawn(screen => renderTable(screen, ['a'], [['1'], ['2']], ['more of 1'])),
    'a\n1\n  more of 1\n2\n',
  ),
)

t.test('a cell from outside is as wide as it is drawn, and draws nothing else', async t =>
  t.equal(
    drawn(screen => renderTable(screen, ['name', 'b'], [['\u001b[2J', 'x']])),
    'name       b\n\\u{1b}[2J  x\n',
  ),
)

t.test('one is no plural', async t =>
  t.strictSame([counted(1, 'file'), counted(0, 'file'), counted(2, 'file')], ['1 file', '0 files', '2 files']),
)
