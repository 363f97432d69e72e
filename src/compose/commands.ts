import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ExplainChanges, OpenExplain } from '../cli/command/services.ts'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { GateError } from '../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant } from '../domain/base/instant.ts'
import type { Source } from '../domain/memory/source.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { createBuilds } from '../gate/builds/builds.ts'
import { createExplain } from '../gate/explain/explain.ts'
import { createPolicies, type Policies } from '../gate/policy/policies.ts'
import { mergeWithRecords } from '../gate/records/merged-memory.ts'
import type { Events } from '../observe/events.ts'
import type { Records } from '../ports/records.ts'
import type { Trust } from '../ports/trust.ts'
import { openCommandStore } from '../store/open-command-store.ts'
import { readRecords } from '../store/sqlite/read-records.ts'
import { createInlineVerifier } from '../verify/workers/inline.ts'
import { touchFolder } from './first-touch.ts'
import { internalNames } from './gate-settings.ts'
import { openUsableTrust, readRoot } from './trust.ts'
import { connectUpstream, indexOf, sourceOf } from './upstream.ts'

export interface CommandOptions {
  readonly environment: Environment
  readonly version: string
  readonly events: Events
  readonly clock: Clock
}

/**
 * What `verify` and `explain` judge with: the gate's own parts without a server, a database or a data folder. No socket
 * is opened before something is asked that needs one.
 */
export async function openExplain(
  config: Config,
  changes: ExplainChanges,
  { environment, version, events, clock }: CommandOptions,
): Promise<OpenExplain> {
  await touchFolder(config.data)
  const policies =
    changes.policy === undefined
      ? createPolicies({ paths: config.policy, clock, events, readRoot, pollMs: 0 })
      : fixedPolicy(changes.policy)
  const root = changes.trustRoot ?? config.trust.root
  const trusting = {
    ...config,
    // a command has no right to the gate's own data folder, and may run while it does
    data: join(cacheFolder(environment), 'portcullis'),
    trust: { ...config.trust, root },
  }
  const open = () => openUsableTrust(trusting, { clock, events, environment })
  const trust = root === 'tuf' ? deferTrust(open) : await open()
  const upstream = connectUpstream(config, { environment, version, events })
  const verifier = createInlineVerifier()
  const store = await openCommandStore({ folder: join(trusting.data, 'commands'), clock, events })
  const source = indexOf(config) // whatever a mirror holds, these ask an index
  const records = readableRecords(config.data, source)
  const memory = mergeWithRecords(await store.memory(source), records)
  const { negativeTtl } = config.findings
  const explain = createExplain(
    { ...upstream, verifier, trust, policies, memory, negativeTtl, events, clock },
    { at: changes.at, maxSize: config.files.maxSize, isInternal: internalNames(config) },
  )
  return {
    ...explain,
    builds: createBuilds(explain, upstream.origin),
    async close() {
      policies.close()
      await Promise.all([records?.close(), store.close(), upstream.close(), trust.close(), verifier.close()])
    },
  }
}

/** A data folder that belongs to somebody else is no reason to fail: then its past is not known here. */
function readableRecords(folder: string, source: Source): Records | undefined {
  try {
    return readRecords(folder, source)
  } catch (error) {
    if (error instanceof GateError) return undefined
    throw error
  }
}

/** What the gate that works, or worked, in the configured data folder has written down. */
export async function openRecords(config: Config): Promise<Records | undefined> {
  await touchFolder(config.data)
  return readRecords(config.data, sourceOf(config))
}

function fixedPolicy(policy: Policy): Policies & { close(): void } {
  return { current: () => policy, lastError: () => undefined, close() {} }
}

/** Opens the repository's copy when it is first waited for, because opening it begins a refresh. */
export function deferTrust(open: () => Promise<Trust>): Trust {
  let opening: Promise<Trust> | undefined
  let opened: Trust | undefined
  const nothing = (now: Instant): GateError =>
    new GateError('unknown-trust', `no trust root was opened by ${formatInstant(now)}`)
  return {
    async settled() {
      opening ??= open()
      opened = await opening
      await opened.settled()
    },
    fresh(now) {
      if (opened === undefined) throw nothing(now)
      return opened.fresh(now)
    },
    digest: () => opened?.digest(),
    status: now =>
      opened?.status(now) ?? {
        source: 'tuf',
        digest: undefined,
        refreshed: undefined,
        ageMs: undefined,
        fresh: false,
        detail: nothing(now).detail,
      },
    close: async () => await opened?.close(),
  }
}

/** Where commands keep what is theirs. */
export function cacheFolder(environment: Environment): string {
  return environment['XDG_CACHE_HOME'] || join(homedir(), '.cache')
}
