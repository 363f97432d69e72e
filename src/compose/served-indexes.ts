import type { Config } from '../config/schema.ts'
import { type IndexSettings, indexesOf } from '../config/sources.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import { createGate, type GateParts } from '../gate/create-gate.ts'
import { createExplain, type Explain } from '../gate/explain/explain.ts'
import type { RunningGate } from '../gate/gate.ts'
import { createHeldGate } from '../gate/held-gate.ts'
import { besideMemory } from '../gate/judge/beside-memory.ts'
import { createListsOfIndexes } from '../gate/pages/lists-of-indexes.ts'
import { type ApprovedPolicies, withApprovals } from '../gate/policy/approved-policies.ts'
import type { ReloadingPolicies } from '../gate/policy/policies.ts'
import type { ServedIndex } from '../http/exchange/settings.ts'
import type { Holdings, Misses } from '../ports/mirror.ts'
import type { Store } from '../ports/store.ts'
import { createScratch } from '../store/disk/scratch.ts'
import type { Closing } from './closing.ts'
import { gateSettings } from './gate-settings.ts'
import { heldIndexOf } from './held/held-indexes.ts'
import {
  type IndexUpstream,
  onePerSource,
  ownedLookalikes,
  reservedNames,
  sourceAtIndex,
  upstreamOf,
} from './indexes.ts'
import type { SharedBytes } from './shared/bucket.ts'
import { type IndexPolicies, policiesFor } from './sound-start.ts'
import type { ConnectedSources } from './upstream.ts'

interface Parts extends Pick<GateParts, 'verifier' | 'trust' | 'blobs' | 'unaudited' | 'events' | 'clock'> {
  readonly store: Store
  /** what other gates have, too; `undefined`: this one is alone */
  readonly bytes: SharedBytes | undefined
  readonly holdings: Holdings
  readonly misses: Misses
  readonly policies: readonly IndexPolicies[]
  /** `undefined`: offline */
  readonly upstreams: ConnectedSources | undefined
  readonly closing: Closing
  /** the same text without any secret of the configuration */
  readonly clean: (text: string) => string
  readonly listenUrl: () => string
  readonly draining: () => boolean
  /** what webhooks were not told for long; absent where there are none */
  readonly webhooks: (() => string | undefined) | undefined
}

/** An index with the gate that it has. */
export interface GatedIndex {
  readonly gate: RunningGate
  readonly policies: ApprovedPolicies
  /** that of the files, below what was approved */
  readonly base: ReloadingPolicies
  /** A look for a person, beside the gate: it asks the same upstream, and what is learned of it is remembered for nobody. */
  explain(): Explain
  /** Whose a name is, once it was asked about; `undefined` where no sources are named. */
  sourceOf(project: ProjectName): SourceName | undefined
  readonly served: ServedIndex
}

/** Every index of the configuration, each with a gate of its own over what is shared: findings, bytes, trust, connections. */
export async function serveIndexes(config: Config, parts: Parts): Promise<readonly GatedIndex[]> {
  const { store, closing, misses, clock, upstreams } = parts
  const indexes = indexesOf(config)

  const memoryOf = onePerSource(store)
  const scratch = createScratch(config.data)
  const lists = closing.add(createListsOfIndexes({ ...config.index, scratch, areHeld: upstreams === undefined }))
  const lookalikes = upstreams === undefined ? undefined : ownedLookalikes(config, memoryOf)

  async function upstreamFor(own: IndexSettings): Promise<IndexUpstream> {
    if (upstreams !== undefined)
      return await upstreamOf(own, {
        config,
        upstreams,
        memoryOf,
        belongings: store.belongings,
        lookalikes,
        keepList: lists.ofSource,
        clock,
      })
    const { holdings, blobs } = parts
    const { serves: _, ...upstream } = await heldIndexOf(own, {
      config,
      held: holdings,
      blobs,
      memoryOf,
      belongings: store.belongings,
      clock,
    })
    return upstream
  }

  async function serve(own: IndexSettings): Promise<GatedIndex> {
    const { verifier, trust, blobs, bytes, unaudited, events, clean, listenUrl, draining } = parts
    const { rootList, ...upstream } = await upstreamFor(own)
    const rootLists = lists.ofIndex(own, rootList)
    const origin = config.offline || bytes === undefined ? upstream.origin : bytes.origin(upstream.origin)
    const gates = { bucket: bytes?.state, leases: bytes?.leases, webhooks: parts.webhooks }
    const base = policiesFor(parts.policies, own)
    const policies = withApprovals({ base, events })
    const gate = closing.add(
      createGate(
        { ...upstream, ...gates, origin, verifier, trust, store, blobs, unaudited, policies, events, clock },
        { ...gateSettings(config, own, { listenUrl, draining }), clean },
      ),
    )
    const name = indexes.length > 1 ? own.name : undefined
    const asked = config.offline
      ? createHeldGate(gate, { ...reservedNames(config, own), misses, clock, index: name })
      : gate
    const { negativeTtl } = config.findings
    const looks = { ...upstream, verifier, trust, policies, negativeTtl, events, clock }
    const settings = { at: undefined, maxSize: config.files.maxSize, ...reservedNames(config, own) }
    const beside = {
      base,
      explain: () => createExplain({ ...looks, memory: besideMemory(upstream.memory) }, settings),
      sourceOf: (project: ProjectName) => sourceAtIndex(project, { config, own, index: upstream.index }),
    }
    return { gate, policies, ...beside, served: { path: own.path, gate: asked, rootLists, index: own.name, name } }
  }

  const served: GatedIndex[] = []
  for (const own of indexes) served.push(await serve(own))
  return served
}
