import t from 'tap'
import { instant } from '../../src/domain/base/instant.ts'
import { REFUSALS, type RefusalCode } from '../../src/domain/base/refusal.ts'
import { decide, identityOfVerdict, needsFinding, waivesAttestation } from '../../src/domain/decide/decide.ts'
import { Admitted, type Refused } from '../../src/domain/decide/verdict.ts'
import type { Finding } from '../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../src/domain/memory/history.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../src/domain/policy/policy.ts'
import { CIRCLECI, circleciClaims, claimsBuiltBy, githubClaims, googleClaims } from '../world/claims.ts'
import { attested, bundle, listed, NOW, policyOf, UNASKED, UNATTESTED } from '../world/judging.ts'

const PUBLISHER = '{ kind: github, repository: acme/pkg, workflow: release.yml, repository_id: "111", owner_id: "222" }'
const RULE = `{ match: pkg, publishers: [${PUBLISHER}] }`
const SHA = listed().sha256
const EVIL = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
})
const STRANGER = bundle({ claims: EVIL, object: { repository: 'evil/pkg' } })

function policy(rule = RULE, ...more: readonly string[]): Policy {
  return policyOf(['version: 1', 'projects:', `  - ${rule}`, ...more].join('\n'))
}

function exemption(
  waive: string,
  changes: { readonly expires?: string; readonly sha256?: string; readonly versions?: string } = {},
): string {
  const { expires = '2027-03-31', sha256 = SHA, versions = '==1.0.0' } = changes
  return `exemptions: [{ id: EX-7, project: pkg, versions: "${versions}", waive: [${waive}], files: { pkg-1.0.0.tar.gz: "sha256:${sha256}" }, reason: old, owner: platform@acme.example, expires: ${expires} }]`
}

function refused(artifact: Artifact, finding: Finding, under: Policy): Refused {
  const verdict = decide(artifact, finding, under, NO_HISTORY, NOW)
  if (verdict.kind === 'admitted') throw new TypeError('admitted')
  return verdict
}

interface Case {
  readonly when: string
  readonly code: RefusalCode
  readonly artifact?: Artifact
  readonly finding?: Finding
  readonly policy?: Policy
  readonly detail: RegExp
}

t.test('the control: attested by the publisher of the rule', async t => {
  const verdict = decide(listed(), attested(), policy(), NO_HISTORY, NOW)
  t.ok(Admitted.is(verdict))
  t.match(verdict, {
    kind: 'admitted',
    facts: {
      by: 'attestation',
      restsOnAttestation: true,
      rule: { id: 'projects[0] pkg', file: 'policy.yaml', line: 3 },
    },
  })
  t.match(identityOfVerdict(verdict), { repository: 'acme/pkg', workflow: 'release.yml', ref: 'refs/tags/v1.0.0' })
  t.match(verdict.kind === 'admitted' && verdict.facts.policyDigest, /^[0-9a-f]{64}$/)
})

