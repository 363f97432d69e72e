import type { Claims } from './claims.ts'

/**
 * The SLSA build level (slsa.dev/spec/v1.0/levels) that a certificate can speak for; what a predicate says of itself adds
 * nothing. 3: a reusable workflow signed (.9 is not .18), so that the build could not reach the key. 2: the workflow of the
 * project signed for itself on the service's own runner. 1: anything else, a self-hosted runner with it.
 */
export function slsaLevelOf(claims: Claims): 1 | 2 | 3 {
  const { buildSignerUri, buildConfigUri, runnerEnvironment } = claims
  if (buildSignerUri === undefined || buildConfigUri === undefined) return 1
  if (runnerEnvironment !== 'github-hosted' && runnerEnvironment !== 'gitlab-hosted') return 1
  return buildSignerUri === buildConfigUri ? 2 : 3
}
