import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant, parseInstant } from '../../src/domain/base/instant.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { ReadRoot } from '../../src/protocol/clauses/publisher.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { noRoots } from '../world/roots.ts'

const POLICIES = new URL('../../policies/', import.meta.url)
const NOW = parseInstant('2026-11-24T12:00:00Z') ?? instant(0)
const SHA = `sha256:${'4'.repeat(64)}`

/** A good policy, one part a line, so that a test can change one line and know where it stands. */
const GOOD: readonly string[] = [
  /* 1 */ 'version: 1',
  /* 2 */ 'mode: enforce',
  /* 3 */ 'publishers:',
  /* 4 */ '  acme: { kind: github, repository: acme/pkg, workflow: release.yml }',
  /* 5 */ '  lab: { kind: gitlab, project: group/pkg, config: .gitlab-ci.yml }',
  /* 6 */ '  cloud: { kind: google, email: release@acme.example }',
  /* 7 */ 'defaults:',
  /* 8 */ '  attestation: required',
  /* 9 */ 'projects:',
  /* 10 */ '  - { match: pkg, publishers: [acme, lab] }',
  /* 11 */ '  - { match: "acme-*", publishers: [cloud] }',
  /* 12 */ '  - match: six',
  /* 13 */ 'exemptions:',
  /* 14 */ '  - id: EX-7',
  /* 15 */ '    project: six',
  /* 16 */ '    versions: "==1.17.0"',
  /* 17 */ '    waive: [attestation]',
  /* 18 */ `    files: { six-1.17.0.tar.gz: "${SHA}" }`,
  /* 19 */ '    reason: old',
  /* 20 */ '    owner: platform@acme.example',
  /* 21 */ '    expires: 2027-03-31',
]

function diagnose(text: string, path = 'p.yaml'): readonly string[] {
  const loaded = loadPolicy([{ path, text }], NOW, noRoots)
  return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
}

/** The good policy with one line replaced (or, for an array, by several; `undefined` takes it out). */
function changed(line: number, replacement: string | undefined): string {
  return GOOD.flatMap((text, index) => (index + 1 === line ? (replacement ?? []) : text)).join('\n')
}

const publisher = (keys: string) => `  acme: { kind: github, repository: acme/pkg, workflow: release.yml, ${keys} }`
const rule = (keys: string) => `  - { match: pkg, publishers: [acme, lab], ${keys} }`

