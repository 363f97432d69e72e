import t from 'tap'
import { complaintOf } from '../../../src/cli/report/complaint.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { listed, NOW, policyOf } from '../../world/judging/judging.ts'
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

t.test('what nothing overcomes is told before what a rule would overcome', async t => {
  const forged = decide(
    listed(),
    { kind: 'invalid', why: 'digest-mismatch', detail: 'because' },
    policyOf('version: 1\nprojects: [{ match: other, identity: first-seen }]'),
    NO_HISTORY,
    NOW,
  )
  t.strictSame(complaintOf({ outcome: forged }), { code: 'digest-mismatch', level: 'error', message: 'because' })
})

t.test('what is only watched says that it would be refused', async t =>
  t.match(complaintOf(WATCHED)?.message, /^would be refused: /),
)
