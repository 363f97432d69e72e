import t from 'tap'
import { type Instant, instant, millis } from '../../../src/domain/base/instant.ts'
import type { Exemption, Policy } from '../../../src/domain/policy/policy.ts'
import { countEnding, soon } from '../../../src/gate/notices/soon.ts'
import type { TrustStatus } from '../../../src/ports/trust.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'

const DAY = 86_400_000
const NOW = instant(Date.UTC(2027, 0, 1, 12))
const FRESH: TrustStatus = {
  source: 'tuf',
  digest: 'ab',
  refreshed: NOW,
  ageMs: millis(0),
  fresh: true,
  detail: 'refreshed',
}

function policyWith(expires: string): Policy {
  const text = `version: 1
projects: [{ match: demo }]
exemptions:
  - { id: EX-1, project: demo, waive: [attestation], reason: none before 2.0, owner: ada@acme.example, ticket: SEC-1, expires: ${expires}, files: { demo-1.0.tar.gz: 'sha256:${'a'.repeat(64)}' } }
`
  const loaded = loadPolicy([{ path: 'p.yaml', text }], instant(Date.UTC(2026, 0, 1)), () => ({ wrong: 'none' }))
  if (!('policy' in loaded)) throw new Error(JSON.stringify(loaded.diagnostics))
  return loaded.policy
}

function at(now: Instant, policies: readonly Policy[], trust: TrustStatus = FRESH) {
  return soon({ policies, trust, maxAge: millis(7 * DAY), now })
}

t.test('an exemption that ends is told of fourteen days before, and three', async t => {
  const policy = policyWith('2027-03-01')
  const [exemption] = policy.exemptions as readonly [Exemption]
  const before = (days: number) => at(instant(exemption.ends - days * DAY), [policy])
  t.strictSame(before(14.1), [])
  const [first] = before(14)
  t.match(first, {
    type: 'expiring',
    subject: 'demo',
    title: `The exemption ${exemption.id} ends within 14 days`,
    text: /Owner: ada@acme\.example, SEC-1\. Reason: none before 2\.0/,
    data: { days: 14, owner: 'ada@acme.example', place: 'p.yaml:4', projects: 'demo' },
  })
  t.ok((first?.window ?? 0) > 14 * DAY, 'once')
  t.equal(before(3.1)[0]?.story, first?.story)
  const [second] = before(3)
  t.match(second, { title: /within 3 days/ })
  t.not(second?.story, first?.story)
  t.equal(before(0.1)[0]?.story, second?.story)
  t.strictSame(before(0), [], 'one that has ended stands in the log')
})

t.test('those that end within so many days are counted, each once', async t => {
  const policies = ['2027-01-02', '2027-01-10', '2027-01-10', '2027-06-01'].map(policyWith)
  t.strictSame(countEnding(policies, NOW), [
    { days: 3, count: 1 },
    { days: 14, count: 2 },
  ])
  t.strictSame(
    countEnding([policyWith('2027-01-02')], instant(NOW + 30 * DAY)).map(({ count }) => count),
    [0, 0],
  )
})

t.test('two indexes with one policy tell one story, and one that was renewed is another', async t => {
  const stories = (...policies: readonly Policy[]) => new Set(at(NOW, policies).map(({ story }) => story))
  t.equal(stories(policyWith('2027-01-03'), policyWith('2027-01-03')).size, 1)
  t.equal(stories(policyWith('2027-01-03'), policyWith('2027-01-04')).size, 2)
})

t.test('a trust root that half its time nobody refreshed is told of, and one that is pinned never', async t => {
  const aged = (days: number, more: Partial<TrustStatus> = {}): TrustStatus => ({
    ...FRESH,
    ageMs: millis(days * DAY),
    refreshed: instant(NOW - days * DAY),
    ...more,
  })
  t.strictSame(at(NOW, [], aged(3.5)), [])
  t.match(at(NOW, [], aged(4)), [{ type: 'trust-ageing', story: 'ageing', text: /2026-12-28T12:00Z; in 72 hours/ }])
  t.match(at(NOW, [], aged(8, { fresh: false })), [{ type: 'trust-ageing', story: 'stale' }])
  t.strictSame(at(NOW, [], aged(400, { source: 'pinned' })), [])
  t.strictSame(at(NOW, [], { ...FRESH, ageMs: undefined, fresh: false }), [], 'a start is no ageing')
})
