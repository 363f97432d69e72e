import type { Claims } from '../../../src/domain/identity/claims.ts'

const RELEASE = 'https://github.com/acme/pkg/.github/workflows/release.yml@refs/tags/v1.0.0'

/** Claims as Fulcio writes them for a release of acme/pkg on GitHub, with what a test changes. */
export function githubClaims(changes: Partial<Claims> = {}): Claims {
  return {
    san: { kind: 'uri', value: RELEASE },
    issuer: 'https://token.actions.githubusercontent.com',
    buildSignerUri: RELEASE,
    buildSignerDigest: 'a'.repeat(40),
    runnerEnvironment: 'github-hosted',
    sourceRepositoryUri: 'https://github.com/acme/pkg',
    sourceRepositoryDigest: 'a'.repeat(40),
    sourceRepositoryRef: 'refs/tags/v1.0.0',
    sourceRepositoryId: '111',
    sourceRepositoryOwnerUri: 'https://github.com/acme',
    sourceRepositoryOwnerId: '222',
    buildConfigUri: RELEASE,
    buildConfigDigest: 'a'.repeat(40),
    buildTrigger: 'release',
    runInvocationUri: 'https://github.com/acme/pkg/actions/runs/1/attempts/1',
    sourceRepositoryVisibility: 'public',
    deploymentEnvironment: undefined,
    tokenSubject: undefined,
    ...changes,
  }
}

/** The same with everything that names the workflow run set to one URI. */
export function claimsBuiltBy(uri: string, changes: Partial<Claims> = {}): Claims {
  return githubClaims({ san: { kind: 'uri', value: uri }, buildSignerUri: uri, buildConfigUri: uri, ...changes })
}

export function gitlabClaims(changes: Partial<Claims> = {}): Claims {
  const config = 'https://gitlab.com/group/sub/proj//.gitlab-ci.yml@refs/tags/v1'
  return claimsBuiltBy(config, {
    issuer: 'https://gitlab.com',
    runnerEnvironment: 'gitlab-hosted',
    sourceRepositoryUri: 'https://gitlab.com/group/sub/proj',
    sourceRepositoryRef: 'refs/tags/v1',
    sourceRepositoryId: '555',
    sourceRepositoryOwnerUri: 'https://gitlab.com/group/sub',
    sourceRepositoryOwnerId: '666',
    buildTrigger: 'push',
    runInvocationUri: 'https://gitlab.com/x/-/jobs/1',
    ...changes,
  })
}

/** A pipeline of a CircleCI project, in an organization of its own; `run` tells one run from another. */
export function circleciClaims(changes: Partial<Claims> = {}, run = '1'.repeat(8)): Claims {
  const api = 'https://circleci.com/api/v2'
  const definition = `${api}/projects/${CIRCLECI.project}/pipeline-definitions/${CIRCLECI.definition}`
  return googleClaims('', {
    san: { kind: 'uri', value: definition },
    issuer: `https://oidc.circleci.com/org/${CIRCLECI.organization}`,
    buildSignerUri: definition,
    runnerEnvironment: '""',
    sourceRepositoryUri: 'github.com/acme/pkg',
    sourceRepositoryRef: 'refs/tags/v1.0.0',
    buildConfigUri: `${api}/pipeline/${run}/config`,
    runInvocationUri: `${api}/workflow/${run}/job`,
    ...changes,
  })
}

export const CIRCLECI = {
  organization: 'a0a0a0a0-1111-4222-8333-444444444444',
  project: 'b1b1b1b1-1111-4222-8333-444444444444',
  definition: 'c2c2c2c2-1111-4222-8333-444444444444',
} as const

export function googleClaims(email: string, changes: Partial<Claims> = {}): Claims {
  return {
    san: { kind: 'email', value: email },
    issuer: 'https://accounts.google.com',
    buildSignerUri: undefined,
    buildSignerDigest: undefined,
    runnerEnvironment: undefined,
    sourceRepositoryUri: undefined,
    sourceRepositoryDigest: undefined,
    sourceRepositoryRef: undefined,
    sourceRepositoryId: undefined,
    sourceRepositoryOwnerUri: undefined,
    sourceRepositoryOwnerId: undefined,
    buildConfigUri: undefined,
    buildConfigDigest: undefined,
    buildTrigger: undefined,
    runInvocationUri: undefined,
    sourceRepositoryVisibility: undefined,
    deploymentEnvironment: undefined,
    tokenSubject: undefined,
    ...changes,
  }
}
