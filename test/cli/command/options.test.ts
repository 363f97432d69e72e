import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { desk, release } from '../../world/commands/desk.ts'

t.test('--config may stand before and after the command', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const config = join(desk_.world.folder, 'portcullis.yaml')
  const elsewhere = desk_.with({ folder: t.testdir() })
  t.equal((await elsewhere('--config', config, 'verify', 'demo==1.0')).exit, 0)
  t.equal((await elsewhere('verify', 'demo==1.0', '--config', config)).exit, 0)
  t.match(await elsewhere('verify', 'demo==1.0', '--config', `${config}-not`), {
    exit: 2,
    err: /configuration is wrong/,
  })
})

t.test('--policy replaces the configured policy, and may be given several times', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { path } = desk_.save(wheel)
  const [denies, rules] = ['denies.yaml', 'rules.yaml'].map(name => join(desk_.world.folder, name))
  writeFileSync(denies ?? '', 'version: 1\nmode: enforce\nprojects:\n  - { match: other, deny: "not here" }\n')
  writeFileSync(rules ?? '', desk_.world.policyText())
  t.match(await desk_.run('verify', '--policy', denies ?? '', path), { exit: 1, out: /no-rule/ })
  t.equal((await desk_.run('verify', '--policy', denies ?? '', '--policy', rules ?? '', path)).exit, 0)
})