/** what · line to change · new text · exactly the first diagnostic's place · part of its message */
const WRONG: readonly (readonly [string, number, string | undefined, string, string])[] = [
  ['an unknown key', 2, 'modes: enforce', '2:1', 'unknown key "modes" (did you mean "mode"?)'],
  [
    'an unknown key in a rule',
    10,
    rule('publisher: acme'),
    '10:44',
    'unknown key "publisher" (did you mean "publishers"?)',
  ],
  [
    'an unknown key in a publisher',
    4,
    publisher('refs: refs/tags/*'),
    '4:70',
    'unknown key "refs" (did you mean "ref"?)',
  ],
  [
    'a key of another kind of publisher',
    5,
    '  lab: { kind: gitlab, project: g/p, config: a.yml, workflow: x.yml }',
    '5:53',
    'unknown key "workflow"',
  ],
  [
    'an unknown key in defaults',
    8,
    '  attestations: required',
    '8:3',
    'unknown key "attestations" (did you mean "attestation"?)',
  ],
  ['an unknown key in an exemption', 19, '    reasons: old', '14:5', '"reason" is missing'],
  ['another version', 1, 'version: 2', '1:10', 'must be 1; found 2'],
  ['a version that is text', 1, 'version: "1"', '1:10', 'must be 1; found "1"'],
  ['no version', 1, undefined, '1:1', 'version: "version" is missing'],
  [
    'an unknown mode',
    2,
    'mode: enforced',
    '2:7',
    'must be one of enforce, audit; found "enforced" (did you mean "enforce"?)',
  ],
  ['an unknown identity', 8, '  identity: first-sen', '8:13', '(did you mean "first-seen"?)'],
  ['a regression that is a word', 8, '  regression: deny', '8:15', 'must be a mapping, found "deny"'],
  ['an unknown regression', 8, '  regression: { losts: deny }', '8:17', 'unknown key "losts" (did you mean "lost"?)'],
  ['a regression that is neither', 8, '  regression: { lost: yes }', '8:23', 'must be one of allow, deny; found "yes"'],
  [
    'an unknown release line',
    8,
    '  regression: { release_line: patch }',
    '8:31',
    'must be one of project, major, minor',
  ],
  [
    'pre-releases that are text',
    8,
    '  regression: { ignore_prereleases: "yes" }',
    '8:37',
    'must be true or false, found "yes"',
  ],
  ['a cooldown that is a number', 10, rule('cooldown: { min_age: 3 }'), '10:65', 'must be text, found 3'],
  ['a cooldown without a unit', 10, rule('cooldown: { min_age: "3" }'), '10:65', 'must be a duration'],
  ['a cooldown without an age', 10, rule('cooldown: {}'), '10:54', '"min_age" is missing'],
  ['slsa without a builder', 10, rule('slsa: { min_level: 3 }'), '10:50', '"builders" is missing'],
  ['slsa with an empty list of builders', 10, rule('slsa: { builders: [] }'), '10:62', 'must not be empty'],
  [
    'a builder that is a URI',
    10,
    rule('slsa: { builders: [{ workflow: "https://github.com/a/b", ref: refs/heads/main }] }'),
    '10:75',
    'must be owner/repo/.github/workflows/file.yml',
  ],
  [
    'a builder without a ref',
    10,
    rule('slsa: { builders: [{ workflow: a/b/.github/workflows/c.yml }] }'),
    '10:63',
    '"ref" is missing',
  ],
  [
    'a SLSA level that there is not',
    10,
    rule('slsa: { min_level: 4, builders: [{ workflow: a/b/.github/workflows/c.yml, ref: refs/heads/main }] }'),
    '10:63',
    'must be at most 3',
  ],
  [
    'a custom publisher without a name',
    4,
    '  acme: { kind: custom, issuer: https://a.example }',
    '4:9',
    '"san" is missing',
  ],
  [
    'a custom publisher without a root',
    4,
    '  acme: { kind: custom, issuer: https://a.example, san: x }',
    '4:9',
    '"trusted_root" is missing',
  ],
  [
    'a custom publisher whose root is not there',
    4,
    '  acme: { kind: custom, issuer: https://a.example, san: x, trusted_root: gone.json }',
    '4:74',
    'gone.json is not there',
  ],
  [
    'an issuer that is no URL',
    4,
    '  acme: { kind: custom, issuer: a, san: x, trusted_root: r }',
    '4:33',
    'must be the URL of an issuer',
  ],
  ['revocations that are no list', 2, 'revocations: { sha256: x }', '2:14', 'must be a list, found a mapping'],
  ['a revocation of nothing', 2, 'revocations: [{ reason: x }]', '2:15', 'must name what is revoked'],
  ['a revocation without a reason', 2, `revocations: [{ sha256: "${'4'.repeat(64)}" }]`, '2:15', '"reason" is missing'],
  [
    'a revocation of two things',
    2,
    `revocations: [{ sha256: "${'4'.repeat(64)}", run: "https://x.example", reason: x }]`,
    '2:98',
    'stands beside sha256',
  ],
  [
    'a revoked digest that is none',
    2,
    'revocations: [{ sha256: abc, reason: x }]',
    '2:25',
    'must be 64 lower-case hex digits',
  ],
  ['a revoked run that is a number', 2, 'revocations: [{ run: "123", reason: x }]', '2:22', 'must be the URL of a run'],
  [
    'a revoked repository without more',
    2,
    'revocations: [{ repository: a/b, reason: x }]',
    '2:29',
    'needs a commit, or signed_after',
  ],
  [
    'a short commit',
    2,
    'revocations: [{ repository: a/b, commit: "abc1234", reason: x }]',
    '2:42',
    'must be a whole commit digest',
  ],
  [
    'a window without an offset',
    2,
    'revocations: [{ repository: a/b, signed_after: 2026-10-21T11:00:00, reason: x }]',
    '2:48',
    'must be a time with Z or an offset',
  ],
  [
    'a window that ends before it begins',
    2,
    'revocations: [{ repository: a/b, signed_after: 2026-10-21T11:00:00Z, signed_before: 2026-10-21T10:00:00Z, reason: x }]',
    '2:85',
    'is not after signed_after',
  ],
  [
    'a window of a file',
    2,
    `revocations: [{ sha256: "${'4'.repeat(64)}", signed_after: 2026-10-21T11:00:00Z, reason: x }]`,
    '2:107',
    'belongs to repository, not to sha256',
  ],
  [
    'a revoked project without versions',
    2,
    'revocations: [{ project: pkg, reason: x }]',
    '2:26',
    'use `deny` in its rule',
  ],
  [
    'revoked versions that say nothing',
    2,
    'revocations: [{ project: pkg, versions: ",", reason: x }]',
    '2:41',
    'must be a PEP 440 specifier set',
  ],
  ['a limit that is unknown', 2, 'limits: { exemptions_max: 1d }', '2:11', '(did you mean "exemption_max"?)'],
  [
    'an exemption that lives too long',
    2,
    'limits: { exemption_max: 30d }',
    '21:14',
    'lives longer than limits.exemption_max (30d)',
  ],
  ['tests that are no list', 2, 'tests: {}', '2:8', 'must be a list'],
  ['a test without an expectation', 2, 'tests: [{ given: { file: pkg-1.0.tar.gz } }]', '2:9', '"expect" is missing'],
  [
    'a test of no distribution',
    2,
    'tests: [{ given: { file: pkg }, expect: admitted }]',
    '2:26',
    'must be the file name of a wheel or source distribution',
  ],
  [
    'a test that expects an unknown code',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: { refused: unatested } }]',
    '2:63',
    'no refusal has the code "unatested" (did you mean "unattested"?)',
  ],
  [
    'a test by an unknown publisher',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz, attested_by: acne }, expect: admitted }]',
    '2:55',
    'no publisher is named "acne" (did you mean "acme"?)',
  ],
  [
    'a test that expects nonsense',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: yes }]',
    '2:52',
    'must be admitted or { refused: … }',
  ],
  [
    'a test that fails',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: admitted }]',
    '2:9',
    'expected admitted, found refused: unattested',
  ],
  [
    'a test that is refused for another reason',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: { refused: publisher-mismatch } }]',
    '2:9',
    'expected refused: publisher-mismatch, found refused: unattested',
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
    'an unknown kind',
    4,
    '  acme: { kind: gihub }',
    '4:17',
    'must be one of github, gitlab, google, circleci, custom; found "gihub" (did you mean "github"?)',
  ],
  ['a publisher without a kind', 4, '  acme: { repository: acme/pkg }', '4:9', '"kind" is missing'],
  ['a publisher that is text', 4, '  acme: acme/pkg', '4:9', 'must be a mapping, found "acme/pkg"'],
  [
    'a publisher without a repository',
    4,
    '  acme: { kind: github, workflow: a.yml }',
    '4:9',
    '"repository" is missing',
  ],
  ['a publisher without a workflow', 4, '  acme: { kind: github, repository: a/b }', '4:9', '"workflow" is missing'],
  [
    'a repository that is a URL',
    4,
    '  acme: { kind: github, repository: "https://github.com/a/b", workflow: a.yml }',
    '4:37',
    'must be owner/name',
  ],
  [
    'a repository without an owner',
    4,
    '  acme: { kind: github, repository: pkg, workflow: a.yml }',
    '4:37',
    'must be owner/name',
  ],
  [
    'a repository with part of a star',
    4,
    '  acme: { kind: github, repository: "a/b*", workflow: a.yml, owner_id: "1" }',
    '4:37',
    'must be owner/name',
  ],
  [
    'an owner with a star',
    4,
    '  acme: { kind: github, repository: "*/b", workflow: a.yml, owner_id: "1" }',
    '4:37',
    'must be owner/name',
  ],
  [
    'a repository star without owner_id',
    4,
    '  acme: { kind: github, repository: "a/*", workflow: a.yml }',
    '4:37',
    'a "*" needs an owner_id beside it',
  ],
  [
    'a workflow star without owner_id',
    4,
    '  acme: { kind: github, repository: a/b, workflow: "*", repository_id: "1" }',
    '4:52',
    'a "*" needs an owner_id beside it',
  ],
  [
    'a workflow that is a path',
    4,
    '  acme: { kind: github, repository: a/b, workflow: .github/workflows/a.yml }',
    '4:52',
    'must be a file name in .github/workflows',
  ],
  [
    'a workflow that is no YAML file',
    4,
    '  acme: { kind: github, repository: a/b, workflow: Release }',
    '4:52',
    'must be a file name in .github/workflows',
  ],
  ['an empty workflow list', 4, '  acme: { kind: github, repository: a/b, workflow: [] }', '4:52', 'must not be empty'],
  [
    'a wrong workflow in a list',
    4,
    '  acme: { kind: github, repository: a/b, workflow: [a.yml, b] }',
    '4:60',
    'must be a file name in .github/workflows',
  ],
  [
    'an id that is a number',
    4,
    publisher('repository_id: 14899596'),
    '4:85',
    'must be text, found 14899596; write it in quotes: "14899596"',
  ],
  ['an id with a leading zero', 4, publisher('owner_id: 0123'), '4:80', 'write it in quotes: "0123"'],
  ['an id that is no number', 4, publisher('owner_id: "acme"'), '4:80', 'must be a number written as text'],
  ['an empty ref list', 4, publisher('ref: []'), '4:75', 'must not be empty'],
  ['a ref without refs/', 4, publisher('ref: "v*"'), '4:75', 'must be a ref glob such as refs/tags/v*'],
  ['a ref with two stars', 4, publisher('ref: "refs/tags/**"'), '4:75', 'must be a ref glob'],
  ['an empty trigger list', 4, publisher('trigger: []'), '4:79', 'must not be empty'],
  ['a trigger with a dash', 4, publisher('trigger: workflow-dispatch'), '4:79', 'must be an event name'],
  [
    'an unknown visibility',
    4,
    publisher('visibility: pubic'),
    '4:82',
    'must be one of public, private, internal; found "pubic" (did you mean "public"?)',
  ],
  ['an unknown runner', 4, publisher('runner: github'), '4:78', 'must be one of github-hosted, self-hosted'],
  ['an empty environment', 4, publisher('environment: ""'), '4:83', 'must not be empty'],
  [
    'a signer without a ref',
    4,
    publisher('signer: { workflow: a/b/.github/workflows/c.yml }'),
    '4:78',
    '"ref" is missing',
  ],
  [
    'a signer that is no path',
    4,
    publisher('signer: { workflow: c.yml, ref: refs/tags/* }'),
    '4:90',
    'must be owner/repo/.github/workflows/file.yml',
  ],
  [
    'a GitLab project without a group',
    5,
    '  lab: { kind: gitlab, project: pkg, config: a.yml }',
    '5:33',
    'must be group/project',
  ],
  [
    'a GitLab config that begins with a slash',
    5,
    '  lab: { kind: gitlab, project: a/b, config: /a.yml }',
    '5:46',
    'must be a path in the repository',
  ],
  [
    'a Google publisher without an address',
    6,
    '  cloud: { kind: google, email: acme }',
    '6:33',
    'must be an e-mail address',
  ],
  [
    'a CircleCI project that is no id',
    4,
    '  acme: { kind: circleci, project_id: acme, pipeline_definition_id: c2c2c2c2-1111-4222-8333-444444444444 }',
    '4:39',
    'must be an id of CircleCI, a UUID in lower case',
  ],
  [
    'a CircleCI publisher without a pipeline',
    4,
    '  acme: { kind: circleci, project_id: b1b1b1b1-1111-4222-8333-444444444444 }',
    '4:9',
    '"pipeline_definition_id" is missing',
  ],
  [
    'a publisher name with a space',
    4,
    '  "a b": { kind: google, email: a@b.c }',
    '4:3',
    'a name has at most 64 letters',
  ],
  [
    'an unknown publisher',
    10,
    '  - { match: pkg, publishers: [acne, lab] }',
    '10:32',
    'no publisher is named "acne" (did you mean "acme"?)',
  ],
  ['an empty publisher list', 10, '  - { match: pkg, publishers: [] }', '10:31', 'must not be empty'],
  [
    'publishers that are no list',
    10,
    '  - { match: pkg, publishers: acme }',
    '10:31',
    'must be a list, found "acme"; write [acme]',
  ],
  ['a deny that is no reason', 10, rule('deny: true'), '10:50', 'must be text, found true'],
  [
    'a publisher that is a number',
    10,
    '  - { match: pkg, publishers: [acme, lab, 3] }',
    '10:43',
    'must be text or a mapping, found 3',
  ],
  [
    'a wrong inline publisher',
    10,
    '  - { match: pkg, publishers: [acme, lab, { kind: github, repository: x, workflow: a.yml }] }',
    '10:71',
    'must be owner/name',
  ],
  [
    'an inline star without owner_id',
    10,
    '  - { match: pkg, publishers: [acme, lab, { kind: github, repository: "x/*", workflow: a.yml }] }',
    '10:71',
    'a "*" needs an owner_id',
  ],
  ['a rule without match', 10, '  - { publishers: [acme, lab] }', '10:5', '"match" is missing'],
  [
    'a match that is no name',
    10,
    '  - { match: "a b", publishers: [acme, lab] }',
    '10:14',
    'must be a project name or a glob',
  ],
  [
    'a match that is a number',
    10,
    '  - { match: 1.0, publishers: [acme, lab] }',
    '10:14',
    'must be text, found 1; write it in quotes: "1.0"',
  ],
  ['a glob with a question mark', 10, '  - { match: "a?*", publishers: [acme, lab] }', '10:14', 'a glob has letters'],
  ['a glob with two stars', 10, '  - { match: "a**", publishers: [acme, lab] }', '10:14', 'write one "*"'],
  [
    'a glob that matches no name',
    10,
    '  - { match: "-a*", publishers: [acme, lab] }',
    '10:14',
    'no project name begins or ends with',
  ],
  [
    'two rules for one name',
    10,
    '  - { match: Six, publishers: [acme, lab] }',
    '12:12',
    'p.yaml:10 matches the same: "six"',
  ],
  [
    'two globs that tie',
    10,
    '  - { match: "acme-*-x", publishers: [acme, lab] }',
    '11:14',
    'ties with "acme-*-x" of p.yaml:10',
  ],
  ['an empty deny', 10, rule('deny: ""'), '10:50', 'must not be empty'],
  [
    'an unknown attestation',
    10,
    rule('attestation: require'),
    '10:57',
    'must be one of required, when-seen, optional; found "require" (did you mean "required"?)',
  ],
  ['an empty allow list', 10, rule('predicates: { allow: [] }'), '10:65', 'must not be empty'],
  [
    'an unknown predicate',
    10,
    rule('predicates: { require: [publish] }'),
    '10:68',
    'must be one of publish/v1, slsa-provenance/v1',
  ],
  ['an unknown status', 10, rule('status: { quarantined: allow }'), '10:54', 'unknown key "quarantined"'],
  ['an unknown yanked', 10, rule('yanked: true'), '10:52', 'must be one of allow, deny; found true'],
  [
    'required without anybody',
    11,
    '  - { match: "acme-*" }',
    '11:5',
    'the rule needs publishers, identity: first-seen, deny, or an exemption',
  ],
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
  ['an anchor', 2, 'mode: &a enforce', '2:10', 'anchors are not allowed'],
  ['an alias', 2, 'mode: *a', '2:7', 'aliases are not allowed'],
  ['a tag', 2, 'mode: !!str enforce', '2:13', 'tags are not allowed'],
  ['a merge key', 10, '  - { <<: {}, match: pkg, publishers: [acme, lab] }', '10:7', 'the key "<<" is not allowed'],
  ['a duplicate key', 2, 'version: 1', '2:1', 'this key stands here twice'],
  ['a key that is a number', 2, '3: enforce', '2:1', 'a key must be text'],
  [
    'a key that reaches prototypes',
    4,
    '  __proto__: { kind: google, email: a@b.c }',
    '4:3',
    'the key "__proto__" is not allowed',
  ],
  ['an unclosed bracket', 10, '  - { match: pkg, publishers: [acme, lab }', '10:42', 'not YAML'],
  ['a second document', 2, '---', '2:1', 'the file must hold one YAML document'],
]

