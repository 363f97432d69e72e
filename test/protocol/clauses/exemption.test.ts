import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { assertRefusedAtPlace, changed, NOW, SHA, type WrongPolicy } from '../good-policy.ts'

const WRONG: readonly WrongPolicy[] = [
  ['an unknown key in an exemption', 19, '    reasons: old', '14:5', '"reason" is missing'],
  ['a limit that is unknown', 2, 'limits: { exemptions_max: 1d }', '2:11', '(did you mean "exemption_max"?)'],
  [
    'an exemption that lives too long',
    2,
    'limits: { exemption_max: 30d }',
    '21:14',
    'lives longer than limits.exemption_max (30d)',
  ],
  [
    'a reason of the template',
    19,
    '    reason: say why this file may pass',
    '19:13',
    'still has the words of the template',
  ],
  ['an owner of the template', 20, '    owner: say who answers for it', '20:12', 'still has the words of the template'],
  [
    'required with an exemption for another project',
    12,
    '  - match: seven',
    '12:5',
    'the rule needs publishers, identity: first-seen, deny, or an exemption',
  ],
  ['an exemption for a project without a rule', 12, '  - { match: seven, deny: no }', '15:14', 'no rule decides "six"'],
  ['an exemption without a file', 18, '    files: {}', '18:12', 'must not be empty'],
  ['an exemption without files', 18, undefined, '14:5', '"files" is missing'],
  ['an exemption without a hash', 18, '    files: { six-1.17.0.tar.gz: }', '18:33', 'must be text, found nothing'],
  [
    'a hash without its algorithm',
    18,
    `    files: { six-1.17.0.tar.gz: "${'4'.repeat(64)}" }`,
    '18:33',
    'write it with its algorithm: "sha256:444444',
  ],
  [
    'a hash in capitals',
    18,
    `    files: { six-1.17.0.tar.gz: "sha256:${'A'.repeat(64)}" }`,
    '18:33',
    'must be "sha256:" and 64 lower-case hex digits',
  ],
  [
    'a file of another project',
    18,
    `    files: { seven-1.17.0.tar.gz: "${SHA}" }`,
    '18:14',
    'not the name of a wheel or source distribution of six',
  ],
  [
    'a file of another version',
    18,
    `    files: { six-1.16.0.tar.gz: "${SHA}" }`,
    '18:14',
    'version 1.16.0 is not in versions "==1.17.0"',
  ],
  ['an empty waive list', 17, '    waive: []', '17:12', 'must not be empty'],
  ['an unknown waiver', 17, '    waive: [attestations]', '17:13', '(did you mean "attestation"?)'],
  ['a version that is no specifier', 16, '    versions: "1.17.0"', '16:15', 'must be a PEP 440 specifier set'],
  ['a specifier that says nothing', 16, '    versions: ","', '16:15', 'must be a PEP 440 specifier set'],
  ['a project glob in an exemption', 15, '    project: "si*"', '15:14', 'must be one project name'],
  ['a day that does not exist', 21, '    expires: 2027-02-30', '21:14', 'must be a date such as 2027-03-31'],
  ['a time without an offset', 21, '    expires: 2027-03-31T10:00:00', '21:14', 'must be a date such as 2027-03-31'],
  ['no end', 21, undefined, '14:5', '"expires" is missing'],
  ['no owner', 20, undefined, '14:5', '"owner" is missing'],
  ['an empty reason', 19, '    reason: ""', '19:13', 'must not be empty'],
  ['an id with a space', 14, '  - id: "EX 7"', '14:9', 'must be at most 64 letters'],
]

t.test('a malformed exemption is refused at its place', async t => {
  assertRefusedAtPlace(t, WRONG)
})

t.test('when an exemption ends', async t => {
  const ends = (expires: string) => {
    const loaded = loadPolicy([{ path: 'p', text: changed(21, `    expires: ${expires}`) }], NOW, noRoots)
    return 'policy' in loaded ? loaded.policy.exemptionsFor(parseProjectName('six'))[0]?.ends : undefined
  }
  t.equal(ends('2027-03-31'), Date.parse('2027-04-01T00:00:00Z'), 'a date ends with its day')
  t.equal(ends('2027-03-31T10:00:00+02:00'), Date.parse('2027-03-31T08:00:00Z'), 'a time at itself')
  t.equal(ends('2028-02-29'), Date.parse('2028-03-01T00:00:00Z'))
})
