// guards: src/domain/decide/objection.ts
import t from 'tap'
import { needsFinding } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW, policyOf, UNASKED, UNATTESTED } from '../../world/judging/judging.ts'
import { BY_MOVED, judge } from './seen-before.ts'

t.test('audit mode admits what would be refused, says what for, and refuses what is hard', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  const audit = (finding: Finding, artifact = listed('pkg-2.0.0.tar.gz')) =>
    judge(rule, NO_HISTORY, { finding, artifact, more: 'mode: audit' })
  t.match(audit(attested()), { facts: { by: 'attestation', wouldRefuse: undefined } })
  t.match(audit(UNATTESTED), { facts: { by: 'audit', restsOnAttestation: false, wouldRefuse: { code: 'unattested' } } })
  t.match(audit(BY_MOVED), {
    facts: { by: 'audit', restsOnAttestation: true, wouldRefuse: { code: 'publisher-mismatch' } },
  })
  t.match(audit(UNATTESTED, listed('other-1.0.tar.gz')), { facts: { by: 'audit', wouldRefuse: { code: 'no-rule' } } })
  const invalid = { kind: 'invalid', why: 'digest-mismatch', detail: 'no' } as const
  t.match(audit(invalid), { code: 'digest-mismatch' })
  t.match(audit(invalid, listed('other-1.0.tar.gz')), { code: 'digest-mismatch' }, 'of a project without a rule too')
  t.match(audit(attested(bundle({ object: { repository: 'x/y' } })), listed('other-1.0.tar.gz')), {
    code: 'publisher-object-mismatch',
  })
  t.match(audit(UNATTESTED, listed('pkg-2.0.0.tar.gz', { status: 'quarantined' })), { code: 'project-quarantined' })
  t.throws(() => audit(UNASKED), { code: 'unknown-upstream' }, 'and what cannot be determined is not let pass')
  t.throws(() => audit(UNASKED, listed('other-1.0.tar.gz')), { code: 'unknown-upstream' })
  const policy = policyOf(`version: 1\nmode: audit\nprojects:\n  - { match: pkg, deny: typosquat }\n`)
  t.equal(needsFinding(listed('other-1.0.tar.gz'), policy, NO_HISTORY, NOW), true, 'so it has to be looked at')
  t.equal(needsFinding(listed(), policy, NO_HISTORY, NOW), false, 'unless it is refused anyhow')
})
