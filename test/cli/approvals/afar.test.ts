// guards: src/cli/approvals/list.ts src/cli/approvals/export.ts
import t from 'tap'
import { DAY, openTwoWays } from '../command/two-ways.ts'

t.test('what is approved is listed and exported from afar as it is here', async t => {
  const scene = await openTwoWays(t)
  const { run, afar, refusal, call, token } = scene
  const [dev, approver] = [await token('asks'), await token('decides', ['approve'])]
  const asked = await call('/requests', { token: dev, method: 'POST', body: { refusal, reason: 'wanted' } })
  const ends = new Date(Date.now() + 7 * DAY).toISOString()
  const path = `/requests/${asked.body.id}/approve`
  t.equal((await call(path, { token: approver, method: 'POST', body: { ends } })).status, 200)
  for (const argv of [
    ['policy', 'approvals', 'list'],
    ['policy', 'approvals', 'list', '--format', 'json'],
    ['policy', 'approvals', 'export'],
  ])
    t.equal((await run([...argv, ...afar])).out, (await run(argv)).out, argv.join(' '))
  t.match((await run(['policy', 'approvals', 'list', ...afar])).out, /2\.0-py3/)
})
