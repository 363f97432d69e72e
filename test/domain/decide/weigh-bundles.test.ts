import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW } from '../../world/judging.ts'
import { policy, refused, STRANGER } from './acme-policy.ts'

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