const CASES: readonly Case[] = [
  {
    when: 'it has no attestation',
    code: 'unattested',
    finding: UNATTESTED,
    detail: /no attestation, and projects\[0\] pkg requires one/,
  },
  ...(
    ['provenance-malformed', 'signature-invalid', 'subject-mismatch', 'digest-mismatch', 'metadata-mismatch'] as const
  ).map(
    (code): Case => ({
      when: `verification says ${code}`,
      code,
      finding: { kind: 'invalid', why: code, detail: `because of ${code}` },
      detail: new RegExp(code),
    }),
  ),
  {
    when: 'the publisher kind is unknown',
    code: 'publisher-unknown',
    finding: attested(bundle({ object: { kind: 'ActiveState' } })),
    detail: /"ActiveState", which is not known here/,
  },
  {
    when: 'the publisher kind is unknown and anybody may sign',
    code: 'publisher-unknown',
    finding: attested(bundle({ object: { kind: 'ActiveState' } })),
    policy: policy('{ match: pkg, attestation: optional }'),
    detail: /ActiveState/,
  },
  {
    when: 'the publisher kind is unknown and the first signer is taken',
    code: 'publisher-unknown',
    finding: attested(bundle({ object: { kind: 'ActiveState' } })),
    policy: policy('{ match: pkg, identity: first-seen }'),
    detail: /ActiveState/,
  },
  {
    when: 'the predicate cannot be compared and the rule asks for SLSA',
    code: 'predicate-mismatch',
    finding: attested(bundle({ facts: [{ predicateType: 'slsa-provenance/v1', uncompared: 'the build type' }] })),
    policy: policy(
      `{ match: pkg, publishers: [${PUBLISHER}], slsa: { builders: [{ workflow: acme/pkg/.github/workflows/release.yml, ref: "refs/tags/*" }] } }`,
    ),
    detail: /demands SLSA provenance, and its predicate cannot be held against the certificate: the build type/,
  },
  {
    when: 'the publisher object names another repository',
    code: 'publisher-object-mismatch',
    finding: attested(bundle({ object: { repository: 'evil/pkg' } })),
    detail: /GitHub evil\/pkg release\.yml/,
  },
  {
    when: 'the publisher object lies to match the rule',
    code: 'publisher-object-mismatch',
    finding: attested(bundle({ claims: googleClaims('jku@goto.example') })),
    detail: /jku@goto\.example/,
  },
  {
    when: 'somebody else signed',
    code: 'publisher-mismatch',
    finding: attested(STRANGER),
    detail:
      /source repository \(\.12\) should be "https:\/\/github\.com\/acme\/pkg", found "https:\/\/github\.com\/evil\/pkg"/,
  },
  {
    when: 'one attestation of the bundle is by somebody else',
    code: 'publisher-mismatch',
    finding: attested(
      bundle({
        facts: [{}, { predicateType: 'slsa-provenance/v1', claims: githubClaims({ sourceRepositoryId: '9' }) }],
      }),
    ),
    detail: /repository id/,
  },
  {
    when: 'the predicate type is unknown',
    code: 'predicate-not-allowed',
    finding: attested(bundle({ facts: [{ predicateType: { unknown: 'https://evil.example/v1' } }] })),
    detail: /evil\.example/,
  },
  {
    when: 'one of two predicate types is unknown',
    code: 'predicate-not-allowed',
    finding: attested(bundle({ facts: [{}, { predicateType: { unknown: 'x' } }] })),
    detail: /"x"/,
  },
  {
    when: 'the predicate type is not allowed',
    code: 'predicate-not-allowed',
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], predicates: { allow: [slsa-provenance/v1] } }`),
    detail: /allows slsa-provenance\/v1/,
  },
  {
    when: 'a required predicate type is missing',
    code: 'predicate-not-allowed',
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], predicates: { require: [slsa-provenance/v1] } }`),
    detail: /requires an attestation with the predicate type slsa-provenance\/v1/,
  },
  {
    when: 'the predicate contradicts the certificate',
    code: 'predicate-mismatch',
    finding: attested(bundle({ facts: [{ predicateType: 'slsa-provenance/v1', contradiction: 'builder.id' }] })),
    detail: /builder\.id/,
  },
  {
    when: 'it is yanked and the rule denies that',
    code: 'yanked',
    artifact: listed(undefined, { yanked: 'broken' }),
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`),
    detail: /"broken"/,
  },
  {
    when: 'it is yanked without a reason',
    code: 'yanked',
    artifact: listed(undefined, { yanked: '' }),
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`),
    detail: /has yanked it/,
  },
  {
    when: 'its project is archived and the rule denies that',
    code: 'project-status',
    artifact: listed(undefined, { status: 'archived' }),
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], status: { archived: deny } }`),
    detail: /archived/,
  },
  {
    when: 'its project is deprecated and the rule denies that',
    code: 'project-status',
    artifact: listed(undefined, { status: 'deprecated' }),
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], status: { deprecated: deny } }`),
    detail: /deprecated/,
  },
  {
    when: 'its project is quarantined',
    code: 'project-quarantined',
    artifact: listed(undefined, { status: 'quarantined' }),
    detail: /quarantined pkg/,
  },
  {
    when: 'no rule names its project',
    code: 'no-rule',
    artifact: listed('other-1.0.tar.gz'),
    detail: /No rule of the policy names other/,
  },
  {
    when: 'no rule names its project and apply-defaults requires',
    code: 'no-rule',
    artifact: listed('other-1.0.tar.gz'),
    policy: policy(RULE, 'defaults: { unmatched: apply-defaults, attestation: required }'),
    detail: /No rule/,
  },
  {
    when: 'the rule denies',
    code: 'rule-denies',
    policy: policy('{ match: pkg, deny: "typosquat, SEC-99" }'),
    detail: /typosquat, SEC-99/,
  },
  {
    when: 'its exemption has ended',
    code: 'exemption-expired',
    finding: UNATTESTED,
    policy: policy(RULE, exemption('attestation', { expires: '2026-11-23' })),
    detail: /EX-7 .*ended at 2026-11-24T00:00:00\.000Z/,
  },
  {
    when: 'optional, but somebody else signed',
    code: 'publisher-mismatch',
    finding: attested(STRANGER),
    policy: policy(`{ match: pkg, attestation: optional, publishers: [${PUBLISHER}] }`),
    detail: /evil/,
  },
  {
    when: 'optional, but the publisher object lies',
    code: 'publisher-object-mismatch',
    finding: attested(bundle({ object: { repository: 'evil/pkg' } })),
    policy: policy('{ match: pkg, attestation: optional }'),
    detail: /evil/,
  },
  {
    when: 'optional, but the attestation fails',
    code: 'signature-invalid',
    finding: { kind: 'invalid', why: 'signature-invalid', detail: 'no' },
    policy: policy('{ match: pkg, attestation: optional }'),
    detail: /no/,
  },
  {
    when: 'the rule has no publisher, only an exemption for other bytes',
    code: 'publisher-mismatch',
    policy: policy('{ match: pkg }', exemption('attestation', { sha256: '0'.repeat(64) })),
    detail: /names no publisher/,
  },
]

