import { readFileSync } from 'node:fs'
import { readRoot } from '../../../src/compose/trust.ts'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { matchesName } from '../../../src/domain/base/glob.ts'
import { type Instant, instant, millis } from '../../../src/domain/base/instant.ts'
import type { Refused, Verdict } from '../../../src/domain/decide/verdict.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import type { Artifact, FilePath } from '../../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { type ProjectName, parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createGate, type GateParts, type GateSettings } from '../../../src/gate/create-gate.ts'
import type { OpenFile } from '../../../src/gate/files/open-file.ts'
import type { RunningGate } from '../../../src/gate/gate.ts'
import { createPolicies, type ReloadingPolicies } from '../../../src/gate/policy/policies.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { Trust, TrustMaterial } from '../../../src/ports/trust.ts'
import { createMemoryStore, type MemoryStore } from '../../../src/store/memory.ts'
import { createUpstreamAgent } from '../../../src/upstream/agent.ts'
import { createIndex } from '../../../src/upstream/pypi-index.ts'
import { createIntegrity } from '../../../src/upstream/pypi-integrity.ts'
import { createOrigin } from '../../../src/upstream/pypi-origin.ts'
import { createInlineVerifier } from '../../../src/verify/workers/inline.ts'
import type { Published, Scope, World } from '../world.ts'

const HOUR = 3_600_000

export interface BareChanges {
  /** default: what the world would write */
  readonly policy?: string
  readonly settings?: Partial<GateSettings>
  /** takes the place of a part, or wraps it */
  readonly parts?: (parts: GateParts) => Partial<GateParts>
  /** name globs; default none */
  readonly internal?: readonly string[]
  /** a clock and a memory that outlive a gate */
  readonly after?: BareGate
}

/** The use cases alone, without HTTP: real upstream adapters and a real verifier, a memory for a disk, a clock on a string. */
export interface BareGate {
  readonly gate: RunningGate
  readonly events: readonly GateEvent[]
  readonly policies: ReloadingPolicies
  readonly memory: MemoryStore
  readonly clock: { now: number }
  readonly root: TrustOnAString
  /** names of the alarms so far */
  alarms(): readonly string[]
  /** the verdict on a file by its path, as a client of a lock asks */
  judge(file: Pick<Published, 'path'>): Promise<Verdict>
  locate(file: Pick<Published, 'path'>): Promise<Artifact>
  /** judged, opened, read to the end */
  download(file: Pick<Published, 'path'>): Promise<Buffer>
  /** what a client would be told: admitted, a refusal's code, or an error's */
  outcome(file: Pick<Published, 'path'>): Promise<string>
  rewritePolicy(text: string): 'loaded' | 'unchanged' | 'kept'
}

