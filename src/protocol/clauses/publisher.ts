import { dirname, resolve } from 'node:path'
import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import type { Publisher, WorkflowRef } from '../../domain/identity/publisher.ts'
import type { CustomRoot } from '../../domain/policy/policy.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import type { YamlDocument, YamlPath } from '../yaml/yaml-document.ts'
import { type PublisherText, publisherSchema } from './schema.ts'
import { mappingAt, type Placed } from './sections.ts'

/** Reads the trusted root of a `custom` publisher, and says what is wrong with it. */
export type ReadRoot = (path: string) => CustomRoot | { readonly wrong: string }

/** A trusted root where a policy names it. */
export interface RootUse {
  /** the file of the policy */
  readonly file: string
  /** the path as it is written there */
  readonly written: string
  readonly digest: CustomRoot['digest']
}

/** The trusted roots that a policy names: each file is read once. */
export class NamedRoots {
  readonly #read: ReadRoot
  readonly uses: RootUse[] = []
  readonly #known = new Map<string, ReturnType<ReadRoot>>()

  constructor(read: ReadRoot) {
    this.#read = read
  }

  /** `written` in a file of the policy, and relative to it. */
  get(file: string, written: string): ReturnType<ReadRoot> {
    const path = resolve(dirname(file), written)
    const known = this.#known.get(path) ?? this.#read(path)
    this.#known.set(path, known)
    if (!('wrong' in known)) this.uses.push({ file, written, digest: known.digest })
    return known
  }

  get files(): readonly string[] {
    return [...this.#known.keys()]
  }

  /** Each once, in the order of their digests. */
  get roots(): readonly CustomRoot[] {
    const byDigest = new Map([...this.#known.values()].flatMap(root => ('wrong' in root ? [] : [[root.digest, root]])))
    return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  }
}

export interface NamedPublisher extends Placed<unknown> {
  readonly name: string
  /** `undefined` while the schema has something against it */
  readonly publisher: Publisher | undefined
}

/** A publisher of the file as the domain compares it; `undefined` when a diagnostic was added. */
export function compilePublisher(
  name: string | undefined,
  text: PublisherText,
  document: YamlDocument,
  path: YamlPath,
  roots: NamedRoots,
  diagnostics: Diagnostic[],
): Publisher | undefined {
  if (text.kind === 'custom') {
    const { issuer, san } = text
    const root = roots.get(document.file, text.trusted_root)
    if (!('wrong' in root)) return { kind: 'custom', label: name ?? `custom ${issuer}`, issuer, san, root: root.digest }
    diagnostics.push(document.at([...path, 'trusted_root'], root.wrong))
    return undefined
  }
  if (text.kind === 'google') return { kind: 'google', label: name ?? `google ${text.email}`, email: text.email }
  if (text.kind === 'circleci')
    return {
      kind: 'circleci',
      label: name ?? `circleci ${text.project_id}`,
      projectId: text.project_id,
      pipelineDefinitionId: text.pipeline_definition_id,
      organizationId: text.organization_id,
      vcsOrigin: text.vcs_origin,
      refs: many(text.ref),
    }
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
  if (workflows === undefined) return undefined
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
    signer: signer === undefined ? undefined : workflowRefOf(signer),
  }
}

function many(value: string | readonly string[] | undefined): NonEmpty<string> | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? [value] : nonEmpty(value)
}

export function workflowRefOf({
  workflow,
  ref,
}: {
  readonly workflow: string
  readonly ref: string | readonly string[]
}): WorkflowRef {
  const refs = nonEmpty(typeof ref === 'string' ? [ref] : ref)
  if (refs === undefined) throw new TypeError('the schema lets no empty list of refs through')
  return { workflow, refs }
}

/** The publishers that a policy names, each time that it names them. */
export function readPublishers(
  documents: readonly YamlDocument[],
  roots: NamedRoots,
  diagnostics: Diagnostic[],
): readonly NamedPublisher[] {
  const publishers: NamedPublisher[] = []
  for (const document of documents) {
    for (const [name, value] of Object.entries(mappingAt(document, 'publishers'))) {
      const path = ['publishers', name]
      const { data } = publisherSchema.safeParse(value)
      const publisher =
        data === undefined ? undefined : compilePublisher(name, data, document, path, roots, diagnostics)
      publishers.push({ name, value, document, path, publisher })
    }
  }
  return publishers
}
