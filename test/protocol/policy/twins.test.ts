import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { NOW, SHA } from '../good-policy.ts'

/** Where each of these files lies, and what lies beside it. */
function load(files: Readonly<Record<string, string>>, pins: Readonly<Record<string, string>> = {}) {
  return loadPolicy(
    Object.entries(files).map(([path, text]) => ({ path, text: `version: 1\n${text}` })),
    NOW,
    path => ({ digest: sha256Of(path.includes('/other/') ? 'other' : 'own'), json: '{}' }),
    path => pins[path] ?? { wrong: 'is not there' },
  )
}

function told(...args: Parameters<typeof load>): readonly string[] {
  const loaded = load(...args)
  return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
}

const TEAM = `mode: enforce
defaults: { attestation: required, cooldown: { min_age: 7d } }
limits: { exemption_max: 180d }
publishers:
  acme: { kind: github, repository: acme/pkg, workflow: [a.yml, b.yml] }
projects:
  - { match: pkg, publishers: [acme] }
  - { match: Six.Six }
exemptions:
  - { id: EX-1, project: six-six, waive: [attestation, yanked], files: { six_six-1.0.tar.gz: "${SHA}" }, reason: r, owner: o, expires: 2027-03-31 }
`

t.test('what stands in two files and is equal is one', async t => {
  const loaded = load({ '/a.yaml': TEAM, '/b.yaml': TEAM })
  if (!('policy' in loaded)) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  const { contents, policy } = loaded
  t.match(contents, { publishers: ['acme'], rules: { length: 2 }, exemptions: { length: 1 } })
  t.strictSame(policy.warnings, [])
  t.match(contents.rules[0]?.ref, { file: '/a.yaml' }, 'and stands where it stands first')
  t.match(contents.documents, [
    { file: '/a.yaml', publishers: 1, rules: 2, exemptions: 1, defaults: true },
    { file: '/b.yaml', publishers: 1, rules: 2, exemptions: 1, defaults: true },
  ])
})

t.test(
  'equal is what means the same: the order of keys and words, spellings of names and durations do not count',
  async t => {
    const other = `mode: enforce
defaults: { cooldown: { min_age: 168h }, attestation: required }
limits: { exemption_max: 4320h }
publishers:
  acme: { workflow: [b.yml, a.yml], kind: github, repository: acme/pkg }
projects:
  - { match: six_six }
  - { match: PKG, publishers: [{ kind: github, repository: acme/pkg, workflow: [a.yml, b.yml] }] }
exemptions:
  - { id: EX-1, owner: o, reason: r, project: Six_Six, waive: [yanked, attestation], files: { six_six-1.0.tar.gz: "${SHA}" }, expires: 2027-04-01T00:00:00Z }
`
    t.strictSame(told({ '/a.yaml': TEAM, '/b.yaml': other }), [])
  },
)

const UNEQUAL: readonly (readonly [what: string, from: string, to: string, said: string])[] = [
  [
    'defaults',
    'cooldown: { min_age: 7d }',
    'yanked: deny',
    '/b.yaml:3:1 defaults: "defaults" stands in /a.yaml:3 already, and differs in cooldown, yanked',
  ],
  ['modes', 'enforce', 'audit', '/b.yaml:2:1 mode: "mode" stands in /a.yaml:2 already'],
  ['limits', '180d', '181d', '/b.yaml:4:1 limits: "limits" stands in /a.yaml:4 already, and differs in exemption_max'],
  [
    'publishers',
    'repository: acme/pkg',
    'repository: acme/other',
    '/b.yaml:6:3 publishers.acme: the publisher "acme" stands in /a.yaml:6 too, and differs in repository',
  ],
  [
    'rules',
    'Six.Six',
    'six-six, attestation: when-seen, identity: first-seen',
    '/b.yaml:9:14 projects[1].match: /a.yaml:9 matches the same: "six-six", and differs in attestation, identity',
  ],
  [
    'exemptions',
    'owner: o',
    'owner: p',
    '/b.yaml:11:11 exemptions[0].id: the exemption "EX-1" stands in /a.yaml:11 already, and differs in owner',
  ],
  [
    'ends',
    '2027-03-31',
    '2027-03-30',
    '/b.yaml:11:11 exemptions[0].id: the exemption "EX-1" stands in /a.yaml:11 already, and differs in expires',
  ],
  [
    'pinned bytes',
    SHA,
    SHA.replace('4', '5'),
    '/b.yaml:11:11 exemptions[0].id: the exemption "EX-1" stands in /a.yaml:11 already, and differs in files',
  ],
]

for (const [what, from, to, said] of UNEQUAL)
  t.test(`unequal ${what} are one diagnostic that names both places, and nothing that follows`, async t => {
    const changed = TEAM.replace(from, to)
    t.not(changed, TEAM)
    t.strictSame(told({ '/a.yaml': TEAM, '/b.yaml': changed }), [said])
  })

t.test('what only follows from a contradiction is not told', async t => {
  const rule = (file: string, more: string) => `projects: [{ match: six${more} }${file}]`
  t.match(told({ '/a.yaml': rule('', ''), '/b.yaml': rule('', ', deny: no') }), [/^\/b\.yaml:2:21 .*differs in deny$/])
  t.match(
    told({
      '/a.yaml': `defaults: { attestation: optional }\n${rule('', '')}`,
      '/b.yaml': `defaults: { attestation: required }\n${rule(', { match: seven }', '')}`,
    }),
    [/^\/b\.yaml:2:1 defaults: .*differs in attestation$/],
  )
})

t.test('a third file that contradicts the first is told as well', async t => {
  const files = { '/a.yaml': TEAM, '/b.yaml': TEAM.replace('180d', '90d'), '/c.yaml': TEAM.replace('180d', '60d') }
  t.match(told(files), [/^\/b\.yaml:4:1 limits/, /^\/c\.yaml:4:1 limits/])
})

const PINNING = `projects: [{ match: six }]
exemptions: [{ id: EX-1, pins: app.txt, waive: [attestation], reason: r, owner: o, expires: 2027-03-31 }]
`

t.test('exemptions with pins are equal when the pins are, whatever files they stand in', async t => {
  const files = { '/a/p.yaml': PINNING, '/b/p.yaml': PINNING.replace('pins:', 'match: "*", pins:') }
  const pin = `six==1.0 --hash=${SHA}\n`
  t.strictSame(told(files, { '/a/app.txt': pin, '/b/app.txt': `# of b\n${pin.replace('1.0', '1.0.0')}` }), [])
  t.strictSame(told(files, { '/a/app.txt': pin, '/b/app.txt': pin.replace('1.0', '1.1') }), [
    '/b/p.yaml:3:20 exemptions[0].id: the exemption "EX-1" stands in /a/p.yaml:3 already, and differs in pins',
  ])
  const loaded = load(files, { '/a/app.txt': pin, '/b/app.txt': pin })
  t.match('policy' in loaded && loaded.contents.pinsFiles, [{ exemptions: ['EX-1'] }, { exemptions: ['EX-1'] }])
})

t.test('a custom publisher is another where its trusted root is', async t => {
  const custom = 'publishers: { own: { kind: custom, issuer: https://a.example, san: x, trusted_root: root.json } }\n'
  const text = `${custom}projects: [{ match: six, publishers: [own] }]`
  t.strictSame(told({ '/a/p.yaml': text, '/b/p.yaml': text }), [], 'equal roots')
  t.strictSame(told({ '/a/p.yaml': text, '/other/p.yaml': text }), [
    '/other/p.yaml:2:15 publishers.own: the publisher "own" stands in /a/p.yaml:2 too, and differs in trusted_root',
  ])
})
