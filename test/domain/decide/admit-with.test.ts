import t from 'tap'
import { instant, type Millis, millis } from '../../../src/domain/base/instant.ts'
import { REFUSALS, type RefusalCode } from '../../../src/domain/base/refusal.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { remedyFor, renewedRefusal, whyNothingAdmits } from '../../../src/domain/decide/admit-with.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { type History, NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { CIRCLECI, circleciClaims, githubClaims, googleClaims } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, UNASKED, UNATTESTED } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { exemption, PUBLISHER, STRANGER } from './acme-policy.ts'
import { after, ago, BY_MOVED, proved, seen } from './seen-before.ts'

interface Case {
  readonly code: RefusalCode
  readonly when?: string
  readonly artifact?: Artifact
  readonly finding?: Finding
  /** of the rule for `pkg`; `none` names it */
  readonly rule?: string
  readonly more?: string
  readonly history?: History
}

const OURS = `publishers: [${PUBLISHER}]`
const STRICT = 'yanked: deny, cooldown: { min_age: 7d }, status: { archived: deny }'
const LAX = 'defaults: { attestation: optional, identity: first-seen, yanked: allow }'
const NO_RULE = { code: 'no-rule', rule: 'none' } as const
const UNKNOWN_KINDS = [githubClaims(), googleClaims('a@b.example')].map(claims =>
  attested(bundle({ claims, object: { kind: 'ActiveState' } })),
)

/** What an exemption can overcome. */
const SOFT: readonly Case[] = [
  { code: 'unattested', finding: UNATTESTED },
  {
    code: 'unattested',
    when: 'exemptions have a longest life',
    finding: UNATTESTED,
    more: 'limits: { exemption_max: 90d }',
  },
  { code: 'publisher-mismatch', finding: attested(STRANGER) },
  {
    code: 'publisher-mismatch',
    when: 'the rule names nobody',
    rule: '',
    more: exemption('yanked', { versions: '==1' }),
  },
  {
    code: 'publisher-mismatch',
    when: 'a service account signed',
    finding: attested(
      bundle({
        claims: googleClaims('a@b.example'),
        object: { kind: 'Google', repository: undefined, workflow: undefined, email: 'a@b.example' },
      }),
    ),
  },
  {
    code: 'publisher-mismatch',
    when: 'a pipeline of CircleCI signed',
    finding: attested(
      bundle({
        claims: circleciClaims(),
        object: { kind: 'CircleCI', repository: undefined, workflow: CIRCLECI.definition },
      }),
    ),
  },
  { code: 'publisher-changed', finding: BY_MOVED, rule: 'identity: first-seen', history: after(proved('0.9')) },
  ...UNKNOWN_KINDS.map((finding): Case => ({ code: 'publisher-unknown', finding })),
  {
    code: 'predicate-not-allowed',
    finding: attested(bundle({ facts: [{ predicateType: { unknown: 'x' } }] })),
  },
  {
    code: 'builder-not-trusted',
    rule: `${OURS}, slsa: { builders: [{ workflow: acme/b/.github/workflows/b.yml, ref: "refs/tags/*" }] }`,
  },
  {
    code: 'provenance-lost',
    finding: UNATTESTED,
    rule: 'attestation: when-seen',
    history: after(proved('0.9')),
  },
  {
    code: 'provenance-partial',
    finding: UNATTESTED,
    rule: 'attestation: when-seen',
    history: after({ ...proved('1.0.0'), filename: 'pkg-1.0.0-py3-none-any.whl' }),
  },
  {
    code: 'added-late',
    artifact: listed(undefined, { uploaded: ago(1) }),
    history: after(seen('1.0.0', { filename: 'pkg-1.0.0-py3-none-any.whl', uploaded: ago(60), firstSeen: ago(60) })),
  },
  { code: 'too-new', artifact: listed(undefined, { uploaded: ago(1) }), rule: `${OURS}, cooldown: { min_age: 7d }` },
  { code: 'upload-time-missing', rule: `${OURS}, cooldown: { min_age: 7d }` },
  { code: 'yanked', artifact: listed(undefined, { yanked: true }), rule: `${OURS}, yanked: deny` },
  { code: 'source-changed', artifact: listed(undefined, { belongsTo: 'acme' as SourceName }) },
  { code: 'confusable', artifact: listed(undefined, { lookalike: 'pkgs' }), rule: `${OURS}, confusable: deny` },
  {
    code: 'yanked',
    when: 'nobody signed it either',
    artifact: listed(undefined, { yanked: true }),
    finding: UNATTESTED,
    rule: `${OURS}, yanked: deny`,
  },
  {
    code: 'project-status',
    artifact: listed(undefined, { status: 'archived' }),
    rule: `${OURS}, status: { archived: deny }`,
  },
  { ...NO_RULE, when: 'it is attested' },
  { ...NO_RULE, when: 'it is not attested', finding: UNATTESTED },
  { ...NO_RULE, when: 'the defaults ask for nothing', finding: UNATTESTED, more: LAX },
  { ...NO_RULE, when: 'the defaults ask for nothing, and it is attested', more: LAX },
  {
    ...NO_RULE,
    when: 'the defaults are strict',
    artifact: listed(undefined, { yanked: true, status: 'archived' }),
    more: `defaults: { ${STRICT} }`,
  },
  ...UNKNOWN_KINDS.map((finding): Case => ({ ...NO_RULE, finding })),
  {
    ...NO_RULE,
    when: 'an unknown kind signed beside one that is known',
    finding: attested(bundle({ object: { kind: 'Auditor' } }), bundle()),
  },
  { code: 'exemption-expired', finding: UNATTESTED, more: exemption('attestation', { expires: '2026-01-01' }) },
]

