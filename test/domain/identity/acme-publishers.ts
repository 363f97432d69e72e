import type { Claims } from '../../../src/domain/identity/claims.ts'
import {
  type GithubPublisher,
  type GitlabPublisher,
  matchPublisher,
  type Publisher,
} from '../../../src/domain/identity/publisher.ts'

const demands = {
  label: 'acme',
  refs: ['refs/tags/v*'],
  environment: undefined,
  repositoryId: '111',
  ownerId: '222',
  visibility: undefined,
  runner: 'github-hosted',
  triggers: undefined,
} as const
export const acme: GithubPublisher = {
  kind: 'github',
  ...demands,
  repository: 'acme/pkg',
  workflows: ['release.yml'],
  signer: undefined,
}
export const bare: GithubPublisher = {
  ...acme,
  refs: undefined,
  repositoryId: undefined,
  ownerId: undefined,
  runner: undefined,
}
export const group: GitlabPublisher = {
  kind: 'gitlab',
  ...demands,
  refs: undefined,
  repositoryId: '555',
  ownerId: undefined,
  runner: undefined,
  project: 'group/sub/proj',
  config: '.gitlab-ci.yml',
}

export function matches(publisher: Publisher, claims: Claims): boolean {
  return matchPublisher(publisher, { claims, root: 'sigstore' }).matched
}

/** The claim that is told first, or `undefined` for a match. */
export function mismatch(publisher: Publisher, claims: Claims): string | undefined {
  const match = matchPublisher(publisher, { claims, root: 'sigstore' })
  return match.matched ? undefined : match.mismatch.claim
}
