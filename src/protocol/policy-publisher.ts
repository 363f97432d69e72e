import { type NonEmpty, nonEmpty } from '../domain/brand.ts'
import type { Publisher } from '../domain/publisher.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { PublisherText } from './policy-schema.ts'
import type { YamlDocument, YamlPath } from './yaml-document.ts'

/** A publisher of the file as the domain compares it; `undefined` when a diagnostic was added. */
export function compilePublisher(
  name: string | undefined,
  text: PublisherText,
  document: YamlDocument,
  path: YamlPath,
  diagnostics: Diagnostic[],
): Publisher | undefined {
  if (text.kind === 'google') return { kind: 'google', label: name ?? `google ${text.email}`, email: text.email }
  const demands = {
    refs: many(text.ref),
    environment: text.environment,
    ownerId: text.owner_id,
    visibility: text.visibility,
    runner: text.runner,
    triggers: many(text.trigger),
  }
  if (text.kind === 'gitlab') {
    const { project, config, project_id: repositoryId } = text
    return { kind: 'gitlab', label: name ?? `gitlab ${project}`, ...demands, project, config, repositoryId }
  }
  const { repository, repository_id: repositoryId, signer } = text
  const workflows = many(text.workflow)
  const signerRefs = many(signer?.ref)
  if (workflows === undefined || (signer !== undefined && signerRefs === undefined)) return undefined
  const wide = repository.endsWith('/*') ? 'repository' : workflows.includes('*') ? 'workflow' : undefined
  // a name with a star could be anybody's tomorrow: only the immutable id says whose it is
  if (wide !== undefined && text.owner_id === undefined) {
    diagnostics.push(document.at([...path, wide], `a "*" needs an owner_id beside it`))
    return undefined
  }
  return {
    kind: 'github',
    label: name ?? `github ${repository}`,
    ...demands,
    repository,
    repositoryId,
    workflows,
    signer:
      signer === undefined || signerRefs === undefined ? undefined : { workflow: signer.workflow, refs: signerRefs },
  }
}

function many(value: string | readonly string[] | undefined): NonEmpty<string> | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? [value] : nonEmpty(value)
}