export async function openBareGate(scope: Scope, world: World, changes: BareChanges = {}): Promise<BareGate> {
  const { after, internal = [] } = changes
  const log: GateEvent[] = []
  const events = { emit: (event: GateEvent) => void log.push(event) }
  const clock = after?.clock ?? { now: Date.now() }
  const read = (): Instant => instant(clock.now)
  const memory = after?.memory ?? createMemoryStore({ clock: read, events })
  const root = after?.root ?? createTrustOnAString(readFileSync(world.trustRoot, 'utf8'))
  const { origin, filesOrigin, integrityOrigin } = world.upstream
  const agent = createUpstreamAgent({
    upstreams: [origin, integrityOrigin],
    files: [filesOrigin],
    timeout: millis(30_000),
    auth: {},
    environment: {},
    version: 'test',
    events,
  })
  scope.teardown(() => agent.close())
  const policies = createPolicies({
    paths: [world.writePolicy(changes.policy)],
    clock: read,
    events,
    readRoot,
    pollMs: 0,
  })
  scope.teardown(() => policies.close())
  const settings: GateSettings = {
    publicUrl: undefined,
    listenUrl: () => 'http://gate.test',
    mode: 'list',
    maxAge: millis(60_000),
    maxStale: millis(HOUR),
    negativeTtl: millis(600_000),
    keep: millis(400 * 24 * HOUR),
    spool: 16 * 1024 * 1024,
    maxSize: 1024 * 1024 * 1024,
    metadata: 'promised',
    isInternal: (project: ProjectName) => internal.some(glob => matchesName(glob, project)),
    draining: () => false,
    ...changes.settings,
  }
  const parts: GateParts = {
    index: createIndex({ agent, index: origin, files: [filesOrigin] }),
    integrity: createIntegrity({ agent, integrity: integrityOrigin, index: origin }),
    origin: createOrigin({ agent, files: [filesOrigin], maxSize: settings.maxSize }),
    verifier: createInlineVerifier(),
    trust: root.trust,
    store: memory.store,
    memory: await memory.store.memory(sourceAt(origin)),
    blobs: memory.blobs,
    policies,
    events,
    clock: read,
  }
  const gate = createGate({ ...parts, ...changes.parts?.(parts) }, settings)
  scope.teardown(() => gate.close())

  async function locate({ path }: Pick<Published, 'path'>): Promise<Artifact> {
    const located = await gate.locate(path as FilePath)
    if ('kind' in located) throw new TypeError(`refused before it was judged: ${located.code}`)
    return located
  }

  async function judge({ path }: Pick<Published, 'path'>): Promise<Verdict> {
    const located: Artifact | Refused = await gate.locate(path as FilePath)
    return 'kind' in located ? located : await gate.judge(located)
  }

  async function download(file: Pick<Published, 'path'>): Promise<Buffer> {
    const verdict = await judge(file)
    if (verdict.kind === 'refused') throw new TypeError(`refused: ${verdict.code}`)
    return await readOpen(await gate.open(verdict))
  }

  return {
    gate,
    events: log,
    policies,
    memory,
    clock,
    root,
    alarms: () => log.flatMap(event => (event.type === 'alarm' ? [event.alarm] : [])),
    judge,
    locate,
    download,
    async outcome(file) {
      try {
        const verdict = await judge(file)
        return verdict.kind === 'refused' ? verdict.code : 'admitted'
      } catch (error) {
        if (error instanceof GateError) return error.code
        throw error
      }
    },
    rewritePolicy(text) {
      world.writePolicy(text)
      return policies.reload()
    },
  }
}

/** Everything that an opened file gives out; throws where its socket would be reset. */
export async function readOpen(file: OpenFile): Promise<Buffer> {
  const chunks: Buffer[] = []
  if (file.kind === 'flowing') {
    for await (const chunk of file.chunks()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const { blob } = file
  const bytes = Buffer.alloc(blob.size)
  for (let done = 0; done < bytes.length; ) {
    const count = await blob.read(bytes.subarray(done), done)
    if (count === 0) throw new TypeError('the blob is shorter than it says')
    done += count
  }
  blob.close()
  return bytes
}

/** Parsed as the Integrity API's route would. */
export function nameOf({ project, filename }: Pick<Published, 'project' | 'filename'>) {
  const name = parseProjectName(project)
  const dist = parseDistFilename(filename, name)
  if (dist === undefined) throw new TypeError(`not a distribution: ${filename}`)
  return { project: name, filename: dist }
}

/** A trust root that a test makes stale, takes away or changes. */
export interface TrustOnAString {
  readonly trust: Trust
  stale: boolean
  material: TrustMaterial
}

export function createTrustOnAString(json: string): TrustOnAString {
  /** A class with a private field, as that of TUF is: whoever takes one of its methods off it does not get far. */
  class Held implements Trust {
    readonly #source = 'tuf' as const
    fresh(): TrustMaterial {
      if (this.#source === 'tuf' && string.stale) throw new GateError('unknown-trust', 'the trust root is too old')
      return string.material
    }
    digest(): string {
      return this.status().digest
    }
    status() {
      const { digest } = string.material
      return {
        source: this.#source,
        digest,
        refreshed: undefined,
        fresh: !string.stale,
        ageMs: undefined,
        detail: 'of a test',
      }
    }
    async settled(): Promise<void> {}
    async close(): Promise<void> {}
  }
  const string: TrustOnAString = { stale: false, material: materialOf(json), trust: new Held() }
  return string
}

export function materialOf(json: string): TrustMaterial {
  return { digest: sha256Of(json), json }
}
