import t from 'tap'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { needsFinding } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW, policyOf } from '../../world/judging/judging.ts'
import { after, ago, DAY, judge, outcome, seen } from './seen-before.ts'

t.test('a file added long after its release', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  const at = (uploaded: Instant | undefined) => ({
    artifact: listed('pkg-2.0.0-py3-none-any.whl', { uploaded }),
    finding: attested(),
  })
  const released = seen('2.0.0', { uploaded: ago(100) })
  t.equal(outcome(rule, after(released), at(ago(86))), 'attestation', 'fourteen days are not long')
  t.equal(outcome(rule, after(released), at(instant(ago(86) + 1))), 'added-late')
  t.equal(
    outcome(rule, after(seen('2.0.1', { uploaded: ago(100) })), at(ago(1))),
    'attestation',
    'its own release counts',
  )
  t.equal(outcome(`${rule}, regression: { added_late: allow }`, after(released), at(ago(1))), 'attestation')
  const backdated = seen('2.0.0', { filename: 'pkg-2.0.0-py3-none-any.whl', uploaded: ago(100), missed: ago(2) })
  t.equal(
    outcome(rule, after(released, backdated), at(ago(100))),
    'added-late',
    'an index cannot backdate what was not there',
  )
  const once = seen('2.0.0', { filename: 'pkg-2.0.0-py3-none-any.whl', uploaded: ago(100), absent: ago(2) })
  t.equal(outcome(rule, after(released, once), at(ago(100))), 'attestation', 'that one page left it out says nothing')
  t.equal(outcome(rule, after(released), at(undefined)), 'attestation', 'without a time nothing is said')
})

t.test('a cooldown counts from the latest of upload, signature and the last look without the file', async t => {
  const rule = 'attestation: optional, cooldown: { min_age: 3d }'
  const file = (uploaded: Instant | undefined) => ({ artifact: listed('pkg-2.0.0.tar.gz', { uploaded }) })
  t.equal(outcome(rule, NO_HISTORY, file(ago(3))), 'optional', 'to the millisecond')
  t.equal(outcome(rule, NO_HISTORY, file(instant(ago(3) + 1))), 'too-new')
  t.equal(outcome(rule, NO_HISTORY, file(undefined)), 'upload-time-missing')
  const turnedUp = seen('2.0.0', { uploaded: ago(90), absent: ago(1) })
  t.equal(outcome(rule, after(turnedUp), file(ago(90))), 'too-new', 'the index says it is old, but it was not there')
  const signed = attested(bundle({ facts: [{ signedAt: ago(2) }] }))
  t.equal(outcome(rule, NO_HISTORY, { ...file(ago(90)), finding: signed }), 'too-new', 'nor was it signed')
  t.match(judge(rule, NO_HISTORY, file(ago(2))), { detail: /It passes from 2026-11-25T12:00:00\.000Z on/ })
  t.equal(outcome(rule, NO_HISTORY, { ...file(ago(2)), at: instant(NOW + DAY) }), 'optional', 'and then it does')
  t.equal(outcome('attestation: optional, cooldown: { min_age: 0d }', NO_HISTORY, file(undefined)), 'optional')
  const policy = policyOf(`version: 1\nprojects:\n  - { match: pkg, ${rule} }\n`)
  t.equal(needsFinding(file(ago(1)).artifact, policy, NO_HISTORY, NOW), false, 'nobody needs to fetch its provenance')
  const exempted = `exemptions: [{ id: EX, project: pkg, waive: [cooldown], files: { pkg-2.0.0.tar.gz: "sha256:${listed('pkg-2.0.0.tar.gz').sha256}" }, reason: urgent, owner: o, expires: 2027-01-01 }]`
  t.equal(outcome(rule, NO_HISTORY, { ...file(ago(1)), more: exempted }), 'exemption')
})