const INVALID = [
  'provenance-malformed',
  'signature-invalid',
  'subject-mismatch',
  'digest-mismatch',
  'metadata-mismatch',
  'metadata-unreadable',
] as const

/** What nothing overcomes. */
const HARD: readonly Case[] = [
  ...INVALID.map((code): Case => ({ code, finding: { kind: 'invalid', why: code, detail: 'because' } })),
  { code: 'publisher-object-mismatch', finding: attested(bundle({ object: { repository: 'evil/pkg' } })) },
  {
    code: 'predicate-mismatch',
    finding: attested(bundle({ facts: [{ predicateType: 'slsa-provenance/v1', contradiction: 'builder.id' }] })),
  },
  { code: 'revoked', more: 'revocations: [{ project: pkg, versions: "==1.0.0", reason: bad }]' },
  { code: 'project-quarantined', artifact: listed(undefined, { status: 'quarantined' }) },
  { code: 'rule-denies', rule: 'deny: "not here"' },
]

/** Made where the index is read, without a policy. */
const ELSEWHERE: readonly RefusalCode[] = ['digest-missing', 'file-unsupported', 'too-large']

function policyText({ rule = OURS, more = '' }: Case): string {
  const own = rule === 'none' ? '' : `  - { match: pkg${rule === '' ? '' : `, ${rule}`} }\n`
  return `version: 1\nprojects:\n  - { match: elsewhere, deny: "not here" }\n${own}${more}\n`
}

function load(...texts: readonly string[]): Policy {
  const files = texts.map((text, index) => ({ path: `${index}.yaml`, text }))
  const loaded = loadPolicy(files, NOW, noRoots)
  if ('policy' in loaded) return loaded.policy
  throw new TypeError(`${loaded.diagnostics.map(formatDiagnostic).join('\n')}\n${texts.join('\n=====\n')}`)
}

function judge({ artifact = listed(), finding = attested(), history = NO_HISTORY }: Case, policy: Policy) {
  return decide(artifact, finding, policy, history, NOW)
}

function refusedIn(given: Case): Refused & { readonly before: string } {
  const before = policyText(given)
  const verdict = judge(given, load(before))
  if (verdict.kind === 'admitted') throw new TypeError(`admitted: ${given.code} ${given.when ?? ''}`)
  return { ...verdict, before }
}

