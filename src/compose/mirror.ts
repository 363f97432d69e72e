import { join } from 'node:path'
import { archiveBytes } from '../carry/archive-form.ts'
import { createEvidenceFolder } from '../carry/evidence-folder.ts'
import { createFolderReader } from '../carry/folder-reader.ts'
import { createFolderWriter } from '../carry/folder-writer.ts'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { type IndexSettings, indexesOf, indexNamed, sourcesOf } from '../config/sources.ts'
import { type Sha256, sha256Of } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'
import { ImportRefusal } from '../domain/base/import-refusal.ts'
import { type Clock, millis } from '../domain/base/instant.ts'
import { HELD, type Source } from '../domain/memory/source.ts'
import type { HeldFile } from '../domain/packaging/held-file.ts'
import { holderOf } from '../domain/sources/holder.ts'
import { createGate, type GateParts } from '../gate/create-gate.ts'
import type { RunningGate } from '../gate/gate.ts'
import { type ExportOrder, exportMirror } from '../gate/mirror/export.ts'
import { type FetchIndex, fetchPlan } from '../gate/mirror/fetch.ts'
import type { HeldGates } from '../gate/mirror/held-verdicts.ts'
import { importMirror } from '../gate/mirror/import.ts'
import type { Mirror } from '../gate/mirror/mirror.ts'
import { exportTree } from '../gate/mirror/static-tree.ts'
import { verifyMirror } from '../gate/mirror/verify.ts'
import { withApprovals } from '../gate/policy/approved-policies.ts'
import type { Policies } from '../gate/policy/policies.ts'
import { readPolicyFiles } from '../gate/policy/policy-files.ts'
import { mergeWithRecords } from '../gate/records/merged-memory.ts'
import { documentsAt } from '../gate/requests/approvals.ts'
import type { Events } from '../observe/events.ts'
import type { Belongings } from '../ports/belongings.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { AuditLog } from '../ports/console/audit-log.ts'
import type { HeldProjects, Holdings } from '../ports/mirror.ts'
import type { Records } from '../ports/records.ts'
import type { Store } from '../ports/store.ts'
import type { Trust } from '../ports/trust.ts'
import { LARGEST_ENVELOPE } from '../protocol/attest/envelope.ts'
import { LARGEST_MANIFEST, MANIFEST, readManifest, SIGNATURE } from '../protocol/carry/mirror-manifest.ts'
import type { MirrorPlan } from '../protocol/carry/mirror-plan.ts'
import { createPartialFiles } from '../store/disk/partial-files.ts'
import { createMemoryStore } from '../store/memory.ts'
import { openStore } from '../store/open.ts'
import { readRecords } from '../store/sqlite/read-records.ts'
import { createResumingOrigin } from '../upstream/resuming-origin.ts'
import { commandDoer } from './audit/command-doer.ts'
import { importEntry } from './audit/import-entry.ts'
import { Closing } from './closing.ts'
import { touchFolder } from './first-touch.ts'
import { gateSettings } from './gate-settings.ts'
import { type HeldIndex, heldIndexOf, holdersOf } from './held/held-indexes.ts'
import { behindAtIndex, onePerSource, reservedNames, sourceAtIndex, upstreamOf } from './indexes.ts'
import { shareBytes } from './shared/bucket.ts'
import { type IndexPolicies, policiesFor, policiesOfCommand } from './sound-start.ts'
import { openUsableTrust, openVerifier } from './trust.ts'
import { connectSources, heldMemorySources } from './upstream.ts'

interface MirrorOptions {
  readonly environment: Environment
  readonly version: string
  readonly events: Events
  readonly clock: Clock
  /** told of bytes as they come from the upstream */
  readonly received: (bytes: number) => void
}

/** One command is one look: a page that was read stays good for as long as it may. */
const PAGE_AGE = millis(600_000)

/** What was written down of what is held, in the data folder or in the database that gates share. */
async function recordsOfHeld({ data, store: { database } }: Config, source: Source): Promise<Records | undefined> {
  if (database === undefined) return readRecords(data, source)
  const { readSharedRecords } = await import('../store/postgres/records.ts')
  return await readSharedRecords(database, { index: '', sources: [{ name: undefined, source }] })
}

/**
 * The data folder of a mirror for one command, which has it to itself: a gate that runs on it must be stopped. Throws
 * `config-invalid`, `policy-invalid`, `unknown-trust`.
 */
