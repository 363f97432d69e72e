import fc from 'fast-check'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { AttestationFacts, Finding } from '../../../src/domain/identity/attestation.ts'
import { createHistory, type History, NO_HISTORY, proofOf, type SeenFile } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import type { ReadRoot } from '../../../src/protocol/clauses/publisher.ts'
import { claimsBuiltBy, githubClaims, googleClaims } from './claims.ts'
import { attested, bundle, listed, NOW, UNASKED, UNATTESTED } from './judging.ts'

const NAMES = ['pkg', 'other', 'acme-x'] as const
const FILES = NAMES.flatMap(name => [`${name.replace('-', '_')}-1.0.0.tar.gz`, `${name.replace('-', '_')}-2.0.tar.gz`])

/** Files of every project that the policies may speak of, as they are and marked. */
export const ARTIFACTS: readonly Artifact[] = [
  ...FILES.map(file => listed(file)),
  listed(undefined, { yanked: 'broken' }),
  listed(undefined, { status: 'archived' }),
  listed(undefined, { uploaded: instant(NOW - 3_600_000) }),
  listed(undefined, { uploaded: instant(NOW - 100 * 86_400_000) }),
]
const EVIL = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
})
/** The trusted root of a custom publisher, for policies that name one. */
export const ACME_ROOT = { digest: sha256Of('acme'), json: '{}' }
export const acmeRoot: ReadRoot = () => ACME_ROOT

function builtBy(workflow: string): Partial<AttestationFacts> {
  const uri = `https://github.com/${workflow}`
  const claims = githubClaims({ buildSignerUri: uri, san: { kind: 'uri', value: uri } })
  return { predicateType: 'slsa-provenance/v1', claims }
}

/** Evidence good and bad, by ours and by strangers. */
export const FINDINGS: readonly Finding[] = [
  UNATTESTED,
  UNASKED,
  { kind: 'invalid', why: 'signature-invalid', detail: 'no' },
  attested(),
  attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } })),
  attested(bundle({ claims: EVIL })),
  attested(bundle({ claims: githubClaims({ buildTrigger: 'pull_request_target' }) })),
  attested(
    bundle({
      claims: googleClaims('a@b.example'),
      object: { kind: 'Google', repository: undefined, workflow: undefined, email: 'a@b.example' },
    }),
  ),
  attested(bundle({ facts: [{ predicateType: 'slsa-provenance/v1' }] })),
  attested(bundle({ facts: [{}, { predicateType: { unknown: 'x' } }] })),
  attested(bundle({ facts: [{}, builtBy('acme/ci/.github/workflows/b.yml@refs/tags/v1')] })),
  attested(bundle({ facts: [{}, builtBy('acme/other/.github/workflows/b.yml@refs/tags/v1')] })),
  attested(bundle({ facts: [{ root: ACME_ROOT.digest }] })),
  attested(bundle({ facts: [{ root: ACME_ROOT.digest }], object: { kind: 'Acme' } })),
  attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } }), bundle()),
]

function seen(version: string, days: number, by: Finding): SeenFile {
  const at = instant(NOW - days * 86_400_000)
  const parsed = parseVersion(version)
  if (parsed === undefined) throw new TypeError('a version')
  const proof = proofOf(by, at)
  return {
    filename: `pkg-${version}-py3-none-any.whl`,
    version: parsed,
    uploaded: at,
    firstSeen: at,
    lastSeen: at,
    absent: undefined,
    missed: undefined,
    offered: proof === undefined ? undefined : at,
    proof,
    isFleeting: false,
  }
}

/** What a gate may have seen of the project: nothing, ours, ours and then others, nobody who signed. */
export const HISTORIES: readonly History[] = [
  NO_HISTORY,
  createHistory([seen('1.0.0', 30, attested())]),
  createHistory([
    seen('0.9', 60, attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } }))),
    seen('2.0', 5, attested()),
  ]),
  createHistory([seen('1.0.0', 30, UNATTESTED)]),
]

/** "Cannot tell" is not admitted. */
export function admits(
  artifact: Artifact,
  finding: Finding,
  policy: Policy,
  history: History = NO_HISTORY,
  now: Instant = NOW,
): boolean {
  try {
    return decide(artifact, finding, policy, history, now).kind === 'admitted'
  } catch (error) {
    if (error instanceof GateError && error.code === 'unknown-upstream' && finding.kind === 'unasked') return false
    throw error
  }
}

const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const listOf = (...items: readonly string[]) => fc.subarray([...items], { minLength: 1 })
const allowOrDeny = fc.constantFrom('allow', 'deny')