t.test('a file is refused when', async t => {
  for (const { when, code, artifact = listed(), finding = attested(), policy: under = policy(), detail } of CASES) {
    const verdict = refused(artifact, finding, under)
    t.match(verdict, { kind: 'refused', code, detail }, when)
    t.ok(
      verdict.steps.some(({ mark }) => mark === 'fail'),
      'and a step says so',
    )
    t.equal(verdict.admitWith === undefined, REFUSALS[code].hard, 'with YAML that would admit it unless it is hard')
  }
  const elsewhere: readonly RefusalCode[] = ['digest-missing', 'file-unsupported', 'too-large']
  const ofHistory: readonly RefusalCode[] = [
    'publisher-changed',
    'provenance-lost',
    'provenance-partial',
    'added-late',
    'too-new',
    'upload-time-missing',
    'builder-not-trusted',
    'revoked',
  ]
  const covered = new Set<string>([...CASES.map(({ code }) => code), ...elsewhere, ...ofHistory])
  t.strictSame(
    Object.keys(REFUSALS).filter(code => !covered.has(code)),
    [],
    'every code is covered, or made where the index is read',
  )
})

t.test('the YAML of a refusal admits the file when it is added', async t => {
  const added: readonly (readonly [string, Artifact, Finding, Policy, (snippet: string) => Policy])[] = [
    ['unattested', listed(), UNATTESTED, policy(), snippet => policy(RULE, snippet)],
    [
      'yanked and unattested',
      listed(undefined, { yanked: true }),
      UNATTESTED,
      policy(`{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`),
      snippet => policy(`{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`, snippet),
    ],
    [
      'a predicate',
      listed(),
      attested(bundle({ facts: [{ predicateType: { unknown: 'x' } }] })),
      policy(),
      snippet => policy(RULE, snippet),
    ],
    [
      'no rule, attested',
      listed(),
      attested(),
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'no rule, unattested',
      listed(),
      UNATTESTED,
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'no rule, unasked',
      listed(),
      UNASKED,
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'somebody else',
      listed(),
      attested(STRANGER),
      policy(),
      snippet => policyOf(`version: 1\nprojects:\n  - match: pkg\n${snippet.replace(/^/gm, '    ')}`),
    ],
    [
      'an address',
      listed(),
      attested(
        bundle({
          claims: googleClaims('a@b.example'),
          object: { kind: 'Google', repository: undefined, workflow: undefined, email: 'a@b.example' },
        }),
      ),
      policy(),
      snippet => policyOf(`version: 1\nprojects:\n  - match: pkg\n${snippet.replace(/^/gm, '    ')}`),
    ],
    ...[githubClaims(), googleClaims('a@b.example')].flatMap(
      (claims): readonly (readonly [string, Artifact, Finding, Policy, (snippet: string) => Policy])[] => {
        const unknown = attested(bundle({ claims, object: { kind: 'ActiveState' } }))
        const nobody = policyOf('version: 1\nprojects: [{ match: x, deny: y }]')
        return [
          ['an unknown kind', listed(), unknown, policy(), snippet => policy(RULE, snippet)],
          ['no rule, an unknown kind', listed(), unknown, nobody, snippet => policyOf(`version: 1\n${snippet}`)],
        ]
      },
    ),
    [
      'no rule, an unknown kind beside one that is known',
      listed(),
      attested(bundle({ object: { kind: 'Auditor' } }), bundle()),
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'CircleCI',
      listed(),
      attested(
        bundle({
          claims: circleciClaims(),
          object: { kind: 'CircleCI', repository: undefined, workflow: CIRCLECI.definition },
        }),
      ),
      policy(),
      snippet => policyOf(`version: 1\nprojects:\n  - match: pkg\n${snippet.replace(/^/gm, '    ')}`),
    ],
    [
      'ended',
      listed(),
      UNATTESTED,
      policy(RULE, exemption('attestation', { expires: '2026-01-01' })),
      snippet => policy(RULE, snippet),
    ],
  ]
  for (const [what, artifact, finding, before, after] of added) {
    const { admitWith = '' } = refused(artifact, finding, before)
    const filled = admitWith.replace('say why this file may pass', 'old').replace('say who answers for it', 'me')
    if (filled !== admitWith)
      t.throws(() => after(admitWith), /words of the template/, `${what}: somebody has to answer`)
    t.equal(decide(artifact, finding, after(filled), NO_HISTORY, NOW).kind, 'admitted', `${what}:\n${admitWith}`)
  }
})

