import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { desk } from '../../world/commands/desk.ts'
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

t.test('a command that looks at a wrong folder says so, and makes none', async t => {
  const desk_ = await desk(t)
  desk_.world.writePolicy(policyOf('projects: [{ match: demo, deny: no }]'))
  const wrong = join(desk_.world.folder, 'typo')
  const run = desk_.with({ environment: { PORTCULLIS_DATA: wrong } })
  const key = await desk_.run('mirror', 'keygen', '--out', join(desk_.world.folder, 'keys'))
  t.equal(key.exit, 0)
  const lookings = [
    ['history', 'show', 'demo'],
    ['history', 'forget', 'demo', '--what', 'identity', '--reason', 'test'],
    ['downloads', 'show', 'demo'],
    ['policy', 'replay', '--policy', desk_.world.policy],
    ['policy', 'approvals', 'list'],
    ['policy', 'approvals', 'export'],
    ['policy', 'approvals', 'withdraw', 'aaaa', '--reason', 'test'],
    ['revocations', 'show'],
    ['token', 'list'],
    ['token', 'revoke', 'ci'],
    ['console', 'sessions', 'list'],
    ['console', 'sessions', 'end', 'ci'],
    ['notify', 'list'],
    ['notify', 'retry', 'aaaa'],
    ['audit-log', 'verify'],
    ['audit-log', 'export'],
    ['mirror', 'verify'],
    [
      'mirror',
      'export',
      '--out',
      join(desk_.world.folder, 'out'),
      '--key',
      join(desk_.world.folder, 'keys', 'mirror.key'),
    ],
    ['mirror', 'request', '--out', join(desk_.world.folder, 'plan.json')],
  ]
  for (const argv of lookings) {
    const ended = await run(...argv)
    t.match(
      ended,
      { exit: 2, out: '', err: /there is no folder \S+typo: run this where the gate runs/ },
      argv.join(' '),
    )
    t.notOk(existsSync(wrong), argv.join(' '))
  }
  const expiring = await run('exemptions', 'expiring')
  t.match(expiring, { exit: 0, err: /there is no folder .*typo \(PORTCULLIS_DATA\)/ })
  t.notOk(existsSync(wrong))
  mkdirSync(wrong)
  for (const argv of lookings)
    t.match(await run(...argv), { exit: 2, err: /there is no database of a gate in/ }, argv.join(' '))
})