/** Another file of the same release, of which the same is known. */
function sibling({ artifact = listed() }: Case): Artifact {
  const { project, uploaded, yanked, status } = artifact
  return { ...listed('pkg-1.0.0-py2-none-any.whl', { uploaded, yanked, status }), project }
}

t.test('what is offered for a refusal loads both ways, and admits that file and no other', async t => {
  for (const given of SOFT) {
    const what = `${given.code} ${given.when ?? ''}`
    const { admitWith = '', code, before } = refusedIn(given)
    t.equal(code, given.code, what)
    for (const [way, policy] of [
      ['appended', load(`${before}${admitWith}`)],
      ['appended after a line of its own', load(`${before}---\n${admitWith}`)],
      ['beside', load(before, admitWith)],
    ] as const) {
      t.equal(judge(given, policy).kind, 'admitted', `${what}, ${way}:\n${admitWith}`)
      t.strictSame(policy.warnings, load(before).warnings, `${what}, ${way}: nothing to warn of`)
      const other = { ...given, artifact: sibling(given) }
      t.equal(judge(other, policy).kind, judge(other, load(before)).kind, `${what}, ${way}: and nothing else`)
    }
  }
})

t.test('for what nothing overcomes none is offered, and it is said why', async t => {
  for (const given of HARD) {
    const verdict = refusedIn(given)
    t.match(verdict, { code: given.code, admitWith: undefined }, given.code)
    t.match(whyNothingAdmits(verdict), `${given.code} is never waived`)
  }
  const yanked = { artifact: listed(undefined, { yanked: true }), rule: `${OURS}, yanked: deny` }
  const spoilt = refusedIn({ ...yanked, code: 'yanked', finding: HARD[1]?.finding ?? UNASKED })
  t.match(spoilt, { code: 'signature-invalid', admitWith: undefined, behind: undefined }, 'what is hard is told first')
  t.match(whyNothingAdmits(spoilt), 'signature-invalid is never waived')
  const unseen = refusedIn({ ...yanked, code: 'yanked', finding: UNASKED })
  t.match(whyNothingAdmits(unseen), /Who signed the file is not known yet/)
  t.equal(whyNothingAdmits(refusedIn({ code: 'unattested', finding: UNATTESTED })), undefined, 'but not where some is')
  const poor: Refused = { ...unseen, code: 'too-large', nothingAdmits: undefined }
  t.match(whyNothingAdmits(poor), 'too-large is never waived', 'what is refused elsewhere says it by its code')
})

t.test(
  'what to do about a refusal is what to do about what nothing overcomes behind it, and promises no YAML',
  async t => {
    const forged = HARD.find(({ code }) => code === 'signature-invalid')?.finding ?? UNASKED
    const stranger = refusedIn({ ...NO_RULE, finding: forged })
    const itself = { code: 'signature-invalid', behind: undefined, admitWith: undefined }
    t.match(stranger, itself, 'what is known to be forged is no file that only lacks a rule')
    t.match(refusedIn({ ...NO_RULE, finding: UNASKED }), { code: 'no-rule' }, 'but nobody is called a forger unasked')
    t.equal(remedyFor(stranger), REFUSALS['signature-invalid'].remedy)
    t.equal(remedyFor({ ...stranger, code: 'no-rule', behind: 'revoked' }), REFUSALS.revoked.remedy)
    const offered = refusedIn({ ...NO_RULE, finding: UNATTESTED })
    t.match(remedyFor(offered), /add a rule for it\. The page of the refusal has one ready to paste\.$/)
    t.equal(remedyFor({ ...offered, admitWith: undefined }), REFUSALS['no-rule'].remedy, 'where there is none')
    for (const given of HARD) t.equal(remedyFor(refusedIn(given)), REFUSALS[given.code].remedy, given.code)
  },
)