const github = fc.record({
  kind: fc.constant('github'),
  repository: fc.constantFrom('acme/pkg', 'acme/pkg', 'evil/pkg', 'Acme/Pkg'),
  workflow: listOf('release.yml', 'ci.yml'),
  ref: some(listOf('refs/tags/*', 'refs/heads/main')),
  repository_id: some(fc.constantFrom('111', '9')),
  owner_id: some(fc.constant('222')),
  trigger: some(listOf('release', 'push', 'pull_request_target')),
})
const google = fc.constant({ kind: 'google', email: 'a@b.example' })
const custom = fc.constant({
  kind: 'custom',
  issuer: githubClaims().issuer,
  san: githubClaims().san.value,
  trusted_root: 'acme.json',
})
const judging = {
  attestation: some(fc.constantFrom('required', 'when-seen', 'optional')),
  identity: some(fc.constantFrom('declared', 'first-seen')),
  regression: some(
    fc.record({
      lost: some(allowOrDeny),
      partial: some(allowOrDeny),
      publisher_changed: some(allowOrDeny),
      added_late: some(allowOrDeny),
      release_line: some(fc.constantFrom('project', 'major', 'minor')),
      ignore_prereleases: some(fc.boolean()),
    }),
  ),
  cooldown: some(fc.record({ min_age: fc.constantFrom('0d', '1d', '7d') })),
  slsa: fc.option(
    fc.record({
      min_level: some(fc.constantFrom(1, 3)),
      builders: fc.subarray(
        [
          { workflow: 'acme/ci/.github/workflows/b.yml', ref: ['refs/tags/*', 'refs/heads/main'] },
          { workflow: 'acme/other/.github/workflows/b.yml', ref: ['refs/tags/v*'] },
        ],
        { minLength: 1 },
      ),
    }),
    { nil: undefined, freq: 4 },
  ),
  predicates: some(
    fc.record({
      require: some(fc.subarray(['publish/v1', 'slsa-provenance/v1'])),
      allow: some(listOf('publish/v1', 'slsa-provenance/v1')),
    }),
  ),
  yanked: some(allowOrDeny),
  status: some(fc.record({ archived: some(allowOrDeny) })),
}
const rule = fc.record({
  match: fc.constantFrom('pkg', 'other', 'acme-*', '*'),
  publishers: some(
    fc.array(fc.oneof(fc.constantFrom('one', 'two'), github, google, custom), { minLength: 1, maxLength: 3 }),
  ),
  deny: fc.option(fc.constant('no'), { nil: undefined, freq: 9 }),
  ...judging,
})
const exemption = fc
  .record({
    project: fc.constantFrom(...NAMES),
    waive: listOf('attestation', 'identity', 'predicate', 'slsa', 'regression', 'cooldown', 'yanked', 'status'),
    reason: fc.constant('r'),
    owner: fc.constant('o'),
    expires: fc.constantFrom('2027-01-01', '2026-01-01'),
  })
  .map(text => ({
    ...text,
    files: Object.fromEntries(
      FILES.filter(file => file.startsWith(text.project.replace('-', '_'))).map(file => [
        file,
        `sha256:${listed(file).sha256}`,
      ]),
    ),
  }))
export const revocation = fc
  .constantFrom(
    { sha256: listed().sha256 },
    { run: githubClaims().runInvocationUri },
    { repository: 'acme/pkg', commit: 'a'.repeat(40) },
    { repository: 'evil/pkg', signed_after: '2020-01-01T00:00:00Z' },
    { project: 'pkg', versions: '>=2' },
  )
  .map(what => ({ ...what, reason: 'r' }))

/** Any policy as it may be written; some do not load. */
export const policies = fc
  .record({
    version: fc.constant(1),
    mode: fc.option(fc.constantFrom('enforce', 'audit'), { nil: undefined, freq: 4 }),
    publishers: fc.record({ one: github, two: google }),
    defaults: some(fc.record({ ...judging, unmatched: some(fc.constantFrom('deny', 'apply-defaults')) })),
    projects: fc.uniqueArray(rule, { minLength: 1, maxLength: 3, selector: ({ match }) => match }),
    exemptions: fc.array(exemption, { maxLength: 2 }),
    revocations: fc.option(fc.array(revocation, { maxLength: 2 }), { nil: undefined }),
  })
  .map(policy => ({ ...policy, exemptions: policy.exemptions.map((text, index) => ({ id: `EX-${index}`, ...text })) }))
