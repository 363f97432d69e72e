import t from 'tap'
import { approvalFile, isApproval, requestOf } from '../../../src/domain/policy/approval-files.ts'

t.test('an approval is a file of the policy that is called after its request', async t => {
  t.equal(isApproval(approvalFile('r1x')), true)
  t.equal(requestOf(approvalFile('r1x')), 'r1x')
})

t.test('no path in a repository is taken for one', async t => {
  for (const path of [
    'approval',
    'approval r1.yaml',
    './approval r1',
    '/p/approval r1',
    'approval R1',
    'approvals/r1.yaml',
  ])
    t.equal(isApproval(path), false, path)
})
