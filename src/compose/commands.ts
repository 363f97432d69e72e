import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ExplainChanges, OpenExplain } from '../cli/command/services.ts'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { indexNamed, namedSources, sourcesOf } from '../config/sources.ts'
import { GateError, orGateError } from '../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { Source } from '../domain/memory/source.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { createBuilds } from '../gate/builds/builds.ts'
import { createExplain } from '../gate/explain/explain.ts'
import { type ApprovedPolicies, withApprovals } from '../gate/policy/approved-policies.ts'
import { createPolicies, type Policies, type ReloadingPolicies } from '../gate/policy/policies.ts'
import { mergeWithRecords } from '../gate/records/merged-memory.ts'
import { documentsAt } from '../gate/requests/approvals.ts'
import type { Events } from '../observe/events.ts'
import type { Belongings } from '../ports/belongings.ts'
import type { AccessRequest } from '../ports/console/requests.ts'
import type { Records } from '../ports/records.ts'
import type { Store } from '../ports/store.ts'
import type { Trust } from '../ports/trust.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { RecordedIndex } from '../store/sqlite/read-records.ts'
import { databaseIn } from '../store/sqlite/schema.ts'
import { createInlineVerifier } from '../verify/workers/inline.ts'
import { touchFolder } from './first-touch.ts'
import { recordedIndex, reservedNames, sourceAtIndex, upstreamOf } from './indexes.ts'
import { openUsableTrust, readRoot } from './trust.ts'
import { connectSources, memorySource } from './upstream.ts'

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
  const index = indexNamed(config, changes.index)
  const policies =
    changes.policy === undefined
      ? policiesOf(
          createPolicies({ paths: index.policy, clock, events, readRoot, sources: namedSources(config), pollMs: 0 }),
          events,
        )
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
  // one thread reads what comes faster than it is judged
  const upstreams = connectSources(config, { environment, version, events, readers: 1 })
  const verifier = createInlineVerifier()
  const folder = join(trusting.data, 'commands')
  const learns = config.sources === undefined ? changes.learns : undefined // whom a name belongs to is learned anyway
  const store = await openStore({ folder, clock, events, learns })
  const recorded = recordedIndex({ ...config, offline: false }, index) // whatever a mirror holds, these ask an index
  const records = await readableRecords(config, recorded)
  policies.approve(documentsAt(index.name, await approvedIn(config, records, clock)))
  const upstream = await upstreamOf(index, {
    config,
    upstreams,
    memoryOf: async source => mergeWithRecords(await store.memory(source), records),
    belongings: place => belongingsOf(store.belongings(gateAt(place, config)), records),
    seenBesides: async source => await namesSeen(config, source),
    clock,
  })
  const { negativeTtl } = config.findings
  const explain = createExplain(
    { ...upstream, verifier, trust, policies, negativeTtl, events, clock },
    {
      at: changes.at,
      maxSize: config.files.maxSize,
      ...reservedNames(config, index),
    },
  )
  return {
    ...explain,
    index: index.name,
    builds: createBuilds(explain, upstream.origin),
    sourceOf: project => sourceAtIndex(project, { config, own: index, index: upstream.index }),
    async close() {
      policies.close()
      await Promise.all([records?.close(), store.close(), upstreams.close(), trust.close(), verifier.close()])
    },
  }
}

/** Names that the gate has seen a source have: whatever its index may be, and whichever the command asks. */
async function namesSeen(config: Config, source: Source): Promise<readonly ProjectName[]> {
  const records = await readableRecords(config, source)
  try {
    return (await records?.projects()) ?? []
  } finally {
    await records?.close()
  }
}

/** The same: then nothing is known to be approved. */
async function approvedIn(
  { store: { database } }: Config,
  records: Records | undefined,
  clock: Clock,
): Promise<readonly AccessRequest[]> {
  const approved = records === undefined ? [] : await orGateError(records.approvals(clock()))
  if (!(approved instanceof GateError)) return approved
  if (database !== undefined) throw approved
  return []
}

/**
 * A data folder that belongs to somebody else is no reason to fail: then its past is not known here. A database is, that gates share and that does
 * not answer: whoever names it means to be told what they say. Throws `unknown-store`.
 */
async function readableRecords(config: Config, of: RecordedIndex | Source): Promise<Records | undefined> {
  try {
    return await recordsOf(config, of)
  } catch (error) {
    if (error instanceof GateError && config.store.database === undefined) return undefined
    throw error
  }
}

/** Whether a gate ever worked in the configured data folder, or a database is named that gates share, which is not asked. */
export async function hasDatabase({ data, store: { database } }: Config): Promise<boolean> {
  if (database !== undefined) return true
  await touchFolder(data)
  return existsSync(databaseIn(data))
}

/** What the gate that works, or worked, in the configured data folder has written down. */
export async function openRecords(config: Config, index?: string): Promise<Records | undefined> {
  await touchFolder(config.data)
  return await recordsOf(config, recordedIndex(config, indexNamed(config, index)))
}

/** In the data folder, or in the database that gates share. */
export async function recordsOf(
  { data, store: { database } }: Config,
  index: RecordedIndex | Source,
): Promise<Records | undefined> {
  if (database === undefined) return await recordsIn(data, index)
  const { readSharedRecords } = await import('../store/postgres/records.ts')
  const asked = typeof index === 'string' ? { index: '', sources: [{ name: undefined, source: index }] } : index
  return await readSharedRecords(database, asked)
}

/** SQLite is loaded where there is a database. */
async function recordsIn(folder: string, of: RecordedIndex | Source): Promise<Records | undefined> {
  if (!existsSync(databaseIn(folder))) return undefined
  const { readRecords } = await import('../store/sqlite/read-records.ts')
  return readRecords(folder, of)
}

/** Who learns nothing makes no database, and where there is none there is nothing to remember. */
async function openStore({ learns, ...options }: StoreOptions): Promise<Store> {
  if (learns === 'nothing' && !existsSync(databaseIn(options.folder))) return createMemoryStore(options).store
  const { openCommandStore } = await import('../store/open-command-store.ts')
  return await openCommandStore(options)
}

interface StoreOptions extends Pick<CommandOptions, 'clock' | 'events'>, Pick<ExplainChanges, 'learns'> {
  readonly folder: string
}

/** Commands of one user answer for many gates: what was found for one, by its folder and its sources in their order, is nothing to another. */
export function gateAt(place: string, config: Config): string {
  return JSON.stringify([place, config.data, ...sourcesOf(config).map(memorySource)])
}

/** What a gate has found out of whom a name belongs to goes before what commands found. */
export function belongingsOf(own: Belongings, records: Records | undefined): Belongings {
  const recorded = (project: ProjectName): SourceName | undefined => records?.belonging(project)
  return {
    of: project => recorded(project) ?? own.of(project),
    remember: (project, source, at) => recorded(project) ?? own.remember(project, source, at),
    // what was known before there were several is the gate's to take over: a command for one index would do it for what another learned
    hasBegun: () => true,
    takeOver() {},
    begin() {},
  }
}

/** As the gate goes by them: with what was approved beside them, once that is known. */
type CommandPolicies = Pick<ApprovedPolicies, keyof Policies | 'approve'> & { close(): void }

function policiesOf(base: ReloadingPolicies, events: Events): CommandPolicies {
  return { ...withApprovals({ base, events }), close: base.close }
}

/** Whoever made it has taken in what was approved, or means it to be judged by itself. */
function fixedPolicy(policy: Policy): CommandPolicies {
  return { current: () => policy, lastError: () => undefined, approve() {}, close() {} }
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
