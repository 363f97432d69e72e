import { join } from 'node:path'
import { archiveBytes } from '../carry/archive-form.ts'
import { createEvidenceFolder } from '../carry/evidence-folder.ts'
import { createFolderReader } from '../carry/folder-reader.ts'
import { createFolderWriter } from '../carry/folder-writer.ts'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { sha256Of } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'
import { ImportRefusal } from '../domain/base/import-refusal.ts'
import { type Clock, millis } from '../domain/base/instant.ts'
import { HELD } from '../domain/memory/source.ts'
import { createGate, type GateParts } from '../gate/create-gate.ts'
import type { RunningGate } from '../gate/gate.ts'
import { type ExportOrder, exportMirror } from '../gate/mirror/export.ts'
import { fetchPlan } from '../gate/mirror/fetch.ts'
import { importMirror } from '../gate/mirror/import.ts'
import type { Mirror } from '../gate/mirror/mirror.ts'
import { exportTree } from '../gate/mirror/static-tree.ts'
import { verifyMirror } from '../gate/mirror/verify.ts'
import { createPolicies } from '../gate/policy/policies.ts'
import { readPolicyFiles } from '../gate/policy/policy-files.ts'
import { mergeWithRecords } from '../gate/records/merged-memory.ts'
import type { Events } from '../observe/events.ts'
import type { HeldFiles } from '../ports/mirror.ts'
import { LARGEST_ENVELOPE } from '../protocol/attest/dsse.ts'
import { LARGEST_MANIFEST, MANIFEST, readManifest, SIGNATURE } from '../protocol/carry/mirror-manifest.ts'
import { createPartialFiles } from '../store/disk/partial-files.ts'
import { createHeldUpstream } from '../store/held-upstream.ts'
import { createMemoryStore } from '../store/memory.ts'
import { openStore } from '../store/open.ts'
import { readRecords } from '../store/sqlite/read-records.ts'
import { createResumingOrigin } from '../upstream/resuming-origin.ts'
import { Closing } from './closing.ts'
import { touchFolder } from './first-touch.ts'
import { gateSettings } from './gate-settings.ts'
import { openUsableTrust, openVerifier, readRoot } from './trust.ts'
import { connectUpstream, sourceOf } from './upstream.ts'

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

/**
 * The data folder of a mirror for one command, which has it to itself: a gate that runs on it must be stopped. Throws
 * `config-invalid`, `policy-invalid`, `unknown-trust`.
 */
export async function openMirror(config: Config, options: MirrorOptions): Promise<Mirror> {
  const { environment, version, events, clock, received } = options
  const closing = new Closing()
  try {
    await touchFolder(config.data)
    const policies = closing.add(createPolicies({ paths: config.policy, clock, events, readRoot, pollMs: 0 }))
    const { store, blobs, holdings } = await openStore({
      folder: config.data,
      // what is fetched or carried in has its row only later: nothing is evicted meanwhile
      cacheBytes: Number.POSITIVE_INFINITY,
      journal: config.journal,
      events,
      clock,
    })
    closing.add(store)
    closing.add(blobs)
    const trust = closing.add(await openUsableTrust(config, { clock, events, environment }))
    await trust.settled()
    const verifier = closing.add(openVerifier(events))
    const records = readRecords(config.data, HELD)
    closing.add({ close: () => records?.close() })
    const shared = { verifier, trust, blobs, policies, events, clock }
    const settings = gateSettings(
      { ...config, index: { ...config.index, maxAge: PAGE_AGE } },
      { listenUrl: () => '', draining: () => false },
    )

    function gateOf(parts: GateParts): RunningGate {
      return closing.add(createGate(parts, settings))
    }

    /** Remembers nothing: what it is asked is verified anew, and leaves no trace. */
    async function gateOver(files: HeldFiles): Promise<RunningGate> {
      const { store: forgetful } = createMemoryStore({ clock, events })
      const memory = mergeWithRecords(await forgetful.memory(HELD), records)
      const judging = { ...forgetful, watermark: store.watermark }
      return gateOf({ ...shared, ...createHeldUpstream(files, blobs), store: judging, memory })
    }

    return {
      async fetch(plan, progress) {
        if (config.offline) throw new GateError('usage', 'nothing can be fetched where the configuration says offline')
        const upstream = closing.add(connectUpstream(config, { environment, version, events }))
        const partials = await createPartialFiles(join(config.data, 'partial'))
        const origin = createResumingOrigin({ origin: upstream.origin, partials, received })
        const memory = await store.memory(sourceOf(config))
        const gate = gateOf({ ...shared, ...upstream, origin, store, memory })
        const fetched = await fetchPlan(plan, { gate, index: upstream.index, holdings }, progress)
        // nothing is left that a later run could go on with
        if (fetched.every(({ outcome }) => !(outcome instanceof GateError))) await partials.removeAll()
        return fetched
      },
      async exportBundle({ folder, ...order }) {
        const policyFiles = [...readPolicyFiles(config.policy), ...policies.pinsFiles()]
        const present = await exportIn(folder)
        const begin = () => createFolderWriter(folder)
        return await exportMirror(
          { ...order, begin, present, policyFiles, tool: `portcullis ${version}` },
          { gate: await gateOver(holdings), holdings, blobs, trust, policies, clock, archiveBytes },
        )
      },
      async exportTree({ folder, ...order }) {
        const writer = await createFolderWriter(folder)
        const { index } = createHeldUpstream(holdings, blobs)
        return await exportTree({ ...order, writer }, { gate: await gateOver(holdings), holdings, blobs, index })
      },
      async importBundle({ folder, ...order }) {
        const evidence = createEvidenceFolder(join(config.data, 'evidence'))
        return await importMirror(
          { ...order, folder: createFolderReader(folder) },
          { gateOver, holdings, blobs, evidence, records, clock },
        )
      },
      verify: progress => verifyMirror({ gateOver, holdings, blobs }, progress),
      trust: () => trust.status(clock()),
      policy: () => policies.current(),
      close: () => closing.close(),
    }
  } catch (error) {
    await closing.close()
    throw error
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