t.test('the good policy loads', async t => {
  t.strictSame(diagnose(GOOD.join('\n')), [])
})

t.test('a malformed policy is refused at its place', async t => {
  for (const [what, line, text, place, message] of WRONG) {
    const found = diagnose(changed(line, text))
    t.ok(
      found.some(told => told.startsWith(`p.yaml:${place} `) && told.includes(message)),
      what,
      { expected: `p.yaml:${place} … ${message}`, found },
    )
  }
})

t.test('a file that is no policy', async t => {
  t.match(diagnose(''), [/^p\.yaml:1:1 .*must be a mapping, found nothing/])
  t.match(diagnose('# only a comment'), [/must be a mapping, found nothing/])
  t.match(diagnose('hello'), [/must be a mapping, found "hello"/])
  t.match(diagnose('%YAML 1.1\n---\nversion: 1'), [/directives are not allowed/])
  t.match(diagnose(`version: 1\n# ${'x'.repeat(1024 * 1024)}`), ['p.yaml:1:1 the file is larger than 1 MiB'])
  t.not(diagnose('['.repeat(100_000)).length, 0, 'nested without end')
  t.match(diagnose('version: 1'), [/the policy has no rule/])
  t.match(diagnose('version: 1\ndefaults: { unmatched: apply-defaults }'), [/the policy has no rule/])
  t.match(diagnose('version: 1\nprojects: []'), [/projects: must not be empty/])
  t.match(diagnose('version: 1\nprojects: {}'), ['p.yaml:2:11 projects: must be a list, found a mapping'])
  t.match(diagnose('version: 1\nprojects: [pkg]'), ['p.yaml:2:12 projects[0]: must be a mapping, found "pkg"'])
  t.strictSame(diagnose('version: 1\ndefaults: { unmatched: apply-defaults, attestation: optional }'), [])
})