t.test('several bundles', async t => {
  const ours = bundle()
  for (const bundles of [
    [ours, STRANGER],
    [STRANGER, ours],
    [bundle({ object: { kind: 'Auditor' } }), ours],
    [ours, bundle({ object: { repository: 'evil/pkg' } })],
  ])
    t.match(
      decide(listed(), attested(...bundles), policy(), NO_HISTORY, NOW),
      { kind: 'admitted', facts: { identity: { repository: 'acme/pkg' } } },
      'one that passes wholly admits, whatever the order',
    )
  t.match(
    refused(listed(), attested(STRANGER, bundle({ object: { kind: 'Auditor' } })), policy()),
    { code: 'publisher-mismatch' },
    'none that passes refuses',
  )
  const half = bundle({ facts: [{}, { predicateType: 'slsa-provenance/v1', contradiction: 'invocationId' }] })
  t.match(
    refused(listed(), attested(STRANGER, half), policy()),
    { code: 'predicate-mismatch' },
    'ours tells more than a stranger’s',
  )
  const steps = decide(listed(), attested(STRANGER, ours), policy(), NO_HISTORY, NOW)
  t.ok(
    steps.kind === 'admitted' &&
      steps.facts.steps.some(({ mark, check }) => mark === 'skip' && check.startsWith('bundle 1')),
    'the others are told of',
  )
})

t.test('optional', async t => {
  const open = policy('{ match: pkg, attestation: optional }')
  t.match(
    decide(listed(), UNATTESTED, open, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'optional', restsOnAttestation: false } },
    'lets an unattested file pass',
  )
  t.match(
    decide(listed(), attested(STRANGER), open, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'attestation', restsOnAttestation: true, identity: { repository: 'evil/pkg' } } },
    'and an attestation under the identity it proves',
  )
  t.match(
    decide(
      listed('other-1.0.tar.gz'),
      UNATTESTED,
      policy(RULE, 'defaults: { attestation: optional, unmatched: apply-defaults }'),
      NO_HISTORY,
      NOW,
    ),
    { kind: 'admitted', facts: { rule: { id: 'defaults' } } },
    'for everybody under apply-defaults',
  )
  t.throws(
    () => decide(listed(), UNASKED, open, NO_HISTORY, NOW),
    { code: 'unknown-upstream' },
    'but never a file that nobody asked about',
  )
})

