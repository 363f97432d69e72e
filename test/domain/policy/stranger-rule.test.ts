import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { strangerRule } from '../../../src/domain/policy/stranger-rule.ts'
import { attested, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

t.test('a project without a rule is looked at as if anybody might sign, and nobody must', async t => {
  const { attestation, publishers, slsa, yanked, deny } = strangerRule(parseProjectName('pkg'))
  t.strictSame([attestation, publishers, slsa, yanked, deny], ['optional', undefined, undefined, 'allow', undefined])
})

t.test('it admits nothing where a policy is enforced, and adds nothing to "no rule" where it only watches', async t => {
  for (const finding of [attested(), UNATTESTED]) {
    const under = (mode: string) =>
      decide(
        listed(),
        finding,
        policyOf(`version: 1\nmode: ${mode}\nprojects: [{ match: other, deny: x }]`),
        NO_HISTORY,
        NOW,
      )
    t.match(under('enforce'), { kind: 'refused', code: 'no-rule' })
    t.match(under('audit'), { kind: 'admitted', facts: { by: 'audit', wouldRefuse: { code: 'no-rule' } } })
  }
})
