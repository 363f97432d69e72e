import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { decide, waivesAttestation } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { isApproval } from '../../../src/domain/policy/approval-files.ts'
import { documentBeside, layApprovals } from '../../../src/protocol/policy/approval-layer.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import type { TextFile } from '../../../src/protocol/yaml/yaml-document.ts'
import { listed, NOW, UNATTESTED } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const demo = parseProjectName('demo')
const BASE = 'version: 1\nprojects: [{ match: pkg, deny: no }]\n'
const RULED = 'version: 1\nprojects: [{ match: demo, attestation: when-seen }]\n'
const BARE = 'projects:\n  - match: demo\n    attestation: required\n    identity: declared\n'

function pinning(id: string, more = ''): string {
  return `exemptions:
  - id: ${id}
    project: demo
    versions: "==1.0"
    waive: [attestation]
    files:
      "demo-1.0.tar.gz": "sha256:${sha256Of('demo')}"
    reason: r
    owner: o
    expires: 2027-01-01
${more}`
}
const good = (id = 'approval-a') => `---\nversion: 1\n${BARE}${pinning(id)}`

function layer(policy: string, ...yamls: readonly string[]) {
  const load = (more: readonly TextFile[]) => {
    loads += 1
    return loadPolicy([{ path: 'p', text: policy }, ...more], NOW, noRoots)
  }
  const base = load([])
  if ('diagnostics' in base) throw new Error(base.diagnostics.map(formatDiagnostic).join('\n'))
  loads = 0
  const approvals = yamls.map((yaml, at) => ({ id: `r${at}`, project: demo, yaml }))
  return { base: base.policy, ...layApprovals(base.policy, approvals, load) }
}
let loads = 0

t.test('an approval is one file more of the policy, and part of its digest', async t => {
  const { base, policy, leftOut } = layer(BASE, good())
  t.equal(leftOut.size, 0)
  t.equal(policy.exemptionsFor(demo).length, 1)
  t.match(policy.ruleFor(demo), { attestation: 'required', publishers: undefined })
  t.not(policy.digest, base.digest)
  t.strictSame(policy.files, ['p', 'approval r0'])
  t.strictSame(policy.files.map(isApproval), [false, true])
  const files = [
    { path: 'p', text: BASE },
    { path: 'q', text: good() },
  ]
  const written = loadPolicy(files, NOW, noRoots)
  t.not('policy' in written && written.policy.digest, policy.digest, 'told apart from the same words in the repository')
})

t.test('without approvals the policy is what it was', async t => {
  const { base, policy, loaded } = layer(BASE)
  t.equal(policy, base)
  t.equal(loaded, undefined)
  t.equal(loads, 0)
})

t.test('where the policy decides the project by itself, an approval brings no rule', async t => {
  const { base, policy, leftOut } = layer(RULED, good())
  t.equal(leftOut.size, 0)
  t.equal(policy.exemptionsFor(demo).length, 1)
  t.match(policy.ruleFor(demo), { attestation: 'when-seen' })
  t.notMatch(documentBeside({ id: 'a', project: demo, yaml: good() }, base).text, 'projects')
})

t.test('what says anything else than an approval may say is left out', async t => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['a mode', `${good()}mode: audit\n`, /no "mode"/],
    ['defaults', `${good()}defaults: { attestation: optional }\n`, /no "defaults"/],
    ['a publisher', `${good()}publishers: { x: { kind: google, email: a@b.example } }\n`, /no "publishers"/],
    ['a longer life', `${good()}limits: { exemption_max: 900d }\n`, /no "limits"/],
    ['tests', `${good()}tests: []\n`, /no "tests"/],
    ['whom to ask', `${good()}contact: { name: x, url: "https://x.example" }\n`, /no "contact"/],
    ['a rule that admits', good().replace('attestation: required', 'attestation: optional'), /no rule that admits/],
    ['a rule with more', good().replace('identity: declared', 'identity: declared\n    yanked: allow'), /no rule that/],
    ['a rule for another', good().replace('match: demo', 'match: "*"'), /no rule that admits/],
    [
      'two rules',
      good().replace('exemptions:', '  - { match: x, attestation: optional }\nexemptions:'),
      /no rule that/,
    ],
    [
      'another project',
      good().replace('project: demo', 'project: other').replaceAll('"demo-', '"other-'),
      /files of demo/,
    ],
    ['pins beside it', good().replace(/files:\n.*\n/, 'pins: ./pins.txt\n'), /files of demo/],
    ['a second document', `${good()}---\nversion: 1\nmode: audit\n`, /one document/],
    ['no exemption', `---\nversion: 1\n${BARE}`, /has exemptions/],
    ['no file', good().replace(/files:\n.*\n/, 'files: {}\n'), /files of demo/],
    ['another version', good().replace('version: 1', 'version: 2'), /version 1/],
    ['no YAML', '{', /not YAML/],
    ['an anchor', good().replace('owner: o', 'owner: &a o'), /anchors/],
    ['no sha256', good().replace('sha256:', 'md5:'), /approval r0:\d+/],
    ['no end', good().replace(/ {4}expires.*\n/, ''), /expires/],
    ['a hard code', good().replace('[attestation]', '[revoked]'), /waive/],
  ]
  for (const [name, yaml, why] of cases) {
    const { base, policy, leftOut } = layer(BASE, yaml)
    t.match(leftOut.get('r0'), why, name)
    t.equal(policy, base, `${name} changes nothing`)
  }
})

