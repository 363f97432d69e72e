import t from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { nextChange } from '../../../src/gate/pages/next-change.ts'
import { listed, NOW, policyOf } from '../../world/judging/judging.ts'

const HOUR = 3_600_000
const PKG = parseProjectName('pkg')
const exemption = (expires: string) =>
  `exemptions: [{ id: EX-1, project: pkg, waive: [attestation], files: { pkg-1.0.0.tar.gz: "sha256:${listed().sha256}" }, reason: r, owner: o, expires: ${expires} }]`
/** milliseconds from now */
const until = (...lines: readonly string[]): number => {
  const policy = policyOf(['version: 1', ...lines].join('\n'))
  return nextChange({ name: PKG }, { policy, now: NOW, lasts: millis(10 * HOUR) }) - NOW
}

t.test('nothing changes by time alone before a failure is asked again', async t =>
  t.equal(until('projects: [{ match: pkg, identity: first-seen }]'), 10 * HOUR),
)

t.test('an exemption that ends before changes something at its second, one that has ended nothing more', async t => {
  const rule = 'projects: [{ match: pkg }]'
  t.equal(until(rule, exemption(new Date(instant(NOW + HOUR)).toISOString())), HOUR)
  t.equal(until(rule, exemption(new Date(instant(NOW - HOUR)).toISOString())), 10 * HOUR)
})

t.test('under a cooldown a page is a minute late at most', async t =>
  t.equal(until('projects: [{ match: pkg, attestation: optional, cooldown: { min_age: 3d } }]'), 60_000),
)
