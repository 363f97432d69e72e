import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { secretsOf } from '../config/secrets.ts'
import { type Clock, systemClock } from '../domain/base/instant.ts'
import { Secrets } from '../domain/base/secrets.ts'
import type { RunningGate } from '../gate/gate.ts'
import type { Revoking } from '../gate/notices/revoked.ts'
import { countEnding } from '../gate/notices/soon.ts'
import type { Policies } from '../gate/policy/policies.ts'
import { createHttpServer } from '../http/server.ts'
import type { Events } from '../observe/events.ts'
import { fanOut } from '../observe/fan-out.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createLateReader } from '../observe/readers/late-reader.ts'
import { createRecent } from '../observe/readers/recent.ts'
import { createTidy } from '../observe/tidy.ts'
import type { Notices } from '../ports/console/notices.ts'
import type { Trust } from '../ports/trust.ts'
import { openStore } from '../store/open.ts'
import { openGuard } from './access.ts'
import { createGateAudit } from './audit/gate-audit.ts'
import { Closing } from './closing.ts'
import { type OpenConsole, openConsole } from './console/open-console.ts'
import { openRequests } from './console/requests.ts'
import { openNotices } from './notices/open-notices.ts'
import { serveIndexes } from './served-indexes.ts'
import { shareBytes } from './shared/bucket.ts'
import { policiesOfSoundStart, reloadAll } from './sound-start.ts'
import { readSigner } from './summaries/summary-signer.ts'
import { openTls } from './tls.ts'
import { openTrust, openVerifier, warmUpSoon } from './trust.ts'
import { connectSources } from './upstream.ts'

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
  /** of the first index */
  readonly gate: RunningGate
  readonly trust: Trust
  /** `http://host:port` as bound */
  readonly url: string
  /** likewise; `undefined`: there is no console */
  readonly consoleUrl: string | undefined
  /** everything that the console answers */
  readonly consoleRoutes: OpenConsole['routes']
  /** Reads the policy again; what does not compile changes nothing. */
  reload(): 'loaded' | 'unchanged' | 'kept'
  /** Answers what is under way, writes what is remembered, and lets go of everything. */
  close(): Promise<void>
}

/** Nobody is told of anything. */
const UNTOLD: Notices = { tell() {} }

