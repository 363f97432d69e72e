import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { Environment } from './config/read-environment.ts'
import type { Config } from './config/schema.ts'
import { parseSha256 } from './domain/base/digest.ts'
import { GateError } from './domain/base/errors.ts'
import { matchesName } from './domain/base/glob.ts'
import { type Clock, systemClock } from './domain/base/instant.ts'
import type { ProjectName } from './domain/packaging/name.ts'
import { createGate, type RunningGate } from './gate/create-gate.ts'
import { createHeldGate } from './gate/mirror/held-gate.ts'
import { createPolicies } from './gate/policy/policies.ts'
import { createHttpServer } from './http/server.ts'
import type { Events } from './observe/events.ts'
import { fanOut } from './observe/fan-out.ts'
import { createMetrics } from './observe/metrics.ts'
import type { Index, Integrity, ResumableOrigin } from './ports/outward.ts'
import type { Trust, Verifier } from './ports/trust.ts'
import type { ReadRoot } from './protocol/policy/publisher.ts'
import { createHeldUpstream } from './store/held-upstream.ts'
import { openStore } from './store/open.ts'
import { createUpstreamAgent } from './upstream/agent.ts'
import { createIndex } from './upstream/pypi-index.ts'
import { createIntegrity } from './upstream/pypi-integrity.ts'
import { createOrigin } from './upstream/pypi-origin.ts'
import { rootListProxyOptions } from './upstream/root-list.ts'
import { createTrust } from './verify/trust/trust.ts'
import { readTrustedRoot } from './verify/trust/trusted-root.ts'
import { createVerifierPool } from './verify/workers/pool.ts'

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

/** Work on one document never takes this long; a worker that does is ended. */
const VERIFICATION_TIMEOUT_MS = 10_000
const LONGEST_VERIFICATION_QUEUE = 1_000

/**
 * The composition root: the only place where ports meet adapters. What cannot start throws a GateError
 * (`config-invalid`, `policy-invalid`) after closing what was opened.
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const { version, environment, clock = systemClock } = options
  const metrics = createMetrics({ version })
  const events = fanOut(...options.readers, metrics)
  const closing = new Closing()
  let url = ''
  let draining = false
  try {
    const offline = config.offline ? ', offline: only what the mirror holds' : ''
    events.emit({ type: 'lifecycle', action: 'starting', detail: `portcullis ${version}${offline}` })
    const policies = closing.add(createPolicies({ paths: config.policy, clock, events, readRoot }))
    const { store, blobs, holdings, misses } = await openStore({
      folder: config.data,
      cacheBytes: config.files.cache,
      journalKeep: config.journal.keep,
      events,
      clock,
    })
    closing.add(store)
    closing.add(blobs)
    const trust = closing.add(await openTrust(config, { clock, events, environment }))
    const verifier = closing.add(openVerifier(events))
    const upstream = config.offline
      ? { ...createHeldUpstream(holdings, blobs), rootList: { projects: () => holdings.projects() } }
      : closing.add(connectUpstream(config, { environment, version, events }))
    const connected = closing.add(
      createGate(
        { ...upstream, verifier, trust, store, blobs, policies, events, clock },
        gateSettings(config, { listenUrl: () => url, draining: () => draining }),
      ),
    )
    const gate = config.offline ? createHeldGate(connected, { misses, clock }) : connected
    const server = closing.add(
      await createHttpServer(gate, {
        publicUrl: config.publicUrl,
        listenUrl: () => url,
        clientCache: config.files.clientCache,
        trustProxy: config.trustProxy,
        rootList: upstream.rootList,
        metrics: () => metrics.render({ trust: trust.status(clock()), blobBytes: blobs.totalBytes() }),
        events,
        version,
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

export function openVerifier(events: Events): Verifier {
  return createVerifierPool({
    size: Math.max(1, Math.min(4, availableParallelism())),
    timeoutMs: VERIFICATION_TIMEOUT_MS,
    maxQueue: LONGEST_VERIFICATION_QUEUE,
    events,
  })
}

export function gateSettings(
  config: Config,
  state: { readonly listenUrl: () => string; readonly draining: () => boolean },
): Parameters<typeof createGate>[1] {
  const { publicUrl, index, files, findings } = config
  return {
    publicUrl,
    mode: index.mode,
    maxAge: index.maxAge,
    maxStale: index.maxStale,
    negativeTtl: findings.negativeTtl,
    spool: files.spool,
    maxSize: files.maxSize,
    isInternal: internalNames(config),
    ...state,
  }
}

/** Names that are never asked upstream (`index.internal`). */
export function internalNames({ index }: Config): (project: ProjectName) => boolean {
  return project => index.internal.some(glob => matchesName(glob, project))
}

/** The trusted root of a `custom` publisher, for the policy that names it. */
export function readRoot(path: string): ReturnType<ReadRoot> {
  try {
    const { digest, json } = readTrustedRoot(readFileSync(path))
    const sha256 = parseSha256(digest)
    return sha256 === undefined ? { wrong: 'has no digest' } : { digest: sha256, json }
  } catch (error) {
    if (error instanceof GateError) return { wrong: `${path} is no usable trusted_root.json: ${causeOf(error)}` }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return { wrong: `${path} cannot be read (${code})` }
  }
}

function causeOf({ cause, detail }: GateError): string {
  return cause instanceof Error ? cause.message : detail
}

interface TrustParts {
  readonly clock: Clock
  readonly events: Events
  readonly environment: Environment
  /** false: nobody is asked */
  readonly refresh?: boolean
}

export async function openTrust(
  config: Config,
  { clock, events, environment, refresh = true }: TrustParts,
): Promise<Trust> {
  const { root, tufUrl, tufRoot, maxAge } = config.trust
  return await createTrust({
    root: root === 'tuf' || root === 'embedded' ? root : { file: root },
    tufUrl,
    tufRoot,
    maxAge,
    folder: join(config.data, 'trust'),
    clock,
    events,
    environment,
    refresh,
    ca: readCa(config.upstream.ca),
  })
}

/** For commands: a root that was named and cannot be used is no fault of the configuration's form, but nothing to trust. */
export async function openUsableTrust(config: Config, parts: TrustParts): Promise<Trust> {
  try {
    return await openTrust(config, parts)
  } catch (error) {
    if (error instanceof GateError && error.code === 'config-invalid' && config.trust.root !== 'tuf')
      throw new GateError('unknown-trust', error.detail, { cause: error })
    throw error
  }
}

export interface Connected {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: ResumableOrigin
  readonly rootList: FastifyHttpProxyOptions
  close(): Promise<void>
}

export function connectUpstream(
  config: Config,
  options: { readonly environment: Environment; readonly version: string; readonly events: Events },
): Connected {
  const { index, integrity, files, auth, ca, timeout } = config.upstream
  const agent = createUpstreamAgent({
    upstreams: [index, integrity],
    files,
    ca: readCa(ca),
    timeout,
    auth,
    ...options,
  })
  return {
    index: createIndex({ agent, index, files }),
    integrity: createIntegrity({ agent, integrity, index }),
    origin: createOrigin({ agent, files, maxSize: config.files.maxSize }),
    rootList: rootListProxyOptions({ agent, index }),
    close: () => agent.close(),
  }
}

function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GateError('config-invalid', `upstream.ca: ${path} cannot be read`, { cause })
  }
}

/** Closes what was opened, the latest first; one that fails does not keep the others open. */
export class Closing {
  readonly #opened: { close(): unknown }[] = []

  add<Part extends { close(): unknown }>(part: Part): Part {
    this.#opened.push(part)
    return part
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      try {
        await part.close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not close')
  }
}