t.test('an exemption', async t => {
  const exempted = policy(RULE, exemption('attestation'))
  t.match(
    decide(listed(), UNATTESTED, exempted, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: false, rule: { id: 'exemption EX-7' } } },
    'admits what it waives',
  )
  t.match(
    decide(listed(), UNASKED, exempted, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'exemption' } },
    'also when provenance cannot be fetched',
  )
  t.match(
    decide(listed(), attested(), exempted, NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'attestation' } },
    'is not leant on where it is not needed',
  )
  t.match(
    refused(listed(), { kind: 'invalid', why: 'signature-invalid', detail: 'x' }, exempted),
    { code: 'signature-invalid' },
    'never helps against provenance that fails',
  )
  t.match(refused(listed(), attested(STRANGER), exempted), { code: 'publisher-mismatch' }, 'waives nothing else')
  t.match(
    decide(listed(), attested(STRANGER), policy(RULE, exemption('identity')), NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: true } },
    'may waive the identity',
  )
  t.match(
    refused(
      listed(),
      attested(bundle({ object: { repository: 'evil/pkg' } })),
      policy(RULE, exemption('identity, predicate, attestation, yanked, status')),
    ),
    { code: 'publisher-object-mismatch' },
    'never a lying publisher object',
  )
  t.match(
    refused(listed(undefined, { status: 'quarantined' }), UNATTESTED, policy(RULE, exemption('status, attestation'))),
    { code: 'project-quarantined' },
    'never quarantine',
  )
  t.match(
    refused(
      listed(),
      UNATTESTED,
      policy(`{ match: pkg, deny: no, publishers: [${PUBLISHER}] }`, exemption('attestation')),
    ),
    { code: 'rule-denies' },
    'never a rule that denies',
  )
  t.match(
    refused(listed(undefined, { sha256: listed('pkg-2.0.tar.gz').sha256 }), UNATTESTED, exempted),
    { code: 'unattested' },
    'holds for no other bytes',
  )
  t.match(
    refused(listed('pkg-1.0.0.zip', { sha256: SHA }), UNATTESTED, exempted),
    { code: 'unattested' },
    'holds for no other name',
  )
  t.throws(
    () => decide(listed('pkg-1.0.0.zip', { sha256: SHA }), UNASKED, exempted, NO_HISTORY, NOW),
    { code: 'unknown-upstream' },
    'nor does unknown become yes there',
  )
})

t.test('a publisher of a kind that nobody knows', async t => {
  const unknown = attested(bundle({ object: { kind: 'ActiveState' } }))
  const waived = (finding: Finding, changes: Parameters<typeof exemption>[1] = {}) =>
    decide(listed(), finding, policy(RULE, exemption('identity', changes)), NO_HISTORY, NOW)
  t.match(waived(unknown), { kind: 'admitted', facts: { by: 'exemption', restsOnAttestation: true } }, 'may be pinned')
  t.match(waived(unknown, { sha256: '0'.repeat(64) }), { code: 'publisher-unknown' }, 'by exactly its bytes')
  t.match(
    refused(listed(), unknown, policy(RULE, exemption('attestation, predicate, slsa'))),
    { code: 'publisher-unknown' },
    'in the one word that waives it',
  )
  const object = { kind: 'ActiveState' }
  t.match(
    waived(attested(bundle({ object, facts: [{ contradiction: 'the predicate' }] }))),
    { code: 'predicate-mismatch' },
    'and everything else is looked at as ever',
  )
  t.match(
    waived(attested(bundle({ object, facts: [{ predicateType: { unknown: 'x' } }] }))),
    { code: 'predicate-not-allowed' },
    'its predicate too',
  )
  const inHouse = bundle({ object, facts: [{ root: SHA }] })
  t.match(waived(attested(inHouse)), { code: 'signature-invalid' }, 'never what another authority vouches for')
  t.match(
    decide(listed(), unknown, policyOf(`version: 1\nmode: audit\nprojects:\n  - ${RULE}`), NO_HISTORY, NOW),
    { kind: 'admitted', facts: { by: 'audit', wouldRefuse: { code: 'publisher-unknown' } } },
    'is told where the policy only watches',
  )
})

