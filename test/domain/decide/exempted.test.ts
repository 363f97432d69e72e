import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { decide, waivesAttestation } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW, UNASKED, UNATTESTED } from '../../world/judging/judging.ts'
import { exemption, PUBLISHER, policy, RULE, refused, SHA, STRANGER } from './acme-policy.ts'

t.test('an exemption', async t => {
  const exempted = policy(RULE, exemption('attestation'))
  t.match(
    decide(listed(), UNATTESTED, exempted, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: false, rule: { id: 'exemption EX-7' } } },
    'admits what it waives',
  )
  t.match(
    decide(listed(), UNASKED, exempted, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'exemption' } },
    'also when provenance cannot be fetched',
  )
  t.match(
    decide(listed(), attested(), exempted, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'attestation' } },
    'is not leant on where it is not needed',
  )
  t.match(
    refused(listed(), { kind: 'invalid', why: 'signature-invalid', detail: 'x' }, exempted),
    { code: 'signature-invalid' },
    'never helps against provenance that fails',
  )
  t.match(refused(listed(), attested(STRANGER), exempted), { code: 'publisher-mismatch' }, 'waives nothing else')
  t.match(
    decide(listed(), attested(STRANGER), policy(RULE, exemption('identity')), NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: true } },
    'may waive the identity',
  )
  t.match(
    refused(
      listed(),
      attested(bundle({ object: { repository: 'evil/pkg' } })),
      policy(RULE, exemption('identity, predicate, attestation, yanked, status')),
    ),
    { code: 'publisher-object-mismatch' },
    'never a lying publisher object',
  )
  t.match(
    refused(listed(undefined, { status: 'quarantined' }), UNATTESTED, policy(RULE, exemption('status, attestation'))),
    { code: 'project-quarantined' },
    'never quarantine',
  )
  t.match(
    refused(
      listed(),
      UNATTESTED,
      policy(`{ match: pkg, deny: no, publishers: [${PUBLISHER}] }`, exemption('attestation')),
    ),
    { code: 'rule-denies' },
    'never a rule that denies',
  )
  t.match(
    refused(listed(undefined, { sha256: listed('pkg-2.0.tar.gz').sha256 }), UNATTESTED, exempted),
    { code: 'unattested' },
    'holds for no other bytes',
  )
  t.match(
    refused(listed('pkg-1.0.0.zip', { sha256: SHA }), UNATTESTED, exempted),
    { code: 'unattested' },
    'holds for no other name',
  )
  t.throws(
    () => decide(listed('pkg-1.0.0.zip', { sha256: SHA }), UNASKED, exempted, NO_HISTORY, NOW),
    { code: 'unknown-upstream' },
    'nor does unknown become yes there',
  )
})

t.test('an exemption that has ended', async t => {
  const ended = policy(RULE, exemption('attestation', { expires: '2026-11-24T12:00:00Z' }))
  t.match(refused(listed(), UNATTESTED, ended), { code: 'exemption-expired' }, 'ends at its very moment')
  t.equal(decide(listed(), UNATTESTED, ended, NO_HISTORY, instant(NOW - 1)).kind, 'admitted', 'and not before')
  t.match(
    refused(listed(), attested(STRANGER), ended),
    { code: 'publisher-mismatch' },
    'does not rename what it never waived',
  )
  t.equal(
    decide(listed(), attested(), ended, NO_HISTORY, NOW).kind,
    'admitted',
    'takes nothing from a file that needs no exemption',
  )
  t.throws(
    () => decide(listed(), UNASKED, ended, NO_HISTORY, NOW),
    { code: 'unknown-upstream' },
    'does not turn unknown into no',
  )
  t.equal(waivesAttestation(listed(), ended, NOW), false)
})
