import t from 'tap'
import { complaintOf } from '../../../src/cli/report/complaint.ts'
import { ADMITTED, EVERY, WATCHED } from './explanations.ts'

t.test('of a file that is simply admitted there is nothing to say', async t =>
  t.equal(complaintOf(ADMITTED), undefined),
)

t.test('what is refused or not listed is an error, what is not known a warning, what is watched a note', async t =>
  t.strictSame(
    EVERY.flatMap(explanation => complaintOf(explanation) ?? []).map(({ code, level }) => [code, level]),
    [
      ['unattested', 'error'],
      ['unattested', 'note'],
      ['unknown-upstream', 'warning'],
      ['not-listed', 'error'],
    ],
  ),
)

t.test('what is only watched says that it would be refused', async t =>
  t.match(complaintOf(WATCHED)?.message, /^would be refused: /),
)
