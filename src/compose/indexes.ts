import type { Config } from '../config/schema.ts'
import { type IndexSettings, indexesOf, sourcesOf } from '../config/sources.ts'
import { matchesName } from '../domain/base/glob.ts'
import type { Clock } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import { HELD, type Source } from '../domain/memory/source.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { PlacedSource } from '../domain/sources/lasting-name.ts'
import { Lookalikes } from '../domain/sources/lookalikes.ts'
import type { Reserved } from '../domain/sources/readings.ts'
import { askable, askedBefore, isOwned, ownerOf, type SourceRule } from '../domain/sources/source-rule.ts'
import { createBelonger } from '../gate/sources/belonging.ts'
import type { ConnectedSource } from '../gate/sources/connected-source.ts'
import { createLastingBelongings } from '../gate/sources/lasting-belongings.ts'
import { createNamedIndex } from '../gate/sources/named-index.ts'
import { createSourcedUpstream, type SourcedUpstream } from '../gate/sources/sourced-upstream.ts'
import { createUnionRootList } from '../gate/sources/union-root-list.ts'
import type { Belongings } from '../ports/belongings.ts'
import type { Memory } from '../ports/memory.ts'
import type { Index, ResumableOrigin, RootList } from '../ports/outward.ts'
import type { Store } from '../ports/store.ts'
import type { RecordedIndex } from '../store/sqlite/read-records.ts'
import { type ConnectedSources, heldMemorySources, memorySource } from './upstream.ts'

/** What an index asks and remembers: of one source its own ports, of several what chooses among them. */
export interface IndexUpstream extends SourcedUpstream {
  readonly rootList: RootList
}

interface Options {
  readonly config: Config
  readonly upstreams: ConnectedSources
  /** what is remembered of a source; the same for every index that has it */
  readonly memoryOf: (source: Source) => Promise<Memory>
  readonly belongings: (index: string) => Belongings
  /** names that somebody else has seen a source have: what a gate has written down, for a command; default: none */
  readonly seenBesides?: ((source: Source) => Promise<readonly ProjectName[]>) | undefined
  /** one for all indexes; default: one of its own */
  readonly lookalikes?: Promise<Lookalikes> | undefined
  /** what keeps the list of a source for all indexes that have it among others; default: nothing does */
  readonly keepList?: ((source: SourceName, list: RootList) => RootList) | undefined
  readonly clock: Clock
}

/** The upstream of an index. */
export async function upstreamOf(settings: IndexSettings, options: Options): Promise<IndexUpstream> {
  const { config, upstreams, memoryOf, belongings, keepList = (_, list) => list, clock } = options
  const all = sourcesOf(config)
  const own = settings.sources.flatMap(name => all.find(({ rule }) => rule.name === name) ?? [])
  const [only] = own
  // it may be asked about everything, so that there is nothing to choose
  if (only !== undefined && all.length === 1 && only.rule.only === undefined) {
    const upstream = upstreams.of(only.rule.name)
    const index = createNamedIndex(upstream.index, () => only.rule.name)
    return { ...upstream, index, memory: await memoryOf(memorySource(only)) }
  }
  const connected = await Promise.all(
    own.map(
      async (source): Promise<ConnectedSource<ResumableOrigin> & { readonly rootList: RootList }> => ({
        ...upstreams.of(source.rule.name),
        rule: source.rule,
        memory: await memoryOf(memorySource(source)),
      }),
    ),
  )
  const everywhere = all.map(({ rule }) => rule)
  const its = createLastingBelongings(belongings(placeOf(settings)), placedSources(config))
  if (connected.length > 1) {
    await its.takeOver(settings.name, indexesOf(config).map(placeOf))
    if (!its.hasBegun()) await its.begin(await knownBefore(connected, everywhere), clock(), settings.name)
  }
  const belonger = createBelonger({
    sources: connected,
    everywhere,
    belongings: its,
    clock,
    lookalikes: await (options.lookalikes ?? ownedLookalikes(config, memoryOf, options.seenBesides)),
  })
  return {
    ...createSourcedUpstream(belonger, { clock, maxAge: config.index.maxAge }),
    rootList: createUnionRootList({
      sources: connected.map(({ rule, rootList }) => ({ rule, rootList: keepList(rule.name, rootList) })),
      everywhere,
    }),
  }
}

/** One memory of each source for all who ask: whatever an index learns of a source, the others know. */
export function onePerSource(store: Pick<Store, 'memory'>): (source: Source) => Promise<Memory> {
  const memories = new Map<Source, Promise<Memory>>()
  return source => {
    const known = memories.get(source) ?? store.memory(source)
    memories.set(source, known)
    return known
  }
}

/** The path that an index is at: what is written down of an index stands under it, whatever it is called. */
export function placeOf({ path }: Pick<IndexSettings, 'path'>): string {
  return path === '' ? '/' : path
}

/** Every source of the configuration, with what lasts of it. */
export function placedSources(config: Config): readonly PlacedSource[] {
  return sourcesOf(config).map(source => ({ name: source.rule.name, place: memorySource(source) }))
}

