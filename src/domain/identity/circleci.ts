import type { NonEmpty } from '../base/brand.ts'
import { matchesRef } from '../base/glob.ts'
import type { Step } from '../base/step.ts'
import { claimStep, exactStep, issuerStep } from './claim-step.ts'
import type { Claims } from './claims.ts'

/** For every organization, or with `/org/` and its id behind it (fulcio config/identity/config.yaml). */
const ISSUER = 'https://oidc.circleci.com'
const ORGANIZATION = `${ISSUER}/org/`
/** What stands before everything that CircleCI names in a certificate. */
const API = 'https://circleci.com/api/v2/'
const PROJECTS = `${API}projects/`
const DEFINITIONS = '/pipeline-definitions/'
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** "Don't trust when runner_environment is ssh-rerun" (fulcio docs/oid-info.md): a person could reach into the job. */
const SSH_RERUN = 'ssh-rerun'

/** A pipeline of a CircleCI project. The ids are CircleCI's own, and nobody gets them twice. */
export interface CircleciPublisher {
  readonly kind: 'circleci'
  /** how the policy names it: its key, or a description of an inline one */
  readonly label: string
  readonly projectId: string
  readonly pipelineDefinitionId: string
  /** then the issuer must be that of the organization */
  readonly organizationId: string | undefined
  /** .12 as CircleCI spells it, `github.com/acme/pkg` */
  readonly vcsOrigin: string | undefined
  /** globs over .14; `*` does not cross `/` */
  readonly refs: NonEmpty<string> | undefined
}

export function isCircleciIssuer(issuer: string): boolean {
  return issuer === ISSUER || organizationOf(issuer) !== undefined
}

function organizationOf(issuer: string): string | undefined {
  const id = issuer.slice(ORGANIZATION.length)
  return UUID.test(id) && issuer === `${ORGANIZATION}${id}` ? id : undefined
}

/** Whether somebody could have reached into the job by SSH. */
export function isSshRerun({ issuer, runnerEnvironment }: Claims): boolean {
  return isCircleciIssuer(issuer) && runnerEnvironment === SSH_RERUN
}

/** The pipeline's definition is the SAN and .9; .18 is one run's configuration, and names nobody. */
export function compareCircleci(publisher: CircleciPublisher, claims: Claims): NonEmpty<Step> {
  const { organizationId, vcsOrigin, refs } = publisher
  const definition = `${PROJECTS}${publisher.projectId}${DEFINITIONS}${publisher.pipelineDefinitionId}`
  const demands = [
    exactStep('source repository (.12)', vcsOrigin, claims.sourceRepositoryUri),
    refs &&
      claimStep('ref (.14)', refs.join(' or '), claims.sourceRepositoryRef, found =>
        refs.some(glob => matchesRef(glob, found)),
      ),
    claims.runnerEnvironment === undefined
      ? undefined
      : claimStep('runner (.11)', `any but ${SSH_RERUN}`, claims.runnerEnvironment, found => found !== SSH_RERUN),
  ]
  return [
    organizationId === undefined
      ? claimStep('issuer (.8)', `${ISSUER}, or that of an organization`, claims.issuer, isCircleciIssuer)
      : issuerStep(`${ORGANIZATION}${organizationId}`, claims),
    claimStep('build signer (.9)', definition, claims.buildSignerUri, found => found === definition),
    claimStep(
      'certificate name (SAN)',
      definition,
      claims.san.value,
      found => claims.san.kind === 'uri' && found === definition,
    ),
    ...demands.filter(step => step !== undefined),
  ]
}

/** A pipeline's definition without what stands before each: `projects/…/pipeline-definitions/…`. For showing. */
export function definitionOf({ buildSignerUri }: Claims): string | undefined {
  return buildSignerUri?.startsWith(API) ? buildSignerUri.slice(API.length) : buildSignerUri
}

/** Whom these claims seem to name. A proposal only: it is compared with the claims before anybody sees it. */
export function proposeCircleci(claims: Claims, refs: CircleciPublisher['refs']): CircleciPublisher | undefined {
  const [projectId = '', pipelineDefinitionId = ''] = claims.san.value.slice(PROJECTS.length).split(DEFINITIONS)
  if (!UUID.test(projectId) || !UUID.test(pipelineDefinitionId)) return undefined
  return {
    kind: 'circleci',
    label: 'as observed',
    projectId,
    pipelineDefinitionId,
    organizationId: organizationOf(claims.issuer),
    vcsOrigin: claims.sourceRepositoryUri,
    refs,
  }
}

/** What an index says of a CircleCI publisher; its documents do not have every field yet, and one that is absent says nothing. */
interface CircleciObject {
  readonly project?: string | undefined
  readonly workflow: string | undefined
  readonly repository: string | undefined
}

/** Whether nothing of it is otherwise than the certificate proves. */
export function circleciObjectAgrees({ project, workflow, repository }: CircleciObject, claims: Claims): boolean {
  const [projectId, definitionId] = claims.buildSignerUri?.slice(PROJECTS.length).split(DEFINITIONS) ?? []
  return (
    isCircleciIssuer(claims.issuer) &&
    [
      [project, projectId],
      [workflow, definitionId],
      [repository, claims.sourceRepositoryUri],
    ].every(([said, proved]) => said === undefined || said === proved)
  )
}

/** Claims as they would be if this publisher signed; a test of a policy imagines them. */
export function circleciClaims(publisher: CircleciPublisher, ref: string) {
  const { projectId, pipelineDefinitionId, organizationId, vcsOrigin = 'github.com/acme/example' } = publisher
  const definition = `${PROJECTS}${projectId}${DEFINITIONS}${pipelineDefinitionId}`
  const run = '00000000-0000-4000-8000-000000000000'
  return {
    issuer: organizationId === undefined ? ISSUER : `${ORGANIZATION}${organizationId}`,
    san: { kind: 'uri', value: definition },
    buildSignerUri: definition,
    sourceRepositoryUri: vcsOrigin,
    sourceRepositoryRef: ref,
    buildConfigUri: `${API}pipeline/${run}/config`,
    runInvocationUri: `${API}workflow/${run}/job`,
  } as const satisfies Partial<Claims>
}
