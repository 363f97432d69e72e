import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW, policyOf } from '../../world/judging/judging.ts'
import { exemption, policy, RULE, refused, SHA, STRANGER } from './acme-policy.ts'

t.test('several bundles', async t => {
  const ours = bundle()
  for (const bundles of [
    [ours, STRANGER],
    [STRANGER, ours],
    [bundle({ object: { kind: 'Auditor' } }), ours],
    [ours, bundle({ object: { repository: 'evil/pkg' } })],
  ])
    t.match(
      decide(listed(), attested(...bundles), policy(), NO_HISTORY, NOW),
      { kind: 'admitted', facts: { identity: { repository: 'acme/pkg' } } },
      'one that passes wholly admits, whatever the order',
    )
  t.match(
    refused(listed(), attested(STRANGER, bundle({ object: { kind: 'Auditor' } })), policy()),
    { code: 'publisher-mismatch' },
    'none that passes refuses',
  )
  const half = bundle({ facts: [{}, { predicateType: 'slsa-provenance/v1', contradiction: 'invocationId' }] })
  t.match(
    refused(listed(), attested(STRANGER, half), policy()),
    { code: 'predicate-mismatch' },
    'ours tells more than a stranger’s',
  )
  const steps = decide(listed(), attested(STRANGER, ours), policy(), NO_HISTORY, NOW)
  t.ok(
    steps.kind === 'admitted' &&
      steps.facts.steps.some(({ mark, check }) => mark === 'skip' && check.startsWith('bundle 1')),
    'the others are told of',
  )
})

t.test('a publisher of a kind that nobody knows', async t => {
  const unknown = attested(bundle({ object: { kind: 'ActiveState' } }))
  const waived = (finding: Finding, changes: Parameters<typeof exemption>[1] = {}) =>
    decide(listed(), finding, policy(RULE, exemption('identity', changes)), NO_HISTORY, NOW)
  t.match(waived(unknown), { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: true } }, 'may be pinned')
  t.match(waived(unknown, { sha256: '0'.repeat(64) }), { code: 'publisher-unknown' }, 'by exactly its bytes')
  t.match(
    refused(listed(), unknown, policy(RULE, exemption('attestation, predicate, slsa'))),
    { code: 'publisher-unknown' },
    'in the one word that waives it',
  )
  const object = { kind: 'ActiveState' }
  t.match(
    waived(attested(bundle({ object, facts: [{ contradiction: 'the predicate' }] }))),
    { code: 'predicate-mismatch' },
    'and everything else is looked at as ever',
  )
  t.match(
    waived(attested(bundle({ object, facts: [{ predicateType: { unknown: 'x' } }] }))),
    { code: 'predicate-not-allowed' },
    'its predicate too',
  )
  const inHouse = bundle({ object, facts: [{ root: SHA }] })
  t.match(waived(attested(inHouse)), { code: 'signature-invalid' }, 'never what another authority vouches for')
  t.match(
    decide(listed(), unknown, policyOf(`version: 1\nmode: audit\nprojects:\n  - ${RULE}`), NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'audit', wouldRefuse: { code: 'publisher-unknown' } } },
    'is told where the policy only watches',
  )
})
