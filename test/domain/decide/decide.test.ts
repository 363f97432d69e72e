import t from 'tap'
import { REFUSALS, type RefusalCode } from '../../../src/domain/base/refusal.ts'
import {
  decide,
  identityOfVerdict,
  needsFinding,
  outlook,
  waivesAttestation,
} from '../../../src/domain/decide/decide.ts'
import { Admitted } from '../../../src/domain/decide/verdict.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { githubClaims, googleClaims } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, UNASKED, UNATTESTED } from '../../world/judging/judging.ts'
import { exemption, PUBLISHER, policy, RULE, refused, STRANGER } from './acme-policy.ts'

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
    [
      'provenance-malformed',
      'signature-invalid',
      'subject-mismatch',
      'digest-mismatch',
      'metadata-mismatch',
      'metadata-unreadable',
    ] as const
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
    when: 'its name is like one of ours and the rule denies that',
    code: 'confusable',
    artifact: listed(undefined, { lookalike: 'pkgs' }),
    policy: policy(`{ match: pkg, publishers: [${PUBLISHER}], confusable: deny }`),
    detail: /could be taken for pkgs/,
  },
  {
    when: 'its name is like one of ours, whatever it is refused for',
    code: 'publisher-mismatch',
    artifact: listed(undefined, { lookalike: 'pkgs' }),
    finding: attested(STRANGER),
    detail: /The name pkg could be taken for pkgs, which another source owns\.$/,
  },
  {
    when: 'its name is like one of ours and no rule names it',
    code: 'no-rule',
    artifact: listed('other-1.0.tar.gz', { lookalike: 'others' }),
    detail: /No rule of the policy names other.*The name other could be taken for others, which another source owns\.$/,
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
  const elsewhere: readonly RefusalCode[] = ['digest-missing', 'file-unsupported', 'too-large', 'source-changed']
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

t.test('what is foreseen of a file is the refusal that it will have, in the words that name it', async t => {
  for (const { when, artifact = listed(), finding = attested(), policy: under = policy() } of CASES) {
    const known = { anyhow: () => finding, found: () => finding }
    const { code, file, rule, detail, policyDigest } = refused(artifact, finding, under)
    const words = { code, file, rule, detail, policyDigest }
    t.strictSame(outlook(artifact, known, under, NO_HISTORY, NOW), words, when)
  }
  const known = { anyhow: () => UNATTESTED, found: () => attested() }
  t.equal(outlook(listed(), known, policy(), NO_HISTORY, NOW), 'admitted')
  const unknown = { anyhow: () => UNATTESTED, found: () => undefined }
  t.equal(outlook(listed(), unknown, policy(), NO_HISTORY, NOW), undefined, 'nobody looked yet')
  const denied = outlook(listed(), unknown, policy('{ match: pkg, deny: no }'), NO_HISTORY, NOW)
  t.match(denied, { code: 'rule-denies' }, 'nobody needs to look')
  const stranger = listed('other-1.0.tar.gz')
  t.match(outlook(stranger, unknown, policy(), NO_HISTORY, NOW), { code: 'no-rule' })
  const forged = { ...unknown, anyhow: () => ({ kind: 'invalid', why: 'digest-mismatch', detail: 'x' }) as const }
  t.match(outlook(stranger, forged, policy(), NO_HISTORY, NOW), { code: 'digest-mismatch' }, 'it is known already')
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