export async function openMirror(config: Config, options: MirrorOptions): Promise<Mirror> {
  const { environment, events, clock } = options
  const closing = new Closing()
  try {
    await touchFolder(config.data)
    const indexes = indexesOf(config)
    const loaded = policiesOfCommand(config, { clock, events })
    for (const { policies } of loaded) closing.add(policies)
    const {
      store,
      blobs: local,
      holdings: ownHoldings,
      requests,
      audit,
    } = await openStore({
      folder: config.data,
      // what is fetched or carried in has its row only later: nothing is evicted meanwhile
      cacheBytes: Number.POSITIVE_INFINITY,
      readableBy: config.files.accel.location === undefined ? 'owner' : 'group',
      journal: config.journal,
      shared: config.store,
      events,
      clock,
    })
    closing.add(store)
    closing.add(local)
    const bytes = await shareBytes(config, { local, events })
    if (bytes !== undefined) closing.add(bytes)
    const blobs = bytes?.blobs ?? local
    const holdings = bytes?.held(ownHoldings) ?? ownHoldings
    const trust = closing.add(await openUsableTrust(config, { clock, events, environment }))
    await trust.settled()
    const verifier = closing.add(openVerifier(events))
    const shared = { verifier, trust, blobs, events, clock }
    const records = heldRecords(config, closing)
    const approved = await requests.inForce(clock())

    /** With what a gate on this folder lets through by approval. */
    function policiesAt(own: IndexSettings): Policies {
      const policies = withApprovals({ base: policiesFor(loaded, own), events })
      policies.approve(documentsAt(own.name, approved))
      return policies
    }

    function gateOf(own: IndexSettings, parts: Omit<GateParts, keyof typeof shared | 'policies'>): RunningGate {
      const settings = { ...config, index: { ...config.index, maxAge: PAGE_AGE } }
      const state = { listenUrl: () => '', draining: () => false }
      const policies = policiesAt(own)
      return closing.add(createGate({ ...shared, ...parts, policies }, gateSettings(settings, own, state)))
    }

    const held = { store, blobs, holdings, audit, trust, records, gateOf, policiesAt }
    return mirrorOver({ config, options, closing, indexes, loaded, ...held })
  } catch (error) {
    await closing.close()
    throw error
  }
}

interface Parts {
  readonly config: Config
  readonly options: MirrorOptions
  readonly closing: Closing
  readonly indexes: readonly IndexSettings[]
  readonly loaded: readonly IndexPolicies[]
  readonly policiesAt: (own: IndexSettings) => Policies
  readonly store: Store
  readonly blobs: Blobs
  readonly holdings: Holdings
  readonly audit: AuditLog
  readonly trust: Trust
  readonly records: HeldRecords
  readonly gateOf: (
    own: IndexSettings,
    parts: Pick<GateParts, 'index' | 'integrity' | 'origin' | 'memory' | 'store'>,
  ) => RunningGate
}

function mirrorOver(parts: Parts): Mirror {
  const { config, options, closing, indexes, loaded, blobs, holdings, audit, trust, records } = parts
  const { version, clock } = options
  const [own] = indexes
  if (own === undefined) throw new TypeError('a configuration has an index')
  const policies = parts.policiesAt(own)
  const gatesOver = (held: HeldProjects) => heldGates(parts, { held, indexes })
  return {
    fetch: (plan, progress) => fetchInto(plan, parts, progress),
    async exportBundle({ folder, ...order }) {
      const paths = [...new Set(loaded.flatMap(its => its.paths))]
      const policyFiles = [...readPolicyFiles(paths), ...loaded.flatMap(its => its.policies.pinsFiles())]
      const present = await exportIn(folder)
      const begin = () => createFolderWriter(folder)
      return await exportMirror(
        { ...order, begin, present, policyFiles, tool: `portcullis ${version}` },
        { gates: await gatesOver(holdings), holdings, blobs, trust, policies, clock, archiveBytes },
      )
    },
    async exportTree({ folder, ...order }) {
      const writer = await createFolderWriter(folder)
      const { index } = await forgetfulIndex(own, { ...parts, held: holdings })
      const gates = await heldGates(parts, { held: holdings, indexes: [own] })
      return await exportTree({ ...order, writer }, { gates, holdings, blobs, index })
    },
    async importBundle({ folder, ...order }) {
      const evidence = createEvidenceFolder(join(config.data, 'evidence'))
      const holders = holdersOf(config)
      const imported = await importMirror(
        { ...order, folder: createFolderReader(folder) },
        {
          gatesOver,
          holderOf: file => (config.sources === undefined ? undefined : holderOf(file, holders)),
          seen: file => records.seen(file),
          holdings,
          blobs,
          evidence,
          clock,
        },
      )
      if (!order.dryRun)
        await audit.append(importEntry(imported, order, commandDoer(options.environment, undefined), clock()))
      return imported
    },
    verify: progress => verifyMirror({ gatesOver, holdings, blobs }, progress),
    trust: () => trust.status(clock()),
    policy: () => policies.current(),
    close: () => closing.close(),
  }
}

