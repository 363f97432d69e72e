import type { NonEmpty } from '../../domain/base/brand.ts'
import { nonEmpty } from '../../domain/base/brand.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import type { ObservedPublisher } from '../../domain/identity/publisher.ts'
import { publisherKeys, scalar } from '../../domain/identity/publisher-text.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'

/** Who signed for a project. */
export interface Signed {
  readonly project: ProjectName
  readonly publisher: ObservedPublisher
}

/** Publishers as a policy names them. */
export interface WrittenPublishers {
  /** how many there are, however they are written */
  readonly count: number
  /** lines below `publishers:`, for those that several projects share */
  readonly lines: readonly string[]
  /** items of the list `publishers` of a project's rule; empty where nobody signed */
  of(project: ProjectName): readonly string[]
}

/** Each publisher once, with the refs of all that it signed: by name where several projects share it, else in the rule itself. */
export function writePublishers(signed: readonly Signed[], taken: readonly string[]): WrittenPublishers {
  const groups = [...Map.groupBy(signed, ({ publisher }) => keyOf(publisher)).values()].flatMap(same => {
    const projects = new Set(same.map(({ project }) => project))
    return mergeAll(same.map(it => it.publisher)).map(publisher => ({ publisher, projects }))
  })
  const names = new Set(taken)
  const written = groups
    .map(({ publisher, projects }) => ({ text: inline(publisher), stem: nameOf(publisher), projects }))
    .sort((a, b) => (a.stem < b.stem || (a.stem === b.stem && a.text < b.text) ? -1 : 1))
    .map(({ text, stem, projects }) => {
      if (projects.size === 1) return { item: text, line: [], projects }
      let name = stem
      for (let number = 2; names.has(name); number += 1) name = `${stem}-${number}`
      names.add(name)
      return { item: scalar(name), line: [`  ${scalar(name)}: ${text}`], projects }
    })
  return {
    count: written.length,
    lines: written.flatMap(({ line }) => line),
    of: project => written.flatMap(({ item, projects }) => (projects.has(project) ? [item] : [])),
  }
}

/** Each publisher once, with the refs of all that it signed. */
export function mergeAll(publishers: readonly ObservedPublisher[]): readonly ObservedPublisher[] {
  return [...Map.groupBy(publishers, keyOf).values()].flatMap(same => {
    const [first] = same
    return first === undefined ? [] : [mergeRefs(first, same)]
  })
}

function inline(publisher: ObservedPublisher): string {
  return `{ ${publisherKeys(publisher).join(', ')} }`
}

/** What makes a publisher another one; refs of the same are joined. */
function keyOf(publisher: ObservedPublisher): string {
  switch (publisher.kind) {
    case 'google':
      return JSON.stringify([publisher.kind, publisher.email])
    case 'github': {
      const { repository, workflows, repositoryId, ownerId, environment, signer } = publisher
      return JSON.stringify(['github', repository, workflows, repositoryId, ownerId, environment, signer?.workflow])
    }
    case 'gitlab': {
      const { project, config, repositoryId, ownerId, environment } = publisher
      return JSON.stringify(['gitlab', project, config, repositoryId, ownerId, environment])
    }
    case 'circleci': {
      const { projectId, pipelineDefinitionId, organizationId, vcsOrigin } = publisher
      return JSON.stringify(['circleci', projectId, pipelineDefinitionId, organizationId, vcsOrigin])
    }
    default:
      return publisher satisfies never
  }
}

/** A certificate without a ref can be demanded no ref of. */
function mergeRefs(first: ObservedPublisher, same: readonly ObservedPublisher[]): ObservedPublisher {
  if (first.kind === 'google') return first
  const refs = same.map(publisher => (publisher.kind === 'google' ? undefined : publisher.refs))
  const joined = refs.some(own => own === undefined) ? undefined : unique(refs.flatMap(own => own ?? []))
  if (first.kind === 'gitlab' || first.kind === 'circleci') return { ...first, refs: joined }
  const signerRefs = unique(
    same.flatMap(publisher => (publisher.kind === 'github' ? (publisher.signer?.refs ?? []) : [])),
  )
  const signer =
    first.signer === undefined || signerRefs === undefined ? undefined : { ...first.signer, refs: signerRefs }
  return { ...first, refs: joined, signer }
}

function unique(texts: readonly string[]): NonEmpty<string> | undefined {
  return nonEmpty([...new Set(texts)].sort())
}

/**
 * A name that says who it is, and the same for the same publisher in whatever policy it is written: what else makes it another one
 * stands behind it as a digest.
 */
export function nameOf(publisher: ObservedPublisher): string {
  const words = plain(wordsOf(publisher).join('-')).slice(0, 54)
  if (isOrdinary(publisher)) return words
  return `${words}-${sha256Of(publisherKeys(publisher).join('\n')).slice(0, 6)}`
}

/** Nothing but its words and what belongs to them. */
function isOrdinary(publisher: ObservedPublisher): boolean {
  if (publisher.kind === 'google') return true
  const onTags = publisher.refs?.join() === 'refs/tags/*'
  return onTags && (publisher.kind !== 'github' || (publisher.signer === undefined && publisher.workflows.length === 1))
}

function wordsOf(publisher: ObservedPublisher): readonly string[] {
  if (publisher.kind === 'google') return [publisher.email]
  if (publisher.kind === 'circleci')
    return [publisher.vcsOrigin ?? 'circleci', publisher.pipelineDefinitionId.slice(0, 8)]
  const [repository, file] =
    publisher.kind === 'github' ? [publisher.repository, publisher.workflows[0]] : [publisher.project, publisher.config]
  return [
    repository,
    file.replace(/\.ya?ml$/, ''),
    ...(publisher.environment === undefined ? [] : [publisher.environment]),
  ]
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9._]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'publisher'
}
