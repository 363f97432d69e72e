import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW } from '../../world/judging/judging.ts'
import { policy } from './acme-policy.ts'

t.test('what a predicate leaves unsaid matters where somebody asks', async t => {
  const finding = attested(
    bundle({ facts: [{}, { predicateType: 'slsa-provenance/v1', uncompared: 'the build type' }] }),
  )
  const verdict = decide(listed(), finding, policy(), NO_HISTORY, NOW)
  t.equal(verdict.kind, 'admitted')
  t.ok(
    verdict.kind === 'admitted' &&
      verdict.facts.steps.some(({ mark, found }) => mark === 'pass' && found?.includes('the build type')),
    'and it is told',
  )
})
