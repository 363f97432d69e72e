import type { Config } from '../../config/schema.ts'
import { type IndexSettings, indexesOf, sourcesOf } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { HELD, type Source } from '../../domain/memory/source.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { type Holder, holderOf } from '../../domain/sources/holder.ts'
import { withEarlier } from '../../gate/records/earlier-memory.ts'
import { type Belonger, createBelonger } from '../../gate/sources/belonging.ts'
import type { ConnectedSource } from '../../gate/sources/connected-source.ts'
import { createLastingBelongings } from '../../gate/sources/lasting-belongings.ts'
import { createNamedIndex } from '../../gate/sources/named-index.ts'
import { createSourcedUpstream } from '../../gate/sources/sourced-upstream.ts'
import { createUnionRootList } from '../../gate/sources/union-root-list.ts'
import type { Belongings } from '../../ports/belongings.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Memory } from '../../ports/memory.ts'
import type { HeldProjects } from '../../ports/mirror.ts'
import type { ResumableOrigin } from '../../ports/outward.ts'
import { parseUpstreamBase } from '../../protocol/simple/upstream-base.ts'
import { heldOfSource, heldUndivided, heldWhere } from '../../store/held/held-by-source.ts'
import { createHeldRootList } from '../../store/held/held-root-list.ts'
import { createHeldUpstream } from '../../store/held/held-upstream.ts'
import {
  behindAtIndex,
  type IndexUpstream,
  knownBefore,
  lookalikesOf,
  placedSources,
  placeOf,
  sourceByConfiguration,
} from '../indexes.ts'
import { heldMemorySources, memorySource } from '../upstream.ts'

interface Options {
  readonly config: Config
  readonly held: HeldProjects
  readonly blobs: Pick<Blobs, 'open'>
  /** what is remembered of what is held: of one source, or of all (`HELD`) */
  readonly memoryOf: (source: Source) => Promise<Memory>
  readonly belongings: (index: string) => Belongings
  readonly clock: Clock
}

/** What stands in the place of an index's upstream where there is no network. */
export interface HeldIndex extends IndexUpstream {
  /** Whether the file is of the source that its name belongs to here, so that this index lists it; or of another where that one has nothing of it. */
  serves(file: HeldFile): Promise<boolean>
}

/**
 * An index over what a mirror holds: of several sources, each has its own files and nobody else's, and a name belongs to one of them
 * by the rules that hold where there is a network. A configuration that names no sources has one, which is all that is held.
 */
export async function heldIndexOf(own: IndexSettings, options: Options): Promise<HeldIndex> {
  const { config, held, blobs, memoryOf, belongings, clock } = options
  if (config.sources === undefined) {
    const all = heldUndivided(held)
    const { index, ...upstream } = createHeldUpstream(all, blobs)
    const named = createNamedIndex(index, sourceByConfiguration(config, own))
    const rootList = createHeldRootList(held)
    return { ...upstream, index: named, rootList, memory: await memoryOf(HELD), serves: async () => true }
  }
  const holders = holdersOf(config)
  const everywhere = holders.map(({ rule }) => rule)
  const holder = (file: HeldFile) => holderOf(file, holders)
  const ofSource = (name: Holder['rule']['name']) => heldOfSource(held, { name, holderOf: holder })
  const its = createLastingBelongings(belongings(placeOf(own)), placedSources(config))
  const behind = behindAtIndex(config, own)
  /** What was fetched at an index that asks fewer says nothing of those that come first here, as long as the name is nobody's. */
  function isInTurn(file: HeldFile, name: Holder['rule']['name']): boolean {
    const known = file.behind
    if (known === undefined || its.of(file.project) === name) return true
    return (behind(file.project, name) ?? []).every(before => known.includes(before))
  }
  /** What was remembered of all that is held stays known where its sources are named. */
  async function withAllBefore(source: Source, before: readonly Source[]): Promise<Memory> {
    let memory = await memoryOf(source)
    for (const one of before) memory = withEarlier(memory, await memoryOf(one))
    return memory
  }
  const sources = await Promise.all(
    own.sources.flatMap(name => {
      const source = sourcesOf(config).find(({ rule }) => rule.name === name)
      if (source === undefined) return []
      const inTurn = heldWhere(ofSource(name), file => isInTurn(file, name))
      const [at, before] = heldMemorySources(source)
      return [heldSource(inTurn, { rule: source.rule, blobs, memory: withAllBefore(at, [before, HELD]) })]
    }),
  )
  const lookalikes = await lookalikesOf(holders, ({ rule }) => ofSource(rule.name).projects())
  await its.takeOver(own.name, indexesOf(config).map(placeOf))
  if (sources.length > 1 && !its.hasBegun()) {
    const online = sourcesOf(config).filter(({ rule }) => own.sources.includes(rule.name))
    const known = online.map(async one => ({ rule: one.rule, memory: await memoryOf(memorySource(one)) }))
    await its.begin(await knownBefore(await Promise.all(known), everywhere), clock(), own.name)
  }
  const belonger = createBelonger({
    sources,
    everywhere,
    belongings: its,
    clock,
    lookalikes,
  })
  return {
    ...createSourcedUpstream(belonger),
    rootList: createUnionRootList({ sources, everywhere }),
    async serves(file) {
      const name = holder(file)
      const isIts = name !== undefined && isInTurn(file, name) && (await whose(file.project, belonger)) === name
      return isIts || (await isMoved(file.project, name, belonger))
    },
  }
}

/** What tells which held files are a source's own. */
export function holdersOf(config: Config): readonly Holder[] {
  return sourcesOf(config).map(({ rule, index, files }) => ({
    rule,
    places: [...new Set([...files, index].map(url => parseUpstreamBase(url, 'a source').href))],
  }))
}

interface HeldSource extends ConnectedSource<ResumableOrigin>, Pick<IndexUpstream, 'rootList'> {
  readonly held: HeldProjects
}

async function heldSource(
  held: HeldProjects,
  { rule, blobs, memory }: Pick<Options, 'blobs'> & Pick<HeldSource, 'rule'> & { readonly memory: Promise<Memory> },
): Promise<HeldSource> {
  return {
    ...createHeldUpstream(held, blobs),
    rule,
    memory: await memory,
    rootList: createHeldRootList(held),
    held,
  }
}

/** The source that a name belongs to, or would when it is asked for. */
async function whose(
  project: ProjectName,
  belonger: Belonger<HeldSource>,
): Promise<HeldSource['rule']['name'] | undefined> {
  const belonging = nowOrElsewhere(project, belonger)
  if (belonging?.kind === 'known') return belonging.source.rule.name
  if (belonging?.kind === 'open')
    for (const { rule, held } of belonging.sources) if ((await held.of(project)).length > 0) return rule.name
  return undefined
}

/** The name belongs to a source that holds nothing of it, and this one may be asked: the door says of such a file whether it is waived. */
async function isMoved(
  project: ProjectName,
  its: HeldSource['rule']['name'] | undefined,
  belonger: Belonger<HeldSource>,
): Promise<boolean> {
  const belonging = nowOrElsewhere(project, belonger)
  if (belonging?.kind !== 'known' || belonging.owned || (await belonging.source.held.of(project)).length > 0)
    return false
  return belonger.others(project).some(({ rule }) => rule.name === its)
}

/** `undefined`: a source owns the name that the index lacks. */
function nowOrElsewhere(
  project: ProjectName,
  belonger: Belonger<HeldSource>,
): ReturnType<Belonger<HeldSource>['now']> | undefined {
  try {
    return belonger.now(project)
  } catch (error) {
    if (error instanceof GateError && error.code === 'internal') return undefined
    throw error
  }
}