/**
 * The composition root: the only place where ports meet adapters. What cannot start throws a GateError
 * (`config-invalid`, `policy-invalid`) after closing what was opened.
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const { version, environment, clock: own = systemClock } = options
  const metrics = createMetrics({ version })
  const tidy = createTidy()
  const reader = createLateReader(({ type }) => config.notify.length > 0 && (type === 'alarm' || type === 'trust'))
  const { clean } = new Secrets(secretsOf(config, environment))
  const audit = createGateAudit({ clock: own, clean })
  const recent = createRecent(own)
  const events = fanOut(...options.readers, metrics, tidy, audit, reader, recent)
  const closing = new Closing()
  let url = ''
  let draining = false
  try {
    const offline = config.offline ? ', offline: only what the mirror holds' : ''
    events.emit({ type: 'lifecycle', action: 'starting', detail: `portcullis ${version}${offline}` })
    const policies = await policiesOfSoundStart(config, { clock: own, events, environment })
    for (const { policies: its } of policies) closing.add(its)
    const {
      store,
      blobs: local,
      holdings,
      misses,
      tokens,
      requests,
      audit: log,
      notices: queue,
      sessions,
      clock,
    } = await openStore({
      folder: config.data,
      cacheBytes: config.files.cache,
      readableBy: config.files.accel.location === undefined ? 'owner' : 'group',
      journal: config.journal,
      shared: config.store,
      events,
      clock: own,
    })
    closing.add(store)
    closing.add(audit)
    closing.add(local)
    const bytes = await shareBytes(config, { local, events })
    if (bytes !== undefined) closing.add(bytes)
    const blobs = bytes?.blobs ?? local
    const trust = closing.add(await openTrust(config, { clock, events, environment }))
    const verifier = closing.add(openVerifier(events))
    let served: Awaited<ReturnType<typeof serveIndexes>> = []
    /** what is in force: of every index, with what was approved, once they are served */
    const inForce = () => (served.length === 0 ? policies : served).map(({ policies: its }) => its.current())
    const inForceOver = (base: Pick<Policies, 'current'>): readonly string[] =>
      served.length === 0
        ? [base.current().digest]
        : served.filter(index => index.base === base).map(({ policies: its }) => its.current().digest)
    const revoking = (): readonly Revoking[] =>
      served.map(({ served: { index }, policies: its }) => ({ index, revocations: its.current().revocations }))
    const notices = await openNotices(config, {
      queue,
      policies: inForce,
      inForceOver: digest =>
        policies.flatMap(({ policies: its }) => (its.current().digest === digest ? inForceOver(its) : [])),
      revoking,
      trust,
      events,
      reader,
      clock,
      version,
      environment,
      listenUrl: () => url,
    })
    if (notices !== undefined) closing.add(notices)
    const upstreams = config.offline ? undefined : closing.add(connectSources(config, { environment, version, events }))
    const shared = { store, blobs, bytes, holdings, misses, trust, verifier, policies, upstreams }
    served = await serveIndexes(config, {
      ...shared,
      events,
      clock,
      closing,
      unaudited: audit.warning,
      clean,
      listenUrl: () => url,
      draining: () => draining,
      webhooks: notices?.warning,
    })
    store.shared?.goBy(() => ({
      policies: policies.map(({ policies: its }) => its.current().digest).join(' '),
      trust: trust.digest(),
    }))
    const [first, ...others] = served
    if (first === undefined) throw new TypeError('a configuration has an index')
    const asking = closing.add(
      await openRequests(config, {
        requests,
        indexes: new Map(
          [first, ...others].map(({ served: { index }, gate, policies: its }) => [index, { gate, policies: its }]),
        ),
        audit: log,
        notices: notices ?? UNTOLD,
        clock,
        events,
      }),
    )
    const tls = openTls(config.tls, { events, setting: 'tls' })
    if (tls !== undefined) closing.add(tls)
    const access = closing.add(openGuard(config, { tokens, events, clock, version, environment }))
    const server = closing.add(
      createHttpServer([first.served, ...others.map(({ served }) => served)], {
        publicUrl: config.publicUrl,
        listenUrl: () => url,
        clientCache: config.files.clientCache,
        trustProxy: config.trustProxy,
        accel: config.files.accel,
        summaries: readSigner(config),
        metrics: () =>
          metrics.render({
            trust: trust.status(clock()),
            blobBytes: blobs.totalBytes(),
            journalBytes: store.journalBytes(),
            gatesApart: store.shared?.apart(),
            unaudited: audit.waiting(),
            exemptionsEnding: countEnding(inForce(), clock()),
            notices: notices && { now: clock(), hosts: notices.state() },
          }),
        events,
        version,
        clean,
        guard: access.guard,
        requests: asking.desk,
        tls,
        limits: config.limits,
      }),
    )
    url = await server.listen(config.listen)
    events.emit({ type: 'lifecycle', action: 'listening', detail: url })
    const pages = { indexes: [first, ...others], policies, trust, store, recent, requests }
    const people = await openConsole(config, {
      sessions,
      audit: log,
      asking,
      pages,
      events,
      clock,
      clean,
      environment,
      openApi: async ledger => {
        const { openApi } = await import('./console/open-api.ts')
        const [indexes, { desk, decisions }] = [[first, ...others], asking]
        if (desk === undefined) throw new TypeError('where there is a console, people ask')
        return await openApi(config, {
          version,
          indexes,
          ledger,
          audit: log,
          sessions,
          store,
          requests,
          desk,
          decisions,
          tokens,
          clock,
          events,
        })
      },
    })
    if (people !== undefined) {
      closing.add(people)
      events.emit({ type: 'lifecycle', action: 'listening', detail: `${people.url}, the console` })
    }
    audit.begin(log, { config, version, policies, inForce: inForceOver, events })
    closing.add(tidy)
    tidy.begin()
    closing.add(
      warmUpSoon(verifier, trust, {
        clock,
        custom: () => policies.flatMap(({ policies: its }) => its.current().roots),
      }),
    )
    return {
      gate: first.gate,
      trust,
      url,
      consoleUrl: people?.url,
      consoleRoutes: people?.routes ?? [],
      reload() {
        tls?.reload()
        people?.reload()
        return reloadAll(policies)
      },
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
