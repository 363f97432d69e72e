import { GateError } from '../../domain/base/errors.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asking, Index } from '../../ports/outward.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { Belonger } from './belonging.ts'
import type { ConnectedSource } from './connected-source.ts'
import { createStrangersPages, type Keeping } from './strangers-pages.ts'

type Answer = Awaited<ReturnType<Index['project']>>

/**
 * Several indexes as one. A name is asked of the source that it belongs to; one that belongs to nobody yet, of each in order until
 * one has it. A source that cannot answer makes the name unknown, and is never the next one's turn. What others say of a name that is lost
 * is kept as long as `keeping` says; default: not at all.
 */
export function createSourcedIndex(belonger: Belonger<ConnectedSource>, keeping?: Keeping): Index {
  const strangersPage = createStrangersPages(keeping)

  /** Throws what a source throws that stands before the one that has the name. */
  async function firstThatHas(
    project: ProjectName,
    sources: readonly ConnectedSource[],
    asking: Asking | undefined,
  ): Promise<Answer> {
    for (const source of sources) {
      const answer = await source.index.project(project, undefined, asking)
      if (answer.kind === 'absent') continue
      const its = await belonger.found(project, source)
      // somebody else was first, in a moment in between: his page is the page
      if (its !== source) return await ask(project, its, undefined, asking)
      return from(source, answer)
    }
    return { kind: 'absent' }
  }

  async function ask(
    project: ProjectName,
    source: ConnectedSource | undefined,
    etag: string | undefined,
    asking: Asking | undefined,
  ): Promise<Answer> {
    if (source === undefined) return { kind: 'absent' }
    const own = ownTag(source, etag)
    const answer = await source.index.project(project, own === undefined ? undefined : { etag: own }, asking)
    return from(source, answer)
  }

  /** The page says whose it is, with a warning of whom it is like, and its tag is given back to nobody else. */
  function from({ rule: { name } }: ConnectedSource, answer: Answer): Answer {
    if (answer.kind !== 'page') return answer
    const { index, etag } = answer
    belonger.seen(index.name)
    const lookalike = belonger.lookalike(index.name)
    const like =
      lookalike === undefined
        ? undefined
        : `${index.name} of ${name} could be taken for ${lookalike}, which another source owns`
    return {
      kind: 'page',
      index: {
        ...index,
        source: name,
        ...(like === undefined ? {} : { warnings: [...(index.warnings ?? []), like] }),
      },
      etag: etag === undefined ? undefined : `${name} ${etag}`,
    }
  }

  async function project(
    name: ProjectName,
    known?: { readonly etag: string | undefined },
    asking?: Asking,
  ): Promise<Answer> {
    const belonging = belonger.now(name)
    if (belonging.kind === 'gone') return { kind: 'absent' }
    if (belonging.kind === 'known') return await ask(name, belonging.source, known?.etag, asking)
    return await firstThatHas(name, belonging.sources, asking)
  }

  async function elsewhere(
    name: ProjectName,
    isMeant: (file: IndexFile) => boolean,
    asking?: Asking,
  ): ReturnType<NonNullable<Index['elsewhere']>> {
    const belonging = belonger.now(name)
    if (belonging.kind === 'open' || (belonging.kind === 'known' && belonging.owned)) return undefined
    const was = belonging.kind === 'gone' ? belonging.was : belonging.source.rule.name
    for (const source of belonger.others(name)) {
      try {
        const page = await strangersPage(source, name, asking)
        if (page?.files.some(isMeant)) return { was, page }
      } catch (error) {
        // it is no answer to anybody that another source is away: the file is not listed where it belongs
        if (!(error instanceof GateError)) throw error
      }
    }
    return undefined
  }

  function whose(name: ProjectName): string | undefined {
    const belonging = belonger.now(name)
    if (belonging.kind === 'gone') return `the name belongs to ${belonging.was}, which is not asked about it any more`
    if (belonging.kind === 'open') {
      const order = belonging.sources.map(({ rule }) => rule.name)
      if (order.length === 0) return 'no source of this index may be asked about it'
      return `it is nobody’s yet: ${order.join(', then ')} ${order.length === 1 ? 'is' : 'are'} asked, and it belongs to the first that has it`
    }
    const { name: its } = belonging.source.rule
    if (belonging.owned) return `the name is owned by ${its}, and nobody else is asked`
    if (belonger.sources.length === 1) return undefined
    return `the name belongs to ${its}, where it was found first`
  }

  return {
    elsewhere,
    whose,
    sourceOf: name => belonger.nameOf(name),
    lookalike: name => belonger.lookalike(name),
    project,
    async legacy(name, version, asking) {
      let belonging = belonger.now(name)
      if (belonging.kind === 'open') {
        await firstThatHas(name, belonging.sources, asking)
        belonging = belonger.now(name)
      }
      return belonging.kind === 'known'
        ? await belonging.source.index.legacy(name, version, asking)
        : { kind: 'absent' }
    },
  }
}

function ownTag({ rule: { name } }: ConnectedSource, etag: string | undefined): string | undefined {
  return etag?.startsWith(`${name} `) ? etag.slice(name.length + 1) : undefined
}

/**
 * The source that a project was found at, for whatever is asked about it after its page; or the one that is named, as long as it may
 * be asked about the project.
 */
export function sourceOf<Source extends ConnectedSource>(
  belonger: Belonger<Source>,
  project: ProjectName,
  named?: SourceName,
): Source {
  const stranger = named === undefined ? undefined : belonger.others(project).find(({ rule }) => rule.name === named)
  if (stranger !== undefined) return stranger
  const belonging = belonger.now(project)
  if (named !== undefined && (belonging.kind !== 'known' || belonging.source.rule.name !== named))
    throw new GateError('not-listed', `${named} is not asked about ${project} any more`)
  if (belonging.kind !== 'known') throw new GateError('not-listed', `no index has ${project} now`)
  return belonging.source
}
