import type { NonEmpty } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import { matchesRef } from '../base/glob.ts'
import type { Step } from '../base/step.ts'
import type { TrustRootName } from './attestation.ts'
import { type CircleciPublisher, compareCircleci } from './circleci.ts'
import { claimStep, exactStep, issuerStep } from './claim-step.ts'
import { buildEnds, type Claims } from './claims.ts'

export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'
export const GITLAB_ISSUER = 'https://gitlab.com'
export const GOOGLE_ISSUER = 'https://accounts.google.com'
export const GITHUB = 'https://github.com/'
export const GITLAB = 'https://gitlab.com/'

export type Visibility = 'public' | 'private' | 'internal'

/** What the publishers of a build service may demand besides their names; `undefined` demands nothing. */
interface BuildDemands {
  /** how the policy names it: its key, or a description of an inline one */
  readonly label: string
  /** globs over .14; `*` does not cross `/` */
  readonly refs: NonEmpty<string> | undefined
  /** .23 */
  readonly environment: string | undefined
  /** .15 */
  readonly repositoryId: string | undefined
  /** .17 */
  readonly ownerId: string | undefined
  /** .22 */
  readonly visibility: Visibility | undefined
  /** .11 */
  readonly runner: string | undefined
  /** .20; `pull_request_target` only where it is named */
  readonly triggers: NonEmpty<string> | undefined
}

/** A workflow of another repository, `owner/repo/.github/workflows/file.yml`, and globs over the ref it is called at. */
export interface WorkflowRef {
  readonly workflow: string
  readonly refs: NonEmpty<string>
}

export interface GithubPublisher extends BuildDemands {
  readonly kind: 'github'
  /** `owner/name`, or `owner/*` for every repository of an owner whose id is pinned */
  readonly repository: string
  /** file names in `.github/workflows`, or `*` */
  readonly workflows: NonEmpty<string>
  /** the reusable workflow that signs */
  readonly signer: WorkflowRef | undefined
}

export interface GitlabPublisher extends BuildDemands {
  readonly kind: 'gitlab'
  /** the whole path: `group/subgroup/project` */
  readonly project: string
  /** path of the pipeline's file in the repository */
  readonly config: string
}

export interface GooglePublisher {
  readonly kind: 'google'
  readonly label: string
  readonly email: string
}

/** Somebody whom another authority than Sigstore's vouches for. */
export interface CustomPublisher {
  readonly kind: 'custom'
  readonly label: string
  readonly issuer: string
  /** the certificate's one name, a URI or an e-mail address */
  readonly san: string
  /** digest of the trusted root that must have vouched */
  readonly root: Sha256
}

/** Whom a certificate of Sigstore's can speak of, so that a rule can be written from it. */
export type ObservedPublisher = GithubPublisher | GitlabPublisher | GooglePublisher | CircleciPublisher
export type Publisher = ObservedPublisher | CustomPublisher

/** What a publisher is compared with. */
export interface Signature {
  readonly claims: Claims
  /** who vouches for the claims */
  readonly root: TrustRootName
  /** Whether a SLSA builder may have signed in the publisher's place; which one (.9) is then held against the rule's builders. */
  readonly signedBy?: 'publisher' | 'builder'
}

export interface Mismatch {
  readonly claim: string
  readonly expected: string
  readonly found: string
}

export type PublisherMatch =
  | { readonly matched: true; readonly steps: NonEmpty<Step> }
  | { readonly matched: false; readonly steps: NonEmpty<Step>; readonly mismatch: Mismatch }

/**
 * Compares what a certificate proves with one publisher: every expected claim is built and compared equal, no pattern
 * runs over an identity, and an absent claim that is asked for is a mismatch.
 */
export function matchPublisher(publisher: Publisher, signature: Signature): PublisherMatch {
  const steps = compareAll(publisher, signature)
  const failed = steps.find(({ mark }) => mark !== 'pass')
  if (failed === undefined) return { matched: true, steps }
  const { check, expected = '', found = '' } = failed
  return { matched: false, steps, mismatch: { claim: check, expected, found } }
}