t.test('all diagnostics come at once, in order, with their paths', async t => {
  const text = changed(
    10,
    '  - { match: pkg, publishers: [acne, { kind: github, repository: x, workflow: y.yml }], yank: deny }',
  ).replace('2027-03-31', '2027-02-30')
  t.match(diagnose(text), [
    /^p\.yaml:10:32 projects\[0\]\.publishers\[0\]: no publisher is named "acne"/,
    /^p\.yaml:10:66 projects\[0\]\.publishers\[1\]\.repository: must be owner\/name/,
    /^p\.yaml:10:89 projects\[0\]\.yank: unknown key "yank" \(did you mean "yanked"\?\)/,
    /^p\.yaml:21:14 exemptions\[0\]\.expires: must be a date/,
  ])
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

t.test('warnings do not stop a load', async t => {
  const warn = (text: string) => {
    const loaded = loadPolicy([{ path: 'p.yaml', text }], NOW, noRoots)
    return 'policy' in loaded ? loaded.policy.warnings : loaded.diagnostics.map(formatDiagnostic)
  }
  t.strictSame(warn(GOOD.join('\n')), [])
  t.strictSame(warn(changed(21, '    expires: 2026-11-23')), [
    'p.yaml:21:14 exemptions[0].expires: the exemption EX-7 has ended (owner platform@acme.example)',
  ])
  t.match(warn(changed(21, '    expires: 2026-11-30')), [/ends within \d+ days/])
  t.strictSame(warn(changed(10, '  - { match: pkg, publishers: [acme] }')), [
    'p.yaml:5:3 publishers.lab: no rule uses the publisher "lab"',
  ])
  t.match(
    warn(changed(12, '  - { match: seven, deny: no }').replace('attestation: required', 'unmatched: apply-defaults')),
    [/no rule decides "six"/],
  )
})

t.test('several files are one policy', async t => {
  const load = (...texts: readonly string[]) =>
    loadPolicy(
      texts.map((text, index) => ({ path: `${index}.yaml`, text })),
      NOW,
      noRoots,
    )
  const told = (...texts: readonly string[]) => {
    const loaded = load(...texts)
    return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
  }
  const more = 'version: 1\nprojects:\n  - { match: other, publishers: [acme] }'
  t.strictSame(told(GOOD.join('\n'), more), [], 'a publisher of one is known in the other')
  const loaded = load(GOOD.join('\n'), more)
  t.match('policy' in loaded && loaded.policy.ruleFor(parseProjectName('other')), { ref: { file: '1.yaml', line: 3 } })
  t.match(told(GOOD.join('\n'), more.replace('other', 'pkg')), [/^1\.yaml:3:14 .*0\.yaml:10 matches the same/])
  t.match(told(GOOD.join('\n'), `${more}\ndefaults: {}`), [
    /^1\.yaml:4:1 defaults: "defaults" stands in 0\.yaml:7 already/,
  ])
  t.match(told(GOOD.join('\n'), `${more}\npublishers:\n  acme: { kind: google, email: a@b.c }`), [
    /^1\.yaml:5:3 .*stands in 0\.yaml too/,
  ])
  t.match(told(GOOD.join('\n'), `version: 1\n${GOOD.slice(12).join('\n')}`), [
    /^1\.yaml:3:9 .*the exemption "EX-7" stands in 0\.yaml:14 already/,
  ])
  t.match(told(), [/there is no policy file/])
})

t.test('the digest is that of the file', async t => {
  const digest = (text: string) => {
    const loaded = loadPolicy([{ path: 'p', text }], NOW, noRoots)
    return 'policy' in loaded ? loaded.policy.digest : undefined
  }
  t.match(digest(GOOD.join('\n')), /^[0-9a-f]{64}$/)
  t.not(digest(GOOD.join('\n')), digest(`${GOOD.join('\n')}\n`))
})

t.test('every shipped policy loads without a warning', async t => {
  const names = readdirSync(POLICIES).filter(name => name.endsWith('.yaml'))
  t.ok(names.includes('starter.yaml'))
  for (const name of names) {
    const loaded = loadPolicy([{ path: name, text: readFileSync(new URL(name, POLICIES), 'utf8') }], NOW, noRoots)
    t.strictSame('policy' in loaded ? loaded.policy.warnings : loaded.diagnostics.map(formatDiagnostic), [], name)
  }
})

t.test('a predicate that must be there and may not be there is warned about', async t => {
  const rule = 'predicates: { require: [slsa-provenance/v1], allow: [publish/v1] }'
  const text = `version: 1\nprojects:\n  - match: a\n    publishers: [{ kind: google, email: a@b.example }]\n    ${rule}\n`
  const loaded = loadPolicy([{ path: 'p.yaml', text }], NOW, noRoots)
  t.match('policy' in loaded && loaded.policy.warnings, [
    /p\.yaml:3:5 projects\[0\]: slsa-provenance\/v1 must be there/,
  ])
})

t.test('the commented rules of the shipped policies load once they are uncommented', async t => {
  const text = readFileSync(new URL('popular.yaml', POLICIES), 'utf8')
  t.strictSame(diagnose(text.replace(/^ {2}# (- match| {2}publishers)/gm, '  $1')), [])
})

const DESIGN = new URL('../../../shared/design/policy.md', import.meta.url)
const ROOT = { digest: sha256Of('acme'), json: '{}' }

function load(text: string, readRoot: ReadRoot = noRoots) {
  const loaded = loadPolicy([{ path: '/etc/acme/p.yaml', text }], NOW, readRoot)
  if (!('policy' in loaded)) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  return loaded
}

const exampleSkip = existsSync(DESIGN) ? false : 'the design is not here: 1 example'

t.test('the example of the language loads as it stands, with a root file beside it', { skip: exampleSkip }, async t => {
  const [, example = ''] = /```yaml\n((?:.|\n)*?)```/.exec(readFileSync(DESIGN, 'utf8')) ?? []
  const asked: string[] = []
  const { policy, contents, tests } = load(example, path => {
    asked.push(path)
    return ROOT
  })
  t.strictSame(asked, ['/etc/acme/acme-root.json'])
  t.equal(contents.rules.length, 7)
  t.equal(contents.revocations.length, 5)
  t.match(tests, [{ passed: true, found: 'refused: publisher-mismatch' }])
  t.strictSame(policy.roots, [ROOT])
  t.match(policy.ruleFor(parseProjectName('acme-cloud-x')), {
    attestation: 'when-seen',
    cooldown: { minAge: 259_200_000 },
  })
  t.match(policy.ruleFor(parseProjectName('acme-crypto')), { slsa: { minLevel: 3 } })
})

t.test('what a policy does not say', async t => {
  const { policy } = load('version: 1\nprojects: [{ match: pkg, publishers: [{ kind: google, email: a@b.example }] }]')
  t.equal(policy.mode, 'enforce')
  t.match(policy.ruleFor(parseProjectName('pkg')), {
    attestation: 'required',
    identity: 'declared',
    slsa: undefined,
    regression: {
      lost: 'deny',
      partial: 'deny',
      publisherChanged: 'deny',
      addedLate: 'deny',
      releaseLine: 'minor',
      ignorePrereleases: true,
    },
    cooldown: { minAge: 0 },
  })
})

t.test('what a rule does not say comes from defaults, key by key', async t => {
  const { policy } = load(
    'version: 1\ndefaults: { regression: { lost: allow, release_line: major }, cooldown: { min_age: 2d } }\nprojects: [{ match: pkg, publishers: [{ kind: google, email: a@b.example }], regression: { partial: allow } }]',
  )
  t.match(policy.ruleFor(parseProjectName('pkg')), {
    regression: { lost: 'allow', partial: 'allow', addedLate: 'deny', releaseLine: 'major' },
    cooldown: { minAge: 172_800_000 },
  })
})

t.test('a project without a rule', async t => {
  const strangers = (defaults: string) =>
    load(`version: 1\ndefaults: { ${defaults} }\nprojects: [{ match: pkg, deny: no }]`).policy.ruleFor(
      parseProjectName('other'),
    )
  t.equal(strangers('attestation: when-seen'), undefined, 'is denied unless the policy says otherwise')
  t.match(strangers('attestation: when-seen, unmatched: apply-defaults'), { ref: { id: 'defaults' } })
  t.equal(
    strangers('attestation: required, unmatched: apply-defaults'),
    undefined,
    'required needs somebody to require it of',
  )
  t.match(
    strangers('identity: first-seen, unmatched: apply-defaults'),
    { identity: 'first-seen' },
    'such as the first seen',
  )
})

t.test('the digest of a policy with custom publishers covers their roots', async t => {
  const text =
    'version: 1\nprojects: [{ match: pkg, publishers: [{ kind: custom, issuer: https://a.example, san: x, trusted_root: r.json }] }]'
  const one = load(text, () => ROOT).policy.digest
  t.equal(load(text, () => ROOT).policy.digest, one)
  t.not(load(text, () => ({ digest: sha256Of('other'), json: '{}' })).policy.digest, one)
  t.equal(
    load('version: 1\nprojects: [{ match: a, deny: b }]').policy.digest,
    sha256Of('version: 1\nprojects: [{ match: a, deny: b }]'),
  )
})

t.test('mode and limits stand in one file of several; revocations and tests add up', async t => {
  const files = (...texts: readonly string[]) =>
    loadPolicy(
      texts.map((text, index) => ({ path: `${index}.yaml`, text: `version: 1\n${text}` })),
      NOW,
      noRoots,
    )
  const told = (...texts: readonly string[]) => {
    const loaded = files(...texts)
    return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
  }
  const rule = 'projects: [{ match: pkg, deny: no }]'
  t.match(told(`mode: audit\n${rule}`, 'mode: enforce'), ['1.yaml:2:1 mode: "mode" stands in 0.yaml:2 already'])
  t.match(told(`limits: {}\n${rule}`, 'limits: {}'), ['1.yaml:2:1 limits: "limits" stands in 0.yaml:2 already'])
  const revocations = (version: string) => `revocations: [{ project: pkg, versions: "==${version}", reason: r }]`
  const test = 'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: { refused: revoked } }]'
  const loaded = files(
    `${rule}\n${revocations('1.0')}\n${test}`,
    `${revocations('2.0')}\n${test.replace('1.0', '2.0')}`,
  )
  t.match('policy' in loaded && loaded.contents, { revocations: { length: 2 }, tests: { length: 2 } })
})

t.test('the tests of a policy are decided as the gate decides', async t => {
  const outcomes = (tests: string, mode = 'enforce') =>
    load(
      [
        'version: 1',
        `mode: ${mode}`,
        'publishers:',
        '  acme: { kind: github, repository: acme/pkg, workflow: release.yml, repository_id: "1", owner_id: "2", environment: pypi }',
        '  star: { kind: github, repository: "acme/*", workflow: "*", owner_id: "2", ref: "refs/tags/v*" }',
        '  lab: { kind: gitlab, project: acme/lab, config: .gitlab-ci.yml }',
        '  signed: { kind: github, repository: acme/pkg, workflow: ci.yml, signer: { workflow: acme/ci/.github/workflows/p.yml, ref: "refs/tags/v*" } }',
        '  built: { kind: github, repository: acme/b, workflow: release.yml }',
        '  circle: { kind: circleci, project_id: b1b1b1b1-1111-4222-8333-444444444444, pipeline_definition_id: c2c2c2c2-1111-4222-8333-444444444444, organization_id: a0a0a0a0-1111-4222-8333-444444444444, vcs_origin: github.com/acme/pkg, ref: refs/tags/* }',
        'projects:',
        '  - { match: pkg, publishers: [acme, star, lab, signed, circle], cooldown: { min_age: 1d }, yanked: deny }',
        '  - { match: ratchet, attestation: when-seen, identity: first-seen }',
        '  - { match: built, publishers: [built], slsa: { builders: [{ workflow: acme/ci/.github/workflows/b.yml, ref: "refs/tags/v*" }] } }',
        'tests:',
        ...tests.split('\n').map(test => `  - ${test}`),
      ].join('\n'),
    ).tests.length
  const old = 'uploaded: 2026-01-01T00:00:00Z'
  t.equal(
    outcomes(`{ given: { file: pkg-1.0.tar.gz, attested_by: acme, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: star, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: lab, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: signed, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: circle, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: { kind: circleci, project_id: b1b1b1b1-1111-4222-8333-444444444444, pipeline_definition_id: c2c2c2c2-1111-4222-8333-444444444445 }, ${old} }, expect: { refused: publisher-mismatch } }
{ given: { file: pkg-1.0.tar.gz, attested_by: { kind: github, repository: acme/pkg, workflow: other.yml }, ${old} }, expect: { refused: publisher-mismatch } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme }, expect: { refused: upload-time-missing } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, uploaded: 2026-11-24T00:00:00Z }, expect: { refused: too-new } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, uploaded: 2026-11-24T00:00:00Z, at: 2026-11-25T00:00:00Z }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, ${old}, yanked: true }, expect: { refused: yanked } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, ${old}, status: quarantined }, expect: { refused: project-quarantined } }
{ given: { file: other-1.0.tar.gz }, expect: { refused: no-rule } }
{ given: { file: ratchet-2.0.tar.gz }, expect: admitted }
{ given: { file: ratchet-2.0.tar.gz, attested_before: [ratchet-1.0.tar.gz] }, expect: { refused: provenance-lost } }
{ given: { file: ratchet-2.0.tar.gz, attested_by: acme, first_signed_by: acme }, expect: admitted }
{ given: { file: ratchet-2.0.tar.gz, attested_by: lab, first_signed_by: acme }, expect: { refused: publisher-changed } }
{ given: { file: built-1.0.tar.gz, attested_by: built }, expect: { refused: builder-not-trusted } }
{ given: { file: built-1.0.tar.gz, attested_by: built, built_by: { workflow: acme/ci/.github/workflows/b.yml, ref: refs/tags/v1 } }, expect: admitted }`),
    19,
  )
  t.equal(
    outcomes('{ given: { file: other-1.0.tar.gz }, expect: { refused: no-rule } }', 'audit'),
    1,
    'in audit mode too: a test says what the policy means',
  )
})

t.test('what has no effect, or more than one might think, is warned about', async t => {
  const warned = (rule: string) => load(`version: 1\nprojects:\n  - { match: pkg, ${rule} }`).policy.warnings
  const by = 'publishers: [{ kind: google, email: a@b.example }]'
  t.match(warned(`${by}, identity: first-seen`), [/projects\[0\]\.identity: has no effect/])
  t.match(warned('attestation: when-seen'), [/anybody’s attestation passes: add publishers, or identity: first-seen/])
  t.strictSame(warned('attestation: when-seen, identity: first-seen'), [])
  t.match(
    warned(
      `${by}, attestation: optional, slsa: { builders: [{ workflow: a/b/.github/workflows/c.yml, ref: refs/heads/x }] }`,
    ),
    [/slsa: is not asked of unattested files/],
  )
})
