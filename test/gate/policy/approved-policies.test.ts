import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { withApprovals } from '../../../src/gate/policy/approved-policies.ts'
import { createPolicies } from '../../../src/gate/policy/policies.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const demo = parseProjectName('demo')
const yaml = `---
version: 1
projects:
  - match: demo
    attestation: required
    identity: declared
exemptions:
  - { id: approval-a, project: demo, waive: [attestation], files: { demo-1.0.tar.gz: "sha256:${sha256Of('demo')}" }, reason: r, owner: o, expires: 2027-01-01 }
`
const APPROVAL = { id: 'a', project: demo, yaml }
const policy = (more = '') => `version: 1\nprojects: [{ match: pkg, deny: no }${more}]\n`

function open(t: Test) {
  const path = join(t.testdir({ 'p.yaml': policy() }), 'p.yaml')
  const events: GateEvent[] = []
  const told = { emit: (event: GateEvent) => void events.push(event) }
  const base = createPolicies({ paths: [path], pollMs: 0, clock: () => NOW, readRoot: noRoots, events: told })
  const policies = withApprovals({ base, events: told })
  const exempts = () => policies.current().exemptionsFor(demo).length
  return { base, policies, events, exempts, write: (text: string) => writeFileSync(path, text) }
}

t.test('an approval is in force until it is there no more', async t => {
  const { base, policies, exempts, events } = open(t)
  t.equal(policies.current(), base.current())
  policies.approve([APPROVAL])
  t.equal(exempts(), 1)
  const { digest } = policies.current()
  t.equal(policies.current(), policies.current(), 'one policy, as long as nothing changes')
  t.match(events.at(-1), { type: 'policy', action: 'reloaded', digest, before: base.current().digest })
  policies.approve([{ ...APPROVAL }])
  t.equal(events.length, 2, 'the same again is no change')
  policies.approve([])
  t.equal(policies.current(), base.current())
  t.match(events.at(-1), { type: 'policy', action: 'reloaded', digest: base.current().digest, before: digest })
})

t.test('a policy that is reloaded has the approvals beside it', async t => {
  const { base, policies, exempts, write } = open(t)
  policies.approve([APPROVAL])
  write(policy(', { match: other, deny: no }'))
  t.equal(base.reload(), 'loaded')
  t.ok(policies.current().ruleFor(parseProjectName('other')))
  t.equal(exempts(), 1)
})

t.test(
  'an approval that a new policy has no place for is left out with a warning, and comes back with the place',
  async t => {
    const { base, policies, exempts, write, events } = open(t)
    policies.approve([APPROVAL])
    write(`${policy()}limits: { exemption_max: 1d }\n`)
    t.equal(base.reload(), 'loaded', 'it never stops a reload')
    t.equal(exempts(), 0)
    t.match(policies.leftOut().get('a'), /exemption_max/)
    t.match(
      events.filter(({ type }) => type === 'policy-warning'),
      [{ detail: /request a is left out: .*exemption_max/ }],
    )
    policies.current()
    t.equal(events.filter(({ type }) => type === 'policy-warning').length, 1, 'once')
    write(policy())
    base.reload()
    t.equal(exempts(), 1)
    t.equal(policies.leftOut().size, 0)
  },
)

t.test('a policy that does not compile changes nothing about approvals', async t => {
  const { base, policies, exempts, write } = open(t)
  policies.approve([APPROVAL])
  write('version: 2\n')
  t.equal(base.reload(), 'kept')
  t.equal(exempts(), 1)
  t.match(policies.lastError(), /version/)
  policies.approve([])
  t.equal(exempts(), 0, 'and one is withdrawn all the same')
  policies.approve([APPROVAL])
  t.equal(exempts(), 1)
})

t.test('what would be is asked without its coming to be', async t => {
  const { policies, exempts } = open(t)
  t.equal(policies.rehearse(APPROVAL).policy.exemptionsFor(demo).length, 1)
  t.match(policies.rehearse({ ...APPROVAL, yaml: `${yaml}mode: audit\n` }).leftOut.get('a'), /no "mode"/)
  t.equal(exempts(), 0)
})