function compareAll(publisher: Publisher, signature: Signature): NonEmpty<Step> {
  const { claims, root } = signature
  const expectedRoot = publisher.kind === 'custom' ? publisher.root : 'sigstore'
  // a claim is worth what the root behind it is worth: an in-house authority may write GitHub's name into a certificate
  if (root !== expectedRoot) return [{ mark: 'fail', check: 'trust root', expected: expectedRoot, found: root }]
  switch (publisher.kind) {
    case 'github':
      return compareGithub(publisher, signature)
    case 'gitlab':
      return compareGitlab(publisher, claims)
    case 'google':
      return compareGoogle(publisher, claims)
    case 'circleci':
      return compareCircleci(publisher, claims)
    case 'custom':
      return compareCustom(publisher, claims)
    default:
      return publisher satisfies never
  }
}

function compareGithub(publisher: GithubPublisher, { claims, signedBy }: Signature): NonEmpty<Step> {
  const base = githubBase(publisher, claims)
  const written = `${GITHUB}${publisher.repository}`
  const ends = buildEnds(claims)
  const configs = publisher.workflows.map(
    workflow => `${base ?? written}/.github/workflows/${workflow}@${ends[0] ?? '(no ref)'}`,
  )
  return [
    issuerStep(GITHUB_ISSUER, claims),
    claimStep('source repository (.12)', written, claims.sourceRepositoryUri, found => base === found),
    claimStep(
      'build config (.18)',
      configs.join(' or '),
      claims.buildConfigUri,
      found =>
        base !== undefined &&
        publisher.workflows.some(workflow => ends.some(end => isConfig(found, base, workflow, end))),
    ),
    ...(signedBy === 'builder'
      ? []
      : [publisher.signer === undefined ? signsItself(claims) : signerStep(publisher.signer, claims)]),
    sanStep(claims),
    ...demandSteps(publisher, claims),
  ]
}

/**
 * The repository URI that every expected claim is built on: the policy's own, or the claim where it is that repository
 * under another spelling that the policy accepts (one whole segment for `*`; ASCII case where both ids are pinned).
 */
function githubBase(publisher: GithubPublisher, claims: Claims): string | undefined {
  const found = claims.sourceRepositoryUri
  const owner = publisher.repository.endsWith('/*') ? `${GITHUB}${publisher.repository.slice(0, -1)}` : undefined
  const name = owner === undefined ? undefined : (found?.slice(owner.length) ?? '')
  if (name !== undefined && !isSegment(name)) return undefined
  const expected = owner === undefined ? `${GITHUB}${publisher.repository}` : `${owner}${name}`
  // names are case-insensitive on GitHub; only immutable ids make that safe to use
  const folds = publisher.repositoryId !== undefined && publisher.ownerId !== undefined
  return folds && found !== undefined && equalsFolding(expected, found, expected.length) ? found : expected
}

/** The expected URI, equal; or for the workflow `*`: equal before and after one whole segment. */
function isConfig(found: string, base: string, workflow: string, end: string): boolean {
  const head = `${base}/.github/workflows/`
  const tail = `@${end}`
  if (workflow !== '*') return found === `${head}${workflow}${tail}`
  const segment = found.slice(head.length, found.length - tail.length)
  return isSegment(segment) && found === `${head}${segment}${tail}`
}

function isSegment(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && text !== '.' && text !== '..'
}

function signsItself(claims: Claims): Step {
  return claimStep(
    'build signer (.9)',
    claims.buildConfigUri ?? 'the build config (.18)',
    claims.buildSignerUri,
    found => found === claims.buildConfigUri,
  )
}

function signerStep(signer: WorkflowRef, claims: Claims): Step {
  return claimStep('build signer (.9)', describeWorkflow(signer), claims.buildSignerUri, found =>
    isWorkflow(found, signer),
  )
}

/**
 * Whether a Build Signer URI (.9) is this workflow at a ref that it allows: equal up to and including the `@`, and what
 * follows matches a glob.
 */
