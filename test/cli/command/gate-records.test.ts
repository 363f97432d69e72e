import t from 'tap'
import { gateDesk, policyOf } from '../../world/commands/gate-desk.ts'

t.test('where there is no database, it is said', async t => {
  const desk_ = await gateDesk(t)
  desk_.world.writePolicy(policyOf('projects: [{ match: demo, deny: no }]'))
  for (const argv of [
    ['history', 'show', 'demo'],
    ['policy', 'approve', 'demo'],
    ['revocations', 'show'],
    ['policy', 'replay', '--policy', desk_.world.policy],
  ])
    t.match(await desk_.run(...argv), { exit: 2, err: /there is no database of a gate/ }, argv.join(' '))
})
