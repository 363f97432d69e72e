import { join } from 'node:path'
import t from 'tap'
import { readGivenPolicy, requireGivenPolicy } from '../../../src/cli/command/given-policy.ts'
import type { Services } from '../../../src/cli/command/services.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const services = { clock: () => NOW, openReadRoot: async () => noRoots } as unknown as Services

t.test('files and folders are one policy, read as a gate reads them', async t => {
  const folder = t.testdir({
    'one.yaml': 'version: 1\nmode: audit\nprojects: [{ match: demo, deny: no }]\n',
    more: { 'two.yaml': 'version: 1\nprojects: [{ match: other, deny: no }]\n' },
  })
  const { policy } = await requireGivenPolicy([join(folder, 'one.yaml'), join(folder, 'more')], services)
  t.equal(policy.mode, 'audit')
  for (const name of ['demo', 'other']) t.equal(policy.ruleFor(parseProjectName(name))?.deny, 'no', name)
})

t.test('what is wrong is told with every diagnostic', async t => {
  const path = join(t.testdir({ 'wrong.yaml': 'version: 2\nmood: x\n' }), 'wrong.yaml')
  t.match(await readGivenPolicy([path], services), { diagnostics: Array })
  await t.rejects(requireGivenPolicy([path], services), {
    code: 'policy-invalid',
    detail: /wrong\.yaml:1:10 .*\n.*wrong\.yaml:2:1 /,
  })
})
