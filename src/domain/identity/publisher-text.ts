import type { CircleciPublisher } from './circleci.ts'
import type { ObservedPublisher, WorkflowRef } from './publisher.ts'

/** Publishers as a rule lists them in YAML. */
export function publisherList(...publishers: readonly ObservedPublisher[]): string {
  return lines(
    'publishers:',
    ...publishers.flatMap(publisher => {
      const [first, ...others] = publisherKeys(publisher)
      return [`  - ${first}`, ...others.map(line => `    ${line}`)]
    }),
  )
}

/** The keys of one publisher, a line each. */
export function publisherKeys(publisher: ObservedPublisher): readonly string[] {
  if (publisher.kind === 'google') return ['kind: google', `email: ${scalar(publisher.email)}`]
  if (publisher.kind === 'circleci') return circleciKeys(publisher)
  const { refs, environment, repositoryId, ownerId } = publisher
  const github = publisher.kind === 'github'
  const own = github
    ? ['kind: github', `repository: ${scalar(publisher.repository)}`, `workflow: ${flow(publisher.workflows)}`]
    : ['kind: gitlab', `project: ${scalar(publisher.project)}`, `config: ${scalar(publisher.config)}`]
  return [
    ...own,
    refs && `ref: ${flow(refs)}`,
    environment && `environment: ${scalar(environment)}`,
    repositoryId && `${github ? 'repository_id' : 'project_id'}: ${JSON.stringify(repositoryId)}`,
    ownerId && `owner_id: ${JSON.stringify(ownerId)}`,
    github && publisher.signer && `signer: ${signerText(publisher.signer)}`,
  ].filter((line): line is string => typeof line === 'string' && line !== '')
}

function circleciKeys(publisher: CircleciPublisher): readonly string[] {
  const { projectId, pipelineDefinitionId, organizationId, vcsOrigin, refs } = publisher
  return [
    'kind: circleci',
    `project_id: ${JSON.stringify(projectId)}`,
    `pipeline_definition_id: ${JSON.stringify(pipelineDefinitionId)}`,
    organizationId && `organization_id: ${JSON.stringify(organizationId)}`,
    vcsOrigin && `vcs_origin: ${scalar(vcsOrigin)}`,
    refs && `ref: ${flow(refs)}`,
  ].filter(line => typeof line === 'string')
}

function signerText({ workflow, refs }: WorkflowRef): string {
  return `{ workflow: ${scalar(workflow)}, ref: ${flow(refs)} }`
}

/** One as it is, several as a list. */
function flow(items: readonly string[]): string {
  const [only, ...others] = items
  return only !== undefined && others.length === 0 ? scalar(only) : `[${items.map(scalar).join(', ')}]`
}

/** Plain where nothing else can be read into it, double-quoted (JSON is YAML) otherwise. */
export function scalar(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) && !/^(?:true|false|null)$/i.test(text) ? text : JSON.stringify(text)
}

export function lines(...parts: readonly string[]): string {
  return parts.join('\n')
}

export function indent(spaces: number, text: string): string {
  return text.replace(/^/gm, ' '.repeat(spaces))
}
