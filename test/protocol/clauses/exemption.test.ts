// guards: src/protocol/clauses/named-pins.ts
import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { type LoadedPolicy, loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
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

const PINNED = `six==1.17.0 --hash=${SHA}\nseven==2.0 --hash=${SHA}\n`
const AFTER = ['    waive: [attestation]', '    reason: old', '    owner: me', '    expires: 2027-03-31']

/** A policy in /etc/acme whose exemption names a pins file, among these files. */
function withPins(
  keys: readonly string[],
  files: Readonly<Record<string, string>>,
  rules = ['six', 'seven'],
): LoadedPolicy {
  const text = [
    'version: 1',
    'projects:',
    ...rules.map(match => `  - match: ${match}`),
    'exemptions:',
    '  - id: EX-app',
    ...keys.map(key => `    ${key}`),
    ...AFTER,
  ].join('\n')
  return loadPolicy(
    [{ path: '/etc/acme/p.yaml', text }],
    NOW,
    noRoots,
    path => files[path] ?? { wrong: 'is not there' },
  )
}

const APP = '/etc/acme/pins/app.txt'
const said = (loaded: LoadedPolicy): readonly string[] =>
  'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)

t.test('an exemption may name a pins file beside the policy', async t => {
  const loaded = withPins(['pins: ./pins/app.txt'], { [APP]: PINNED })
  t.strictSame(said(loaded), [])
  if (!('policy' in loaded)) return
  t.match(loaded.policy.exemptionsFor(parseProjectName('seven')), [{ id: 'EX-app', pinsFile: APP, owner: 'me' }])
  t.match(loaded.contents.pinsFiles, [{ name: APP, exemptions: ['EX-app'], releases: { length: 2 } }])
  t.strictSame(loaded.contents.rootFiles, [])
})

t.test('the pins file is part of the policy’s digest, and so is whose it is', async t => {
  const digest = (app: string, other: string): string => {
    const text = (id: string) =>
      `  - { id: ${id}, pins: ${id}, waive: [yanked], reason: r, owner: o, expires: 2027-03-31 }`
    const policy = ['version: 1', 'projects: [{ match: six }, { match: seven }]', 'exemptions:', text('a'), text('b')]
    const loaded = loadPolicy([{ path: '/p.yaml', text: policy.join('\n') }], NOW, noRoots, path =>
      path === '/a' ? app : other,
    )
    return 'policy' in loaded ? loaded.policy.digest : said(loaded).join()
  }
  const [one, two] = [`six==1.0 --hash=${SHA}\n`, `seven==1.0 --hash=${SHA}\n`]
  t.match(digest(one, two), /^[0-9a-f]{64}$/)
  t.equal(digest(one, two), digest(one, two))
  t.not(digest(one, two), digest(`${one}# more\n`, two), 'a comment more')
  t.not(digest(one, two), digest(two, one), 'files that changed places')
})

const WRONG_PINS: readonly (readonly [what: string, keys: readonly string[], pins: string, said: RegExp])[] = [
  [
    'a pins file that is not there',
    ['pins: other.txt'],
    PINNED,
    /^\/etc\/acme\/p\.yaml:7:11 exemptions\[0\]\.pins: is not there$/,
  ],
  ['an empty pins file', ['pins: pins/app.txt'], '', /^\/etc\/acme\/pins\/app\.txt:1:1 pins nothing/],
  [
    'a line that is no pin',
    ['pins: pins/app.txt'],
    `${PINNED}eight\n`,
    /^\/etc\/acme\/pins\/app\.txt:3:1 must be name==version/,
  ],
  [
    'a pin of a project without a rule',
    ['pins: pins/app.txt'],
    `${PINNED}eight==1 --hash=${SHA}`,
    /pins\/app\.txt:3:1 no rule decides "eight"/,
  ],
  [
    'a pin of another project than match',
    ['match: six', 'pins: pins/app.txt'],
    PINNED,
    /pins\/app\.txt:2:1 the exemption EX-app \(\/etc\/acme\/p\.yaml:6\) may pin six alone, not seven/,
  ],
  [
    'a glob that matches nothing',
    ['match: "-*"', 'pins: pins/app.txt'],
    PINNED,
    /p\.yaml:7:12 .*no project name begins/,
  ],
  [
    'files beside pins',
    ['pins: pins/app.txt', 'files: {}'],
    PINNED,
    /p\.yaml:8:12 exemptions\[0\]\.files: has no place beside pins/,
  ],
  ['a project beside pins', ['pins: pins/app.txt', 'project: six'], PINNED, /project: has no place beside pins/],
  ['versions beside pins', ['pins: pins/app.txt', 'versions: "==1"'], PINNED, /versions: has no place beside pins/],
  [
    'a match beside files',
    ['project: six', 'match: six', `files: { six-1.17.0.tar.gz: "${SHA}" }`],
    '',
    /match: bounds what a pins file may pin/,
  ],
  ['neither files nor pins', [], '', /"files" is missing: name the files/],
]

for (const [what, keys, text, message] of WRONG_PINS)
  t.test(`${what} is refused at its place`, async t => {
    const found = said(withPins(keys, { [APP]: text }))
    t.ok(
      found.some(told => message.test(told)),
      what,
      { found },
    )
  })

t.test('a glob bounds what a pins file may pin', async t => {
  t.strictSame(said(withPins(['match: "s*"', 'pins: pins/app.txt'], { [APP]: PINNED })), [])
})

t.test('what pins name counts for the rule that needs an exemption', async t => {
  const found = said(withPins(['pins: pins/app.txt'], { [APP]: `six==1.17.0 --hash=${SHA}` }))
  t.strictSame(found.length, 1)
  t.match(found[0], /p\.yaml:4:5 projects\[1\]: .*or an exemption for a project that it decides/)
})