/** Each file through the index that the plan names for it. */
async function fetchInto(
  plan: MirrorPlan,
  { config, options, closing, indexes, store, holdings, gateOf }: Parts,
  progress: (done: number, all: number) => void,
): ReturnType<Mirror['fetch']> {
  if (config.offline) throw new GateError('usage', 'nothing can be fetched where the configuration says offline')
  const { environment, version, events, clock, received } = options
  const upstreams = closing.add(connectSources(config, { environment, version, events }))
  const partials = await createPartialFiles(join(config.data, 'partial'))
  const memoryOf = onePerSource(store)
  const upstreamFor = (own: IndexSettings) =>
    upstreamOf(own, { config, upstreams, memoryOf, belongings: store.belongings, clock })
  // each begins with what was known before any of them, not with what another one learns here
  for (const own of indexes) await upstreamFor(own)
  const opened = new Map<string | undefined, FetchIndex>()
  for (const name of new Set([...plan.files, ...plan.wanted].map(({ index }) => index))) {
    const own = indexNamed(config, name)
    const upstream = await upstreamFor(own)
    const origin = createResumingOrigin({ origin: upstream.origin, partials, received })
    const { index } = upstream
    opened.set(name, {
      gate: gateOf(own, { ...upstream, origin, store }),
      index,
      ...reservedNames(config, own),
      sourceOf: project => sourceAtIndex(project, { config, own, index }),
      behind: behindAtIndex(config, own),
    })
  }
  const at = (name: string | undefined): FetchIndex => {
    const index = opened.get(name)
    if (index === undefined) throw new TypeError('an index that no entry of the plan names')
    return index
  }
  const fetched = await fetchPlan(plan, { at, holdings }, progress)
  // nothing is left that a later run could go on with
  if (fetched.every(({ outcome }) => !(outcome instanceof GateError))) await partials.removeAll()
  return fetched
}

/** What a gate over what is held has written down of each source. */
interface HeldRecords {
  of(source: Source): Promise<Records | undefined>
  seen(file: HeldFile): Promise<Sha256 | undefined>
}

function heldRecords(config: Config, closing: Closing): HeldRecords {
  const opened = new Map<Source, Promise<Records | undefined>>()
  const holders = holdersOf(config)
  function of(source: Source): Promise<Records | undefined> {
    const known = opened.get(source)
    if (known !== undefined) return known
    const opening = recordsOfHeld(config, source)
    opened.set(source, opening)
    closing.add({ close: async () => await (await opening.catch(() => undefined))?.close() })
    return opening
  }
  return {
    of,
    async seen(file) {
      const holder = config.sources === undefined ? undefined : holderOf(file, holders)
      const source = sourcesOf(config).find(({ rule }) => rule.name === holder)
      for (const one of source === undefined || holder === undefined ? [HELD] : heldMemorySources(source)) {
        const seen = (await (await of(one))?.project(file.project))?.sightings.get(file.filename.text)
        if (seen !== undefined) return seen.sha256
      }
      return undefined
    },
  }
}

type Judged = Parts & { readonly held: HeldProjects }

/** Remembers nothing: what it is asked is verified anew, and leaves no trace. */
async function forgetfulIndex(
  own: IndexSettings,
  { config, options, store, blobs, records, held }: Judged,
): Promise<HeldIndex & { readonly store: Omit<Store, 'memory'> }> {
  const { clock, events } = options
  const { store: forgetful } = createMemoryStore({ clock, events })
  const memoryOf = async (source: Source) => mergeWithRecords(await forgetful.memory(source), await records.of(source))
  const index = await heldIndexOf(own, {
    config,
    held,
    blobs,
    memoryOf,
    belongings: name => foundBeside(forgetful.belongings(name), store.belongings(name)),
    clock,
  })
  return { ...index, store: { ...forgetful, watermark: store.watermark } }
}

/** What was written down of whom names belong to, and nothing new is. */
function foundBeside(own: Belongings, written: Belongings): Belongings {
  return {
    ...own,
    of: project => written.of(project) ?? own.of(project),
    hasBegun: () => written.hasBegun() || own.hasBegun(),
    // what the next gate does when it starts
    takeOver: (name, places) => written.takeOver(name, places),
  }
}

async function heldGates(
  parts: Parts,
  { held, indexes }: { readonly held: HeldProjects; readonly indexes: readonly IndexSettings[] },
): Promise<HeldGates> {
  const gates: { readonly serves: HeldIndex['serves']; readonly gate: RunningGate }[] = []
  for (const own of indexes) {
    const { serves, ...upstream } = await forgetfulIndex(own, { ...parts, held })
    gates.push({ serves, gate: parts.gateOf(own, upstream) })
  }
  return {
    async of(file) {
      const its: RunningGate[] = []
      for (const { serves, gate } of gates) if (await serves(file)) its.push(gate)
      return its
    },
    policyDigest: parts.indexes.slice(0, 1).map(own => parts.policiesAt(own).current().digest)[0] ?? '',
  }
}

/** A finished export that lies in a folder, if one does. */
async function exportIn(folder: string): Promise<ExportOrder['present']> {
  const reader = createFolderReader(folder)
  try {
    await reader.files()
    const bytes = await reader.read(MANIFEST, LARGEST_MANIFEST)
    const envelope = await reader.read(SIGNATURE, LARGEST_ENVELOPE)
    return { manifest: readManifest(bytes), sha256: sha256Of(bytes), envelope }
  } catch (error) {
    if (error instanceof ImportRefusal) return undefined
    throw error
  }
}
