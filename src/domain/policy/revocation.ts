import type { Sha256 } from '../base/digest.ts'
import type { Instant } from '../base/instant.ts'
import type { AttestationFacts, Finding } from '../identity/attestation.ts'
import { equalsFolding, GITHUB, GITLAB } from '../identity/publisher.ts'
import type { Artifact } from '../packaging/artifact.ts'
import type { ProjectName } from '../packaging/name.ts'
import type { RuleRef } from './rule-ref.ts'

/** What is no longer trusted, whatever was proved of it. Wide rather than narrow: names are compared without regard to case. */
export type Revoked =
  | { readonly kind: 'sha256'; readonly sha256: Sha256 }
  /** the certificate's run invocation URI (.21) */
  | { readonly kind: 'run'; readonly run: string }
  /**
   * Everything that this repository (`owner/name`) signed; of this commit (.13) alone, or in `[after, before)` of the
   * log's signed time, where these are given.
   */
  | {
      readonly kind: 'repository'
      readonly repository: string
      readonly commit: string | undefined
      readonly after: Instant | undefined
      readonly before: Instant | undefined
    }
  | {
      readonly kind: 'project'
      readonly project: ProjectName
      /** as written */
      readonly versions: string
      readonly covers: (version: string) => boolean
    }

export interface Revocation {
  readonly ref: RuleRef
  readonly what: Revoked
  readonly reason: string
}

/** The revocation that names the file itself: nobody needs to look at its provenance. */
export function revokedByName(
  { project, filename, sha256 }: Pick<Artifact, 'project' | 'filename' | 'sha256'>,
  revocations: readonly Revocation[],
): Revocation | undefined {
  return revocations.find(({ what }) => {
    if (what.kind === 'sha256') return what.sha256 === sha256
    return what.kind === 'project' && what.project === project && what.covers(filename.version)
  })
}

/** The revocation that names how any attestation of the file came to be, in whichever bundle it stands. */
export function revokedByProvenance(finding: Finding, revocations: readonly Revocation[]): Revocation | undefined {
  if (finding.kind !== 'attested' || revocations.length === 0) return undefined
  const all = finding.bundles.flatMap(({ attestations }) => attestations.map(({ facts }) => facts))
  return revocations.find(revocation => all.some(facts => names(revocation, facts)))
}

function names({ what }: Revocation, { claims, signedAt }: AttestationFacts): boolean {
  if (what.kind === 'run') return claims.runInvocationUri === what.run
  if (what.kind !== 'repository') return false
  const { repository, commit, after, before } = what
  return (
    isRepository(claims.sourceRepositoryUri, repository) &&
    (commit === undefined || claims.sourceRepositoryDigest === commit) &&
    (after === undefined || signedAt >= after) &&
    (before === undefined || signedAt < before)
  )
}

/** CircleCI names a repository without its scheme. */
const HOSTS = [GITHUB, GITLAB, 'github.com/', 'gitlab.com/', 'bitbucket.org/', 'https://bitbucket.org/']

function isRepository(uri: string | undefined, repository: string): boolean {
  return (
    uri !== undefined &&
    HOSTS.some(host => {
      const expected = `${host}${repository}`
      return equalsFolding(expected, uri, expected.length)
    })
  )
}