t.test('one that does not load keeps neither the policy nor another from being loaded', async t => {
  const many = Array.from({ length: 16 }, (_, at) => (at === 11 ? good('approval-3') : good(`approval-${at}`)))
  const clash = many.map((yaml, at) => (at === 11 ? yaml.replace('owner: o', 'owner: somebody else') : yaml))
  const { policy, leftOut } = layer(BASE, ...clash)
  t.strictSame([...leftOut.keys()], ['r11'])
  t.match(leftOut.get('r11'), /approval-3.*differs in owner/)
  t.equal(policy.exemptionsFor(demo).length, 15)
  t.ok(loads <= 10, `found by halves: ${loads} loads of 16 approvals`)
})

t.test('an approval that the policy’s own tests contradict is left out', async t => {
  const pinned = `tests:
  - given: { file: demo-1.0.tar.gz, sha256: "${sha256Of('demo')}" }
    expect: { refused: no-rule }
`
  const { leftOut } = layer(`${BASE}${pinned}`, good())
  t.equal(leftOut.size, 1, [...leftOut.values()].join())
})

t.test('an approval whose rule is gone is left out', async t => {
  const { base, policy, leftOut } = layer(BASE, `---\nversion: 1\n${pinning('approval-a')}`)
  t.match(leftOut.get('r0'), /demo/)
  t.equal(policy, base)
})

t.test('an approval lives no longer than the policy lets any exemption', async t => {
  const { leftOut } = layer(`${BASE}limits: { exemption_max: 1d }\n`, good())
  t.match(leftOut.get('r0'), /limits\.exemption_max/)

  const many = Array.from({ length: 60 }, (_, at) => good(`approval-${at}`))
  t.equal(layer(`${BASE}limits: { exemption_max: 1d }\n`, ...many).leftOut.size, 60)
  t.ok(loads <= 2, `however many are left out, the policy is read ${loads} times`)
})

t.test('what is approved and stands in the repository, too, is one', async t => {
  const { policy, leftOut } = layer(`version: 1\n${BARE}${pinning('approval-a')}`, good())
  t.equal(leftOut.size, 0)
  t.equal(policy.exemptionsFor(demo).length, 1)
})

t.test('an approval wakes no exemption that the policy has of a project which it names nowhere', async t => {
  const other = listed('demo-2.0.tar.gz')
  const sleeping = `version: 1
defaults: { unmatched: apply-defaults }
projects: [{ match: other, identity: first-seen }]
exemptions:
  - { id: EX-1, project: demo, waive: [attestation], files: { demo-2.0.tar.gz: "sha256:${other.sha256}" }, reason: r, owner: o, expires: 2027-01-01 }
`
  const { base, policy, leftOut } = layer(sleeping, good())
  t.equal(leftOut.size, 0)
  const verdictUnder = (judging: typeof base) => decide(other, UNATTESTED, judging, NO_HISTORY, NOW)
  t.match(verdictUnder(base), { kind: 'refused', code: 'no-rule' })
  t.match(verdictUnder(policy), { kind: 'refused', code: 'unattested' })
  t.notOk(waivesAttestation(other, policy, NOW))
  const approved = { ...listed('demo-1.0.tar.gz'), sha256: sha256Of('demo') }
  t.match(decide(approved, UNATTESTED, policy, NO_HISTORY, NOW), { kind: 'admitted' }, 'what was approved passes')
})
