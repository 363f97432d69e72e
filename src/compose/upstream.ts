import { readFileSync } from 'node:fs'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { GateError } from '../domain/base/errors.ts'
import { HELD, type Source, sourceAt } from '../domain/memory/source.ts'
import type { Events } from '../observe/events.ts'
import { createDocuments } from '../parse/documents.ts'
import type { Index, Integrity, ResumableOrigin, RootList } from '../ports/outward.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import { createUpstreamAgent } from '../upstream/agent.ts'
import { createIndex } from '../upstream/pypi-index.ts'
import { createIntegrity } from '../upstream/pypi-integrity.ts'
import { createOrigin } from '../upstream/pypi-origin.ts'
import { createRootList } from '../upstream/root-list.ts'

export interface Connected {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: ResumableOrigin
  readonly rootList: RootList
  close(): Promise<void>
}

interface ConnectOptions {
  readonly environment: Environment
  readonly version: string
  readonly events: Events
  /** threads at most that read large documents */
  readonly readers?: number
}

export function connectUpstream(config: Config, options: ConnectOptions): Connected {
  const { index, integrity, files, auth, ca, timeout } = config.upstream
  const agent = createUpstreamAgent({
    upstreams: [index, integrity],
    files,
    ca: readCa(ca),
    timeout,
    auth,
    environment: options.environment,
    version: options.version,
    events: options.events,
  })
  const documents = createDocuments(options.readers === undefined ? {} : { size: options.readers })
  return {
    index: createIndex({ agent, index, files, documents }),
    integrity: createIntegrity({ agent, integrity, index }),
    origin: createOrigin({ agent, files, maxSize: config.files.maxSize }),
    rootList: createRootList({ agent, index }),
    async close() {
      await Promise.all([documents.close(), agent.close()])
    },
  }
}

/** The configured index as a source: however its URL is spelled. */
export function indexOf({ upstream }: Pick<Config, 'upstream'>): Source {
  return sourceAt(parseUpstreamBase(upstream.index, 'upstream.index').href)
}

/** Whose word the gate of this configuration goes by: what is remembered is remembered of it. */
export function sourceOf({ offline, upstream }: Pick<Config, 'offline' | 'upstream'>): Source {
  return offline ? HELD : indexOf({ upstream })
}

export function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GateError('config-invalid', `upstream.ca: ${path} cannot be read`, { cause })
  }
}
