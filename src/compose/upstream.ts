import { readFileSync } from 'node:fs'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { type SourceSettings, sourcesOf } from '../config/sources.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Millis } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import { HELD, heldAt, heldOf, type Source, sourceAt } from '../domain/memory/source.ts'
import { createByteBudget } from '../flow/byte-budget.ts'
import { withNamedFailures } from '../gate/sources/named-failures.ts'
import { createNoIntegrity } from '../gate/sources/no-integrity.ts'
import type { Events } from '../observe/events.ts'
import { createDocuments, type Documents } from '../parse/documents.ts'
import type { Index, Integrity, ResumableOrigin, RootList } from '../ports/outward.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import { createUpstreamAgent, type UpstreamAgent } from '../upstream/agent.ts'
import { createIndex } from '../upstream/pypi-index.ts'
import { createIntegrity } from '../upstream/pypi-integrity.ts'
import { createOrigin } from '../upstream/pypi-origin.ts'
import { createRootList } from '../upstream/root-list.ts'

export interface Connected {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: ResumableOrigin
  readonly rootList: RootList
}

/** The upstreams of a configuration, each with connections, certificates and credentials of its own. */
export interface ConnectedSources {
  of(name: SourceName): Connected
  close(): Promise<void>
}

interface ConnectOptions {
  readonly environment: Environment
  readonly version: string
  readonly events: Events
  /** threads at most that read large documents */
  readonly readers?: number
}

/** Where the configuration says that not a packet leaves, none does: whatever asks is told so (`usage`). */
export function connectSources(config: Config, options: ConnectOptions): ConnectedSources {
  // threads are the machine's, whoever sent what they read
  const documents = createDocuments(options.readers === undefined ? {} : { size: options.readers })
  const connected = new Map(
    sourcesOf(config).map(source => [source.rule.name, connectSource(source, { ...options, config, documents })]),
  )
  return {
    of(name) {
      const source = connected.get(name)
      if (source === undefined) throw new GateError('unknown-bug', `there is no source ${name}`)
      return source
    },
    async close() {
      await Promise.all([documents.close(), ...connected.values().map(source => source.close())])
    },
  }
}

interface SourceOptions extends ConnectOptions {
  readonly config: Config
  readonly documents: Documents
}

function connectSource(source: SourceSettings, options: SourceOptions): Connected & { close(): Promise<void> } {
  const { index, integrity, files, auth, ca, timeout } = source
  const { config, documents, environment, version, events } = options
  const setting = config.sources === undefined ? 'upstream' : `sources.${source.rule.name}`
  const agent = config.offline
    ? offlineAgent(timeout)
    : createUpstreamAgent({
        upstreams: askedOf(source),
        others: sourcesOf(config)
          .filter(({ rule }) => rule.name !== source.rule.name)
          .flatMap(askedOf),
        files,
        setting,
        ca: readCa(ca, `${setting}.ca`),
        timeout,
        auth,
        environment,
        version,
        events,
      })
  // where there is one, nobody has to be told which
  const isOneOfSeveral = sourcesOf(config).length > 1
  const named = <Port extends object>(port: Port): Port =>
    isOneOfSeveral ? withNamedFailures(port, source.rule.name) : port
  return {
    index: named(createIndex({ agent, index, files, documents })),
    integrity: named(
      integrity === 'none'
        ? createNoIntegrity()
        : createIntegrity({ agent, integrity, index, setting: `${setting}.integrity` }),
    ),
    origin: named(createOrigin({ agent, files, maxSize: config.files.maxSize })),
    rootList: named(createRootList({ agent, index })),
    close: () => agent.close(),
  }
}

function offlineAgent(timeout: Millis): UpstreamAgent {
  const detail =
    'the configuration says offline, so no index is asked; what the mirror holds is told by the gate that serves it (--gate URL)'
  return {
    timeout,
    documents: createByteBudget(0),
    send: async () => {
      throw new GateError('usage', detail)
    },
    mayLead: () => false,
    close: async () => {},
  }
}

/** URLs below which a source is asked. */
function askedOf({ index, integrity }: SourceSettings): readonly string[] {
  return integrity === 'none' ? [index] : [index, integrity]
}

/** A configured index as a source of what is remembered: however its URL is spelled. */
export function memorySource({ index }: Pick<SourceSettings, 'index'>): Source {
  return sourceAt(parseUpstreamBase(index, 'upstream.index').href)
}

/** The sources whose word is remembered in the gate's data folder, the first index's first. Never empty. */
export function memorySources(config: Config): readonly Source[] {
  return config.offline ? heldSources(config) : sourcesOf(config).map(memorySource)
}

/** What is remembered of what a mirror holds of a source: by its URL, and by its name from before. */
export function heldMemorySources(source: SourceSettings): readonly [at: Source, before: Source] {
  return [heldAt(memorySource(source)), heldOf(source.rule.name)]
}

/** The same of what a mirror holds: of each source that is named, and of all from before they were. */
export function heldSources(config: Config): readonly Source[] {
  return config.sources === undefined ? [HELD] : [...sourcesOf(config).flatMap(heldMemorySources), HELD]
}

/** `setting`: what names it, for people. Throws `config-invalid`. */
export function readCa(path: string | undefined, setting = 'upstream.ca'): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GateError('config-invalid', `${setting}: ${path} cannot be read`, { cause })
  }
}
