import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import type { Claims } from '../../../src/domain/identity/claims.ts'
import { createHistory, type History, proofOf, type SeenFile } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import { parseVersion, type Version } from '../../../src/domain/packaging/version.ts'
import { claimsBuiltBy, githubClaims } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

export const DAY = 86_400_000

export function version(text: string): Version {
  const parsed = parseVersion(text)
  if (parsed === undefined) throw new TypeError(`not a version: ${text}`)
  return parsed
}

export function ago(days: number): Instant {
  return instant(NOW - days * DAY)
}

/** A file of `pkg` as it was seen ten days ago, with what a test changes. */
export function seen(release: string, changes: Partial<SeenFile> = {}): SeenFile {
  return {
    filename: `pkg-${release}.tar.gz`,
    version: version(release),
    uploaded: ago(10),
    firstSeen: ago(10),
    lastSeen: ago(1),
    absent: undefined,
    missed: undefined,
    offered: undefined,
    proof: undefined,
    isFleeting: false,
    ...changes,
  }
}

export function proved(release: string, claims: Claims = githubClaims(), at: Instant = ago(10)): SeenFile {
  return seen(release, { proof: proofOf(attested(bundle({ claims })), at) })
}

export function after(...files: readonly SeenFile[]): History {
  return createHistory(files)
}

export const MOVED = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
  sourceRepositoryOwnerId: '666',
})
export const BY_MOVED = attested(bundle({ claims: MOVED, object: { repository: 'evil/pkg' } }))

export function judge(
  rule: string,
  history: History,
  options: {
    readonly artifact?: Artifact
    readonly finding?: Finding
    readonly more?: string
    readonly at?: Instant
  } = {},
) {
  const { artifact = listed('pkg-2.0.0.tar.gz'), finding = UNATTESTED, more = '', at = NOW } = options
  const policy = policyOf(`version: 1\n${more}\nprojects:\n  - { match: pkg, ${rule} }\n`)
  return decide(artifact, finding, policy, history, at)
}

export function outcome(...given: Parameters<typeof judge>): string {
  const verdict = judge(...given)
  return verdict.kind === 'refused' ? verdict.code : verdict.facts.by
}
