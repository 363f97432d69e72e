import { decide } from '../../../src/domain/decide/decide.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { claimsBuiltBy } from '../../world/judging/claims.ts'
import { bundle, listed, NOW, policyOf } from '../../world/judging/judging.ts'

export const PUBLISHER =
  '{ kind: github, repository: acme/pkg, workflow: release.yml, repository_id: "111", owner_id: "222" }'
export const RULE = `{ match: pkg, publishers: [${PUBLISHER}] }`
export const SHA = listed().sha256
const EVIL = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
})
export const STRANGER = bundle({ claims: EVIL, object: { repository: 'evil/pkg' } })

export function policy(rule = RULE, ...more: readonly string[]): Policy {
  return policyOf(['version: 1', 'projects:', `  - ${rule}`, ...more].join('\n'))
}

export function exemption(
  waive: string,
  changes: { readonly expires?: string; readonly sha256?: string; readonly versions?: string } = {},
): string {
  const { expires = '2027-03-31', sha256 = SHA, versions = '==1.0.0' } = changes
  return `exemptions: [{ id: EX-7, project: pkg, versions: "${versions}", waive: [${waive}], files: { pkg-1.0.0.tar.gz: "sha256:${sha256}" }, reason: old, owner: platform@acme.example, expires: ${expires} }]`
}

export function refused(artifact: Artifact, finding: Finding, under: Policy): Refused {
  const verdict = decide(artifact, finding, under, NO_HISTORY, NOW)
  if (verdict.kind === 'admitted') throw new TypeError('admitted')
  return verdict
}
