import t from 'tap'
import { type Rehearsal, rehearse } from '../../../src/domain/decide/rehearse.ts'
import { listed, NOW } from '../../world/judging/judging.ts'
import { policy } from './acme-policy.ts'

const { filename } = listed('pkg-1.0.0.tar.gz')
const [ACME] = policy().ruleFor(filename.project)?.publishers ?? []
/** A file that nobody attested. */
const BARE: Rehearsal = {
  file: filename,
  attestedBy: undefined,
  builtBy: undefined,
  source: undefined,
  sha256: undefined,
  uploaded: undefined,
  yanked: false,
  status: 'active',
  attestedBefore: [],
  firstSignedBy: undefined,
}

t.test('an imagined file is decided as a real one would be', async t => {
  t.equal(rehearse({ ...BARE, attestedBy: ACME }, policy(), NOW).code, undefined, 'its publisher signed it')
  t.equal(rehearse(BARE, policy(), NOW).code, 'unattested')
  t.equal(rehearse({ ...BARE, attestedBy: ACME, status: 'quarantined' }, policy(), NOW).code, 'project-quarantined')
})

t.test('what was seen before it counts', async t => {
  const ratchet = policy('{ match: pkg, attestation: when-seen, identity: first-seen }')
  const before = listed('pkg-0.9.0.tar.gz').filename
  t.equal(rehearse(BARE, ratchet, NOW).code, undefined)
  t.equal(rehearse({ ...BARE, attestedBefore: [before] }, ratchet, NOW).code, 'provenance-lost')
})

t.test('what a policy means does not depend on whether it is enforced yet', async t =>
  t.equal(rehearse(BARE, policy(undefined, 'mode: audit'), NOW).code, 'unattested'),
)
