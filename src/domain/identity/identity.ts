import type { Identity, PublisherObject } from './attestation.ts'
import { circleciObjectAgrees, definitionOf, isCircleciIssuer, proposeCircleci } from './circleci.ts'
import { buildEnds, type Claims } from './claims.ts'
import {
  equalsFolding,
  GITHUB,
  GITHUB_ISSUER,
  GITLAB,
  GITLAB_ISSUER,
  GOOGLE_ISSUER,
  matchPublisher,
  type ObservedPublisher,
} from './publisher.ts'

/** What the certificate proves, short enough for a person: for showing, never for deciding. */
export function identityOf(claims: Claims): Identity {
  return {
    issuer: claims.issuer,
    san: claims.san.value,
    repository: withoutHead(claims.sourceRepositoryUri, [GITHUB, GITLAB]),
    workflow: workflowOf(claims),
    ref: claims.sourceRepositoryRef,
    ...(claims.sourceRepositoryDigest === undefined ? {} : { commit: claims.sourceRepositoryDigest }),
  }
}

/** The same in a few words: the service that vouches for it, then what it is there. For showing, never for deciding. */
export function describeIdentity({ issuer, san, repository, workflow }: Identity): string {
  const words = [serviceOf(issuer) ?? issuer, repository ?? san, ...(repository === undefined ? [] : [workflow])]
  return words.filter(word => word !== undefined).join(' ')
}

function serviceOf(issuer: string): ObservedPublisher['kind'] | undefined {
  if (issuer === GITHUB_ISSUER) return 'github'
  if (issuer === GITLAB_ISSUER) return 'gitlab'
  if (issuer === GOOGLE_ISSUER) return 'google'
  return isCircleciIssuer(issuer) ? 'circleci' : undefined
}

function withoutHead(text: string | undefined, heads: readonly string[]): string | undefined {
  const head = heads.find(candidate => text?.startsWith(candidate))
  return head === undefined ? text : text?.slice(head.length)
}

/**
 * What stands in .18 between the repository (.12) and the ref (.14) or commit (.13); nothing is split at `@`. CircleCI has
 * one run there; its pipeline's definition is what stays.
 */
export function workflowOf(claims: Claims): string | undefined {
  if (isCircleciIssuer(claims.issuer)) return definitionOf(claims)
  const uri = claims.buildConfigUri
  const end = buildEnds(claims)
    .map(text => `@${text}`)
    .find(text => uri?.endsWith(text))
  const repository = claims.sourceRepositoryUri
  if (uri === undefined || repository === undefined || end === undefined) return uri
  const rest = withoutHead(uri, [`${repository}/.github/workflows/`, `${repository}//`])
  return rest === uri ? uri : rest?.slice(0, -end.length)
}

/** As they write them. */
export const KNOWN_KINDS: readonly string[] = ['GitHub', 'GitLab', 'Google', 'CircleCI']

/** Kinds that PEP 740 indexes are known to write; a bundle of any other kind cannot admit. */
export function isKnownKind(object: PublisherObject): boolean {
  return KNOWN_KINDS.includes(object.kind)
}

/**
 * Whether the index's unsigned `publisher` object says what the certificate proves: kind, repository and workflow, or
 * the e-mail address. Case of names is not compared: the object proves nothing, it only must not lie.
 */
export function objectAgrees(object: PublisherObject, claims: Claims): boolean {
  const { kind, repository, workflow, email } = object
  if (kind === 'Google')
    return claims.issuer === GOOGLE_ISSUER && claims.san.kind === 'email' && claims.san.value === email
  if (kind === 'CircleCI') return circleciObjectAgrees(object, claims)
  if (repository === undefined || workflow === undefined) return false
  if (kind === 'GitHub')
    return (
      claims.issuer === GITHUB_ISSUER && builtFrom(`${GITHUB}${repository}`, `/.github/workflows/${workflow}`, claims)
    )
  if (kind === 'GitLab')
    return claims.issuer === GITLAB_ISSUER && builtFrom(`${GITLAB}${repository}`, `//${workflow}`, claims)
  return false
}

function builtFrom(repository: string, file: string, claims: Claims): boolean {
  const { sourceRepositoryUri, buildConfigUri } = claims
  if (sourceRepositoryUri === undefined || buildConfigUri === undefined) return false
  return (
    equalsFolding(repository, sourceRepositoryUri, repository.length) &&
    buildEnds(claims).some(end => equalsFolding(`${repository}${file}@${end}`, buildConfigUri, repository.length))
  )
}

/**
 * A publisher that would match these claims, ids pinned, for a person to review; `undefined` where no kind fits or the
 * run was started by `pull_request_target`.
 */
export function publisherFor(claims: Claims): ObservedPublisher | undefined {
  const candidate = candidateFor(claims)
  return candidate !== undefined && matchPublisher(candidate, { claims, root: 'sigstore' }).matched
    ? candidate
    : undefined
}

function candidateFor(claims: Claims): ObservedPublisher | undefined {
  const { repository, workflow } = identityOf(claims)
  const label = 'as observed'
  if (claims.issuer === GOOGLE_ISSUER && claims.san.kind === 'email')
    return { kind: 'google', label, email: claims.san.value }
  const ref = claims.sourceRepositoryRef
  const refs = ref === undefined ? undefined : ([ref.startsWith('refs/tags/') ? tagGlob(ref) : ref] as const)
  if (isCircleciIssuer(claims.issuer)) return proposeCircleci(claims, refs)
  if (repository === undefined || workflow === undefined) return undefined
  const demands = {
    label,
    refs,
    environment: claims.deploymentEnvironment,
    repositoryId: claims.sourceRepositoryId,
    ownerId: claims.sourceRepositoryOwnerId,
    visibility: undefined,
    runner: undefined,
    triggers: undefined,
  }
  if (claims.issuer === GITHUB_ISSUER)
    return { kind: 'github', ...demands, repository, workflows: [workflow], signer: signerFor(claims) }
  if (claims.issuer === GITLAB_ISSUER) return { kind: 'gitlab', ...demands, project: repository, config: workflow }
  return undefined
}

/** Every tag where the tag is one segment, else the tag itself. */
function tagGlob(ref: string): string {
  return ref.split('/').length === 3 ? 'refs/tags/*' : ref
}

function signerFor(claims: Claims): { readonly workflow: string; readonly refs: readonly [string] } | undefined {
  const uri = claims.buildSignerUri
  if (uri === undefined || uri === claims.buildConfigUri || !uri.startsWith(GITHUB)) return undefined
  const at = uri.indexOf('@') // a proposal only: it is compared with the claims before anybody sees it
  return at < 0 ? undefined : { workflow: uri.slice(GITHUB.length, at), refs: [uri.slice(at + 1)] }
}
