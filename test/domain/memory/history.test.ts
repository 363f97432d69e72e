import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { arrivalOf, NO_HISTORY, proofOf } from '../../../src/domain/memory/history.ts'
import { circleciClaims, githubClaims } from '../../world/judging/claims.ts'
import { attested, bundle, NOW, UNATTESTED } from '../../world/judging/judging.ts'
import { outcome } from '../decide/seen-before.ts'

t.test('a first identity is never taken from what strangers can start, or from an object that lies', async t => {
  const pulled = attested(bundle({ claims: githubClaims({ buildTrigger: 'pull_request_target' }) }))
  t.equal(proofOf(pulled, NOW), undefined)
  t.equal(proofOf(attested(bundle({ object: { repository: 'other/pkg' } })), NOW), undefined)
  t.equal(proofOf(UNATTESTED, NOW), undefined)
  t.equal(outcome('identity: first-seen', NO_HISTORY, { finding: pulled }), 'publisher-mismatch')
  const object = { kind: 'CircleCI', repository: undefined, workflow: undefined }
  const rerun = attested(bundle({ object, claims: circleciClaims({ runnerEnvironment: 'ssh-rerun' }) }))
  t.equal(proofOf(rerun, NOW), undefined)
  t.equal(outcome('identity: first-seen', NO_HISTORY, { finding: rerun }), 'publisher-mismatch')
  const run = attested(bundle({ object, claims: circleciClaims() }))
  t.not(proofOf(run, NOW), undefined)
  t.equal(outcome('identity: first-seen', NO_HISTORY, { finding: run }), 'attestation')
})

t.test('a file arrives when the index says so, or after the last look that did not find it', async t => {
  const [early, late] = [instant(1_000), instant(2_000)]
  t.equal(arrivalOf({ uploaded: early, missed: undefined }), early)
  t.equal(arrivalOf({ uploaded: early, missed: late }), late, 'an index cannot backdate')
  t.equal(arrivalOf({ uploaded: late, missed: early }), late)
  t.equal(arrivalOf({ uploaded: undefined, missed: undefined }), undefined)
})
