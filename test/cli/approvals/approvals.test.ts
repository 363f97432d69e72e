// guards: src/cli/approvals/list.ts src/cli/approvals/export.ts src/cli/approvals/withdraw.ts
import t from 'tap'
import { addPolicyApprovals } from '../../../src/cli/approvals/approvals.ts'
import { desk, release } from '../../world/commands/desk.ts'

t.test('where no gate ever was, that is said, and once there was one nothing is approved', async t => {
  t.type(addPolicyApprovals, 'function')
  const own = await desk(t)
  await release(own, 'demo', '1.0')
  const { run } = own
  for (const list of ['list', 'export'])
    t.match(await run('policy', 'approvals', list), { exit: 2, out: '', err: /there is no database of a gate/ })
  t.match(await run('token', 'create', '--name', 'ci'), { exit: 0 })
  t.match(await run('policy', 'approvals', 'list'), { exit: 0, out: 'nothing is approved\n' })
  t.match(await run('policy', 'approvals', 'list', '--format', 'json'), { exit: 0, out: '' })
  t.match(await run('policy', 'approvals', 'export'), { exit: 0, out: /^---\n# Nothing is approved\.\nversion: 1\n$/ })
})

t.test('an index that there is not, and a withdrawal without a reason, are wrong usage', async t => {
  const own = await desk(t)
  await release(own, 'demo', '1.0')
  const { run } = own
  t.match(await run('policy', 'approvals', 'export', '--index', 'ml'), {
    exit: 2,
    err: /no index "ml"; the configuration has: main/,
  })
  t.match(await run('token', 'create', '--name', 'ci'), { exit: 0 })
  t.match(await run('policy', 'approvals', 'withdraw', 'x'), { exit: 2, err: /--reason/ })
  t.match(await run('policy', 'approvals', 'withdraw', 'x', '--reason', 'r'), { exit: 2, err: /no such request/ })
})
