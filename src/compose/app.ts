import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { secretsOf } from '../config/secrets.ts'
import { type Clock, systemClock } from '../domain/base/instant.ts'
import { Secrets } from '../domain/base/secrets.ts'
import { createGate } from '../gate/create-gate.ts'
import type { RunningGate } from '../gate/gate.ts'
import { createHeldGate } from '../gate/held-gate.ts'
import { createRootLists } from '../gate/pages/root-lists.ts'
import { createHttpServer } from '../http/server.ts'
import type { Events } from '../observe/events.ts'
import { fanOut } from '../observe/fan-out.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { Trust } from '../ports/trust.ts'
import { createScratch } from '../store/disk/scratch.ts'
import { createHeldRootList } from '../store/held-root-list.ts'
import { createHeldUpstream } from '../store/held-upstream.ts'
import { openStore } from '../store/open.ts'
import { Closing } from './closing.ts'
import { gateSettings } from './gate-settings.ts'
import { policiesOfSoundStart } from './sound-start.ts'
import { openTrust, openVerifier } from './trust.ts'
import { connectUpstream, sourceOf } from './upstream.ts'

export interface AppOptions {
  /** of this product */
  readonly version: string
  readonly environment: Environment
  /** who reads what happens, besides the metrics */
  readonly readers: readonly Events[]
  readonly clock?: Clock
}

/** A gate that listens. */
export interface App {
  readonly gate: RunningGate
  readonly trust: Trust
  /** `http://host:port` as bound */
  readonly url: string
  /** Reads the policy again; what does not compile changes nothing. */
  reload(): 'loaded' | 'unchanged' | 'kept'
  /** Answers what is under way, writes what is remembered, and lets go of everything. */
  close(): Promise<void>
}

/**
 * The composition root: the only place where ports meet adapters. What cannot start throws a GateError
 * (`config-invalid`, `policy-invalid`) after closing what was opened.
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const { version, environment, clock = systemClock } = options
  const metrics = createMetrics({ version })
  const events = fanOut(...options.readers, metrics)
  const { clean } = new Secrets(secretsOf(config, environment))
  const closing = new Closing()
  let url = ''
  let draining = false
  try {
    const offline = config.offline ? ', offline: only what the mirror holds' : ''
    events.emit({ type: 'lifecycle', action: 'starting', detail: `portcullis ${version}${offline}` })
    const policies = closing.add(await policiesOfSoundStart(config, { clock, events, environment }))
    const { store, blobs, holdings, misses } = await openStore({
      folder: config.data,
      cacheBytes: config.files.cache,
      journal: config.journal,
      events,
      clock,
    })
    closing.add(store)
    closing.add(blobs)
    const trust = closing.add(await openTrust(config, { clock, events, environment }))
    const verifier = closing.add(openVerifier(events))
    const upstream = config.offline
      ? { ...createHeldUpstream(holdings, blobs), rootList: createHeldRootList(holdings) }
      : closing.add(connectUpstream(config, { environment, version, events }))
    const rootLists = closing.add(
      createRootLists({ source: upstream.rootList, scratch: createScratch(config.data), ...config.index }),
    )
    const memory = await store.memory(sourceOf(config))
    const connected = closing.add(
      createGate(
        { ...upstream, verifier, trust, store, memory, blobs, policies, events, clock },
        { ...gateSettings(config, { listenUrl: () => url, draining: () => draining }), clean },
      ),
    )
    const gate = config.offline ? createHeldGate(connected, { misses, clock }) : connected
    const server = closing.add(
      await createHttpServer(gate, {
        publicUrl: config.publicUrl,
        listenUrl: () => url,
        clientCache: config.files.clientCache,
        trustProxy: config.trustProxy,
        rootLists,
        metrics: () =>
          metrics.render({
            trust: trust.status(clock()),
            blobBytes: blobs.totalBytes(),
            journalBytes: store.journalBytes(),
          }),
        events,
        version,
        clean,
        limits: config.limits,
      }),
    )
    url = await server.listen(config.listen)
    events.emit({ type: 'lifecycle', action: 'listening', detail: url })
    return {
      gate,
      trust,
      url,
      reload: () => policies.reload(),
      async close() {
        draining = true
        events.emit({ type: 'lifecycle', action: 'draining', detail: 'answering what is under way' })
        await closing.close()
        events.emit({ type: 'lifecycle', action: 'stopped', detail: url })
      },
    }
  } catch (error) {
    await closing.close()
    throw error
  }
}
