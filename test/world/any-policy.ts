import fc from 'fast-check'
import type { Artifact } from '../../src/domain/artifact.ts'
import type { Finding } from '../../src/domain/attestation.ts'
import { decide } from '../../src/domain/decide.ts'
import { GateError } from '../../src/domain/errors.ts'
import { NO_HISTORY } from '../../src/domain/history.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { claimsBuiltBy, githubClaims, googleClaims } from './claims.ts'
import { attested, bundle, listed, NOW, UNASKED, UNATTESTED } from './judging.ts'

const NAMES = ['pkg', 'other', 'acme-x'] as const
const FILES = NAMES.flatMap(name => [`${name.replace('-', '_')}-1.0.0.tar.gz`, `${name.replace('-', '_')}-2.0.tar.gz`])

/** Files of every project that the policies may speak of, as they are and marked. */
export const ARTIFACTS: readonly Artifact[] = FILES.flatMap(file => [
  listed(file),
  listed(file, { yanked: 'broken' }),
  listed(file, { status: 'archived' }),
])
const EVIL = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
})
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
  attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } }), bundle()),
]

/** "Cannot tell" is not admitted. */
export function admits(artifact: Artifact, finding: Finding, policy: Policy): boolean {
  try {
    return decide(artifact, finding, policy, NO_HISTORY, NOW).kind === 'admitted'
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
const judging = {
  attestation: some(fc.constantFrom('required', 'optional')),
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
  publishers: some(fc.array(fc.oneof(fc.constantFrom('one', 'two'), github, google), { minLength: 1, maxLength: 3 })),
  deny: fc.option(fc.constant('no'), { nil: undefined, freq: 9 }),
  ...judging,
})
const exemption = fc
  .record({
    project: fc.constantFrom(...NAMES),
    waive: listOf('attestation', 'identity', 'predicate', 'yanked', 'status'),
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
/** Any policy as it may be written; some do not load. */
export const policies = fc
  .record({
    version: fc.constant(1),
    publishers: fc.record({ one: github, two: google }),
    defaults: some(fc.record({ ...judging, unmatched: some(fc.constantFrom('deny', 'apply-defaults')) })),
    projects: fc.uniqueArray(rule, { minLength: 1, maxLength: 3, selector: ({ match }) => match }),
    exemptions: fc.array(exemption, { maxLength: 2 }),
  })
  .map(policy => ({ ...policy, exemptions: policy.exemptions.map((text, index) => ({ id: `EX-${index}`, ...text })) }))