t.test('what a predicate leaves unsaid matters where somebody asks', async t => {
  const finding = attested(
    bundle({ facts: [{}, { predicateType: 'slsa-provenance/v1', uncompared: 'the build type' }] }),
  )
  const verdict = decide(listed(), finding, policy(), NO_HISTORY, NOW)
  t.equal(verdict.kind, 'admitted')
  t.ok(
    verdict.kind === 'admitted' &&
      verdict.facts.steps.some(({ mark, found }) => mark === 'pass' && found?.includes('the build type')),
    'and it is told',
  )
})

t.test('an exemption that has ended', async t => {
  const ended = policy(RULE, exemption('attestation', { expires: '2026-11-24T12:00:00Z' }))
  t.match(refused(listed(), UNATTESTED, ended), { code: 'exemption-expired' }, 'ends at its very moment')
  t.equal(decide(listed(), UNATTESTED, ended, NO_HISTORY, instant(NOW - 1)).kind, 'admitted', 'and not before')
  t.match(
    refused(listed(), attested(STRANGER), ended),
    { code: 'publisher-mismatch' },
    'does not rename what it never waived',
  )
  t.equal(
    decide(listed(), attested(), ended, NO_HISTORY, NOW).kind,
    'admitted',
    'takes nothing from a file that needs no exemption',
  )
  t.throws(
    () => decide(listed(), UNASKED, ended, NO_HISTORY, NOW),
    { code: 'unknown-upstream' },
    'does not turn unknown into no',
  )
  t.equal(waivesAttestation(listed(), ended, NOW), false)
})

t.test('what needs no provenance', async t => {
  t.equal(needsFinding(listed(), policy(), NO_HISTORY, NOW), true)
  t.equal(needsFinding(listed(undefined, { status: 'quarantined' }), policy(), NO_HISTORY, NOW), false, 'quarantine')
  t.equal(needsFinding(listed('other-1.0.tar.gz'), policy(), NO_HISTORY, NOW), false, 'no rule')
  t.equal(needsFinding(listed(), policy('{ match: pkg, deny: no }'), NO_HISTORY, NOW), false, 'deny')
  const strict = `{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`
  t.equal(
    needsFinding(listed(undefined, { yanked: true }), policy(strict), NO_HISTORY, NOW),
    false,
    'yanked where denied',
  )
  t.equal(
    needsFinding(listed(undefined, { yanked: true }), policy(strict, exemption('yanked')), NO_HISTORY, NOW),
    true,
    'unless that is waived',
  )
  t.match(
    refused(listed(undefined, { yanked: true }), UNASKED, policy(strict)),
    { code: 'yanked' },
    'is refused unasked',
  )
  t.equal(waivesAttestation(listed(), policy(RULE, exemption('attestation')), NOW), true)
  t.equal(waivesAttestation(listed(), policy(RULE, exemption('identity')), NOW), false)
  t.equal(
    waivesAttestation(
      listed(undefined, { sha256: listed('x-1.zip').sha256 }),
      policy(RULE, exemption('attestation')),
      NOW,
    ),
    false,
  )
})

t.test('which rule decides', async t => {
  const three = policyOf(`version: 1
defaults: { yanked: deny }
projects:
  - { match: "acme-*", deny: wide }
  - { match: "acme-cloud-*", deny: longer }
  - { match: Acme_Cloud.X, publishers: [${PUBLISHER}] }
`)
  const ruleOf = (filename: string) => three.ruleFor(listed(filename).project)
  t.match(
    ruleOf('acme_cloud_x-1.0.tar.gz'),
    { ref: { line: 6 }, match: 'acme-cloud-x', yanked: 'deny' },
    'the exact name, and it inherits',
  )
  t.match(ruleOf('acme_cloud_y-1.0.tar.gz'), { deny: 'longer' }, 'else the glob with the longest literal prefix')
  t.match(ruleOf('acme_y-1.0.tar.gz'), { deny: 'wide' })
  t.equal(ruleOf('other-1.0.tar.gz'), undefined)
})