export function isWorkflow(uri: string, { workflow, refs }: WorkflowRef): boolean {
  const expected = `${GITHUB}${workflow}@`
  return uri.startsWith(expected) && refs.some(glob => matchesRef(glob, uri.slice(expected.length)))
}

export function describeWorkflow({ workflow, refs }: WorkflowRef): string {
  return `${GITHUB}${workflow}@${refs.join(' or ')}`
}

function sanStep(claims: Claims): Step {
  return claimStep(
    'certificate name (SAN)',
    claims.buildSignerUri ?? 'the build signer (.9)',
    claims.san.value,
    found => claims.san.kind === 'uri' && found === claims.buildSignerUri,
  )
}

function compareGitlab(publisher: GitlabPublisher, claims: Claims): NonEmpty<Step> {
  const base = `${GITLAB}${publisher.project}`
  const configs = buildEnds(claims).map(end => `${base}//${publisher.config}@${end}`)
  return [
    issuerStep(GITLAB_ISSUER, claims),
    claimStep('source repository (.12)', base, claims.sourceRepositoryUri, found => found === base),
    claimStep(
      'build config (.18)',
      configs[0] ?? `${base}//${publisher.config}@(no ref)`,
      claims.buildConfigUri,
      found => configs.includes(found),
    ),
    signsItself(claims),
    sanStep(claims),
    ...demandSteps(publisher, claims),
  ]
}

/** Many issuers vouch for e-mail addresses: the pair of both is the identity. */
function compareGoogle(publisher: GooglePublisher, claims: Claims): NonEmpty<Step> {
  return [
    issuerStep(GOOGLE_ISSUER, claims),
    claimStep(
      'certificate name (SAN)',
      publisher.email,
      claims.san.value,
      found => claims.san.kind === 'email' && found === publisher.email,
    ),
  ]
}

/** Claims of another authority are its own affair; what it vouches for is the issuer and the one name. */
function compareCustom(publisher: CustomPublisher, claims: Claims): NonEmpty<Step> {
  return [
    issuerStep(publisher.issuer, claims),
    claimStep('certificate name (SAN)', publisher.san, claims.san.value, found => found === publisher.san),
  ]
}

function demandSteps(demands: BuildDemands & { readonly kind: 'github' | 'gitlab' }, claims: Claims): readonly Step[] {
  const { refs, triggers } = demands
  return [
    refs &&
      claimStep('ref (.14)', refs.join(' or '), claims.sourceRepositoryRef, found =>
        refs.some(g => matchesRef(g, found)),
      ),
    exactStep('environment (.23)', demands.environment, claims.deploymentEnvironment),
    exactStep('repository id (.15)', demands.repositoryId, claims.sourceRepositoryId),
    exactStep('owner id (.17)', demands.ownerId, claims.sourceRepositoryOwnerId),
    exactStep('visibility (.22)', demands.visibility, claims.sourceRepositoryVisibility),
    exactStep('runner (.11)', demands.runner, claims.runnerEnvironment),
    triggers === undefined
      ? defaultTrigger(claims)
      : claimStep('trigger (.20)', triggers.join(' or '), claims.buildTrigger, found => triggers.includes(found)),
  ].filter(candidate => candidate !== undefined)
}

/** A run that strangers can start with the repository's own rights is nobody's release unless a rule says so. */
function defaultTrigger(claims: Claims): Step | undefined {
  if (claims.buildTrigger === undefined) return undefined
  return claimStep(
    'trigger (.20)',
    'any but pull_request_target',
    claims.buildTrigger,
    found => found !== 'pull_request_target',
  )
}

/** Equal, ignoring ASCII case in the first `length` characters alone. */
export function equalsFolding(left: string, right: string, length: number): boolean {
  return (
    left.length === right.length &&
    left.slice(length) === right.slice(length) &&
    foldAscii(left.slice(0, length)) === foldAscii(right.slice(0, length))
  )
}

/** ASCII alone: Unicode case folding would make the Kelvin sign a `k`. */
function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, letter => letter.toLowerCase())
}