/** What a name could be taken for: the names that are owned as they stand in the configuration, and those that their owners were seen to have. */
export async function ownedLookalikes(
  config: Config,
  memoryOf: Options['memoryOf'],
  seenBesides: NonNullable<Options['seenBesides']> = async () => [],
): Promise<Lookalikes> {
  const all = sourcesOf(config)
  return await lookalikesOf(all, async source => {
    const own = memorySource(source)
    return [...(await (await memoryOf(own)).names()), ...(await seenBesides(own))]
  })
}

/** The names that sources own as they stand in the configuration, and those among what each of them has. */
export async function lookalikesOf<Owner extends { readonly rule: SourceRule }>(
  all: readonly Owner[],
  namesOf: (source: Owner) => Promise<readonly ProjectName[]>,
): Promise<Lookalikes> {
  const lookalikes = new Lookalikes(all.flatMap(({ rule }) => rule.owns.filter(glob => !glob.includes('*'))))
  for (const source of all) {
    const { owns } = source.rule
    for (const name of owns.length > 0 ? await namesOf(source) : [])
      if (owns.some(glob => matchesName(glob, name))) lookalikes.add(name)
  }
  return lookalikes
}

/** What sources are known to have of what they may be asked about in order. */
export async function knownBefore(
  sources: readonly Pick<ConnectedSource, 'rule' | 'memory'>[],
  everywhere: readonly SourceRule[],
): Promise<readonly (readonly [ProjectName, SourceName])[]> {
  const known: (readonly [ProjectName, SourceName])[] = []
  for (const { rule, memory } of sources)
    for (const project of await memory.names()) {
      const whom = askable(project, { here: [rule], everywhere })
      if (whom.kind === 'in-order' && whom.sources.length > 0) known.push([project, rule.name])
    }
  return known
}

/** Whose word the gate of this configuration goes by at an index: what is remembered is remembered of it. */
export function recordedIndex(config: Config, settings: IndexSettings): RecordedIndex {
  const { name, sources } = settings
  const index = placeOf(settings)
  const everywhere = sourcesOf(config).map(({ rule }) => rule)
  const its = {
    index,
    name,
    everywhere: placedSources(config),
    owner: (project: ProjectName) => ownerOf(project, everywhere),
  }
  const own = sourcesOf(config).filter(({ rule }) => sources.includes(rule.name))
  if (config.offline) {
    if (config.sources === undefined) return { index, name, sources: [{ name: undefined, source: HELD }] }
    const named = own.flatMap(one => heldMemorySources(one).map(source => ({ name: one.rule.name, source })))
    return { ...its, sources: [...named, { name: undefined, source: HELD }] }
  }
  return { ...its, sources: own.map(source => ({ name: source.rule.name, source: memorySource(source) })) }
}

/** The rules of all sources, and of those that an index has, in the order of the configuration. */
export function rulesAt(
  config: Config,
  { sources }: Pick<IndexSettings, 'sources'>,
): { readonly everywhere: readonly SourceRule[]; readonly here: readonly SourceRule[] } {
  const everywhere = sourcesOf(config).map(({ rule }) => rule)
  return { everywhere, here: everywhere.filter(({ name }) => sources.includes(name)) }
}

/** Names that an index asks nobody about: those of `index.internal`, and those whose owner it does not have. */
export function internalNames(config: Config, own: IndexSettings): (project: ProjectName) => boolean {
  const rules = rulesAt(config, own)
  const { internal } = config.index
  return project => internal.some(glob => matchesName(glob, project)) || askable(project, rules).kind === 'elsewhere'
}

/** The source of a name as far as the configuration alone tells: its owner, or the only one that may be asked about it. */
export function sourceByConfiguration(
  config: Config,
  own: IndexSettings,
): (project: ProjectName) => SourceName | undefined {
  const rules = rulesAt(config, own)
  return project => {
    const whom = askable(project, rules)
    if (whom.kind === 'owned') return whom.by
    return whom.kind === 'in-order' && whom.sources.length === 1 ? whom.sources[0] : undefined
  }
}

/** Names that some source owns. */
export function ownedNames(config: Config): (project: ProjectName) => boolean {
  const everywhere = sourcesOf(config).map(({ rule }) => rule)
  return project => isOwned(project, everywhere)
}

/** Both of them. */
export function reservedNames(config: Config, own: IndexSettings): Reserved {
  return { isInternal: internalNames(config, own), isOwned: ownedNames(config) }
}

/** Whose a name is at an index, once its page was read; `undefined` where the configuration names no sources. */
export function sourceAtIndex(
  project: ProjectName,
  { config, own, index }: { readonly config: Config; readonly own: IndexSettings; readonly index: Index },
): SourceName | undefined {
  if (config.sources === undefined) return undefined
  return index.sourceOf === undefined ? own.sources[0] : index.sourceOf(project)
}

/** Whom an index may ask about a name before it asks a source of its; `undefined` where there is no choice. */
export function behindAtIndex(
  config: Config,
  { sources }: IndexSettings,
): (project: ProjectName, source: SourceName) => readonly SourceName[] | undefined {
  const everywhere = sourcesOf(config).map(({ rule }) => rule)
  const here = sources.flatMap(name => everywhere.find(rule => rule.name === name) ?? [])
  return (project, source) => (everywhere.length < 2 ? undefined : askedBefore(source, project, { here, everywhere }))
}
