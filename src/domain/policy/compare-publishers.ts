import { describeWorkflow, type Publisher } from '../identity/publisher.ts'
import type { Change, Effect } from './change.ts'

/**
 * Publishers of two rules, by who they are: one whose demands differ is the same publisher with other demands. Several of
 * one name are compared whole.
 */
export function comparePublishers(old: readonly Publisher[], fresh: readonly Publisher[]): readonly Change[] {
  const unsaid = fresh.filter(publisher => !old.some(other => isSame(publisher, other)))
  const gone = old.filter(publisher => !fresh.some(other => isSame(publisher, other)))
  const changed = unsaid.flatMap(publisher => {
    const before = gone.filter(other => nameOf(other) === nameOf(publisher))
    const [only] = before
    const alone = before.length === 1 && unsaid.filter(other => nameOf(other) === nameOf(publisher)).length === 1
    return only !== undefined && alone ? [{ before: only, after: publisher }] : []
  })
  const paired = new Set(changed.flatMap(({ before, after }) => [before, after]))
  const whole = (list: readonly Publisher[], effect: Effect, what: string): readonly Change[] =>
    list
      .filter(publisher => !paired.has(publisher))
      .map(publisher => ({ effect, text: `publishers: ${describePublisher(publisher)} was ${what}` }))
  return [
    ...whole(unsaid, 'wider', 'added'),
    ...whole(gone, 'stricter', 'removed'),
    ...changed.flatMap(({ before, after }) => compareDemands(before, after)),
  ]
}

/** Who it is and what is demanded of it, in one line; not how the policy calls it. */
export function describePublisher(publisher: Publisher): string {
  const demands = demandsOf(publisher).flatMap(({ key, values }) =>
    values === undefined ? [] : [`${key} ${values.join(' or ')}`],
  )
  return [nameOf(publisher), ...demands].join(', ')
}

function isSame(one: Publisher, other: Publisher): boolean {
  return describePublisher(one) === describePublisher(other)
}

function nameOf(publisher: Publisher): string {
  switch (publisher.kind) {
    case 'github':
      return `kind github, repository ${publisher.repository}`
    case 'gitlab':
      return `kind gitlab, project ${publisher.project}`
    case 'google':
      return `kind google, email ${publisher.email}`
    case 'circleci':
      return `kind circleci, project_id ${publisher.projectId}`
    case 'custom':
      return `kind custom, issuer ${publisher.issuer}, san ${publisher.san}`
    default:
      return publisher satisfies never
  }
}

interface Demand {
  readonly key: string
  /** any of which will do, in order; `undefined` demands nothing */
  readonly values: readonly string[] | undefined
}

function demandsOf(publisher: Publisher): readonly Demand[] {
  if (publisher.kind === 'google') return []
  if (publisher.kind === 'custom') return [{ key: 'trusted root', values: [publisher.root] }]
  const one = (key: string, value: string | undefined): Demand => ({
    key,
    values: value === undefined ? value : [value],
  })
  const many = (key: string, values: readonly string[] | undefined): Demand => ({ key, values: values?.toSorted() })
  if (publisher.kind === 'circleci') {
    const { pipelineDefinitionId, organizationId, vcsOrigin, refs } = publisher
    return [
      one('pipeline_definition_id', pipelineDefinitionId),
      one('organization_id', organizationId),
      one('vcs_origin', vcsOrigin),
      many('ref', refs),
    ]
  }
  const { refs, environment, repositoryId, ownerId, visibility, runner, triggers } = publisher
  return [
    publisher.kind === 'github' ? many('workflow', publisher.workflows) : one('config', publisher.config),
    many('ref', refs),
    one('environment', environment),
    one(publisher.kind === 'github' ? 'repository_id' : 'project_id', repositoryId),
    one('owner_id', ownerId),
    one('visibility', visibility),
    one('runner', runner),
    many('trigger', triggers),
    one(
      'signer',
      publisher.kind === 'github' && publisher.signer !== undefined ? describeWorkflow(publisher.signer) : undefined,
    ),
  ]
}

function compareDemands(before: Publisher, after: Publisher): readonly Change[] {
  const old = new Map(demandsOf(before).map(({ key, values }) => [key, values]))
  return demandsOf(after).flatMap(({ key, values }): readonly Change[] => {
    const was = old.get(key)
    if (was?.join(' ') === values?.join(' ')) return []
    const told = (demand: readonly string[] | undefined) => demand?.join(' or ') ?? 'any'
    return [
      {
        effect: effectOf(key, was, values),
        text: `publishers: ${nameOf(after)}: ${key}: ${told(was)} became ${told(values)}`,
      },
    ]
  })
}

function effectOf(key: string, was: readonly string[] | undefined, is: readonly string[] | undefined): Effect {
  // without a signer the workflow signs for itself; without a trigger all but one will do
  if (key === 'signer' || (key === 'trigger' && [...(was ?? []), ...(is ?? [])].includes('pull_request_target')))
    return 'other'
  if (was === undefined) return 'stricter'
  if (is === undefined) return 'wider'
  if (was.every(value => is.includes(value))) return 'wider'
  return is.every(value => was.includes(value)) ? 'stricter' : 'other'
}
