import type { Test } from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import type { Gate } from '../../src/gate/gate.ts'
import type { RootLists } from '../../src/gate/pages/root-lists.ts'
import { BufferPool } from '../../src/http/exchange/buffer-pool.ts'
import { createHttpServer, type HttpServer, type HttpSettings } from '../../src/http/server.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import type { Blobs, OpenBlob } from '../../src/ports/blobs.ts'
import { type BareChanges, type BareGate, openBareGate } from '../world/gate/bare-gate.ts'
import type { World } from '../world/world.ts'

export interface ServerChanges extends BareChanges {
  /** puts something between the gate and the server */
  readonly wrap?: (gate: Gate) => Gate
  readonly http?: Partial<HttpSettings>
  readonly rootLists?: RootLists
}

/** The HTTP server alone, before use cases without a disk: its limits and its buffers are in the test's hands. */
export interface BareServer extends BareGate {
  readonly url: string
  readonly server: HttpServer
  readonly buffers: BufferPool
  /** blobs that are open now */
  readonly blobs: { open: number }
  /** the access log */
  requests(): readonly Extract<GateEvent, { type: 'request' }>[]
  /** which limits were reached, in order */
  limits(): readonly string[]
}

export async function startServer(t: Test, world: World, changes: ServerChanges = {}): Promise<BareServer> {
  const blobs = { open: 0 }
  // what was given back is overwritten, so that a byte that is sent too late is a wrong one
  const buffers = new BufferPool({ poison: 0xdd })
  const bare = await openBareGate(t, world, {
    ...changes,
    parts: parts => ({ blobs: countedOnDisk(parts.blobs, blobs), ...changes.parts?.(parts) }),
  })
  let url = ''
  const log: GateEvent[] = []
  const server = createHttpServer(
    [
      {
        path: '',
        index: 'main',
        gate: changes.wrap?.(bare.gate) ?? bare.gate,
        rootLists: changes.rootLists ?? NO_LIST,
      },
    ],
    {
      publicUrl: undefined,
      listenUrl: () => url,
      clientCache: 'revalidate',
      trustProxy: [],
      metrics: async () => ({ contentType: 'text/plain', body: '' }),
      events: { emit: event => void log.push(event) },
      version: 'test',
      buffers,
      ...changes.http,
    },
  )
  t.teardown(() => server.close())
  url = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    ...bare,
    url,
    server,
    buffers,
    blobs,
    requests: () => log.filter(event => event.type === 'request'),
    limits: () => log.flatMap(event => (event.type === 'limited' ? [event.limit] : [])),
  }
}

/** Nobody asks for it here. */
const NO_LIST: RootLists = {
  open: () => Promise.reject(new GateError('not-found', 'no list of projects')),
  close() {},
}

/** Blobs as a disk has them: none is in memory, and whoever opened one must close it. */
function countedOnDisk(blobs: Blobs, count: { open: number }): Blobs {
  return {
    ...blobs,
    async open(sha256) {
      const blob = await blobs.open(sha256)
      if (blob === undefined) return undefined
      count.open += 1
      let closed = false
      const counted: OpenBlob = {
        ...blob,
        bytes: undefined,
        close() {
          if (!closed) count.open -= 1
          closed = true
          blob.close()
        },
      }
      return counted
    },
  }
}