t.test('every code is asked for what would admit it', async t => {
  const covered = new Set<string>([...[...SOFT, ...HARD].map(({ code }) => code), ...ELSEWHERE])
  t.strictSame(
    Object.keys(REFUSALS).filter(code => !covered.has(code)),
    [],
  )
  t.strictSame(
    [...HARD.map(({ code }) => code), ...ELSEWHERE].filter(code => !REFUSALS[code].hard),
    [],
    'none is withheld but of hard ones',
  )
})

t.test('who signed is named beside, because a publisher admits more than the file', async t => {
  const told = (given: Case) => refusedIn(given).admitWith
  t.match(
    told({ ...NO_RULE }),
    /^# {3}- match: pkg\n# {5}publishers:\n# {7}- kind: github\n# {9}repository: acme\/pkg\n/m,
  )
  t.match(
    told({ code: 'publisher-mismatch', finding: attested(STRANGER) }),
    /^# sign, in projects\[1\] pkg \(0\.yaml:4\):\n# {5}publishers:\n# {7}- kind: github\n# {9}repository: evil\/pkg\n/m,
  )
  t.match(
    told({ code: 'publisher-changed', finding: BY_MOVED, rule: 'identity: first-seen', history: after(proved('0.9')) }),
    /^# {9}repository: acme\/pkg\n(?:# .*\n)+# {9}repository: evil\/pkg$/m,
    'the first one stays',
  )
  t.notMatch(told({ code: 'publisher-unknown', finding: UNKNOWN_KINDS[0] ?? UNASKED }), 'publishers:')
  t.notMatch(told({ code: 'unattested', finding: UNATTESTED }), 'publishers:')
})

t.test('nothing in it is left to write: owner, reason and end are valid', async t => {
  const told = (given: Case) => refusedIn({ ...given, code: 'unattested', finding: UNATTESTED }).admitWith ?? ''
  t.match(
    told({ code: 'unattested' }),
    /reason: "unattested: no attestation"\n {4}owner: "platform team"\n {4}expires: 2026-12-23\n$/,
  )
  const contact = 'contact: { name: "Ask us", url: "https://a.example/" }'
  t.match(told({ code: 'unattested', more: contact }), /owner: "Ask us"/, 'the contact answers for it')
  t.match(told({ code: 'unattested', more: 'limits: { exemption_max: 10d }' }), /expires: 2026-12-03\n/)
  const short = told({ code: 'unattested', more: 'limits: { exemption_max: 6h }' })
  t.match(short, /expires: 2026-11-24T18:00:00\.000Z\n/, 'a day would be too long')
  t.equal(
    load(policyText({ code: 'unattested', more: 'limits: { exemption_max: 6h }' }), short).exemptionsFor(
      listed().project,
    ).length,
    1,
  )
})

t.test('a text that was kept is given the end that it would have now', async t => {
  const refused = refusedIn({ code: 'unattested', finding: UNATTESTED })
  const later = instant(NOW + 100 * 86_400_000)
  const text = (longest?: Millis) => renewedRefusal(refused, later, longest).admitWith
  t.equal(text(), refused.admitWith?.replace('2026-12-23', '2027-04-02'))
  t.match(text(millis(86_400_000 * 2)), 'expires: 2027-03-05')
  const older = { ...refused, admitWith: 'exemptions:\n  - id: EX-1\n    expires: 2026-01-01' }
  t.equal(renewedRefusal(older, later, undefined).admitWith, undefined, 'one that would not load is offered no more')
  const none = { ...refused, admitWith: undefined }
  t.equal(renewedRefusal(none, later, undefined), none)
})

t.test('an exemption of the same file that ended keeps its id', async t => {
  const given: Case = { code: 'unattested', finding: UNATTESTED }
  const { admitWith = '', before } = refusedIn(given)
  const ended = `${before}${admitWith.replace('2026-12-23', '2026-01-01')}`
  const verdict = judge(given, load(ended))
  t.match(verdict, { kind: 'refused', code: 'exemption-expired' })
  const again = verdict.kind === 'refused' ? (verdict.admitWith ?? '') : ''
  t.equal(judge(given, load(`${ended}${again}`)).kind, 'admitted', again)
})
