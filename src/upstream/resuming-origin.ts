import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { GateError } from '../domain/base/errors.ts'
import type { Artifact } from '../domain/packaging/artifact.ts'
import type { PartialFile, PartialFiles } from '../ports/mirror.ts'
import { type Origin, type Recycle, type ResumableOrigin, untrusted } from '../ports/outward.ts'

/** Smaller files are fetched again as a whole. Bytes. */
const WORTH_KEEPING = 1024 * 1024
/** How often a body that breaks off is gone on with, as long as none of these brought anything. */
const TRIES = 4
const PAUSE_MS = 500

interface ResumingOptions {
  readonly origin: ResumableOrigin
  readonly partials: PartialFiles
  /** told of bytes as they come */
  readonly received: (bytes: number) => void
  /** before the first repetition; each later one waits twice as long */
  readonly pauseMs?: number
}

/**
 * Files that go on where they broke off: within a run by asking for the rest (RFC 9110, 14), after a kill from what is left
 * on disk. Whether the bytes belong together is told by the digest, here for what is left and at the gate for everything.
 */
export function createResumingOrigin({ pauseMs = PAUSE_MS, ...options }: ResumingOptions): Origin {
  const { origin, received } = options
  return {
    metadata: (artifact, take, asking) => origin.metadata(artifact, take, asking),
    async file(artifact, signal) {
      const { size } = artifact
      if (size !== undefined && size >= WORTH_KEEPING) {
        let recycle: Recycle | undefined
        const came = (part: { readonly recycle?: Recycle | undefined }) => {
          recycle = part.recycle
        }
        const body = resumedBody({ ...options, pauseMs, artifact, signal, came })
        return untrusted({
          body: Readable.from(body, { objectMode: true }),
          length: size,
          recycle: chunk => recycle?.(chunk),
        })
      }
      const { value } = await origin.file(artifact, signal)
      return untrusted({ ...value, body: Readable.from(counted(value.body, received), { objectMode: true }) })
    },
  }
}

async function* counted(source: Readable, received: ResumingOptions['received']): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    received(chunk.byteLength)
    yield chunk
  }
}

/** One file that is fetched. */
interface Fetching extends Required<ResumingOptions> {
  readonly artifact: Artifact
  readonly signal: AbortSignal
  /** told of every answer, before its first byte */
  readonly came: (answer: { readonly recycle?: Recycle | undefined }) => void
}

async function* resumedBody(fetching: Fetching): AsyncGenerator<Buffer> {
  const { artifact, partials } = fetching
  const partial = await partials.open(artifact.sha256)
  try {
    if (partial.size > (artifact.size ?? Number.POSITIVE_INFINITY)) await partial.clear()
    if (partial.size > 0 && (await complete(fetching, partial))) yield* partial.read()
    else {
      await partial.clear()
      yield* arriving(fetching, partial)
    }
    // what the gate makes of it is the gate's: neither a right file nor a wrong one is gone on with, or written to its end
    await partial.clear()
    await partials.remove(artifact.sha256)
  } finally {
    await partial.close()
  }
}

/** Completes what an earlier run left, and lets nothing of it out before the digest is right. */
async function complete(fetching: Fetching, partial: PartialFile): Promise<boolean> {
  const { artifact } = fetching
  const hash = createHash('sha256')
  for await (const chunk of partial.read()) hash.update(chunk)
  if (partial.size !== artifact.size) for await (const chunk of arriving(fetching, partial)) hash.update(chunk)
  return hash.digest('hex') === artifact.sha256
}

/** From the upstream, from where `partial` ends; what comes is appended. */
async function* arriving(fetching: Fetching, partial: PartialFile): AsyncGenerator<Buffer> {
  const { signal, pauseMs } = fetching
  for (let failures = 0; ; ) {
    const before = partial.size
    try {
      yield* restOf(fetching, partial)
      return
    } catch (error) {
      failures = partial.size > before ? 1 : failures + 1
      if (failures >= TRIES || signal.aborted || !mayPass(error)) throw error
      await delay(pauseMs * 2 ** (failures - 1), undefined, { signal })
    }
  }
}

async function* restOf(fetching: Fetching, partial: PartialFile): AsyncGenerator<Buffer> {
  const { artifact, origin, received, signal, came } = fetching
  const { size } = partial
  const answer = size === 0 ? await wholeOf(origin, artifact, signal) : await origin.rest(artifact, size, signal)
  const { body, start } = answer.value
  came(answer.value)
  let skip = size - start
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      received(chunk.byteLength)
      const fresh = chunk.subarray(Math.min(skip, chunk.byteLength))
      skip -= chunk.byteLength - fresh.byteLength
      if (fresh.byteLength === 0) continue
      await partial.append(fresh)
      yield fresh
    }
  } finally {
    body.destroy()
  }
}

async function wholeOf(
  origin: ResumableOrigin,
  artifact: Artifact,
  signal: AbortSignal,
): ReturnType<ResumableOrigin['rest']> {
  const { value } = await origin.file(artifact, signal)
  return untrusted({ ...value, start: 0 })
}

/** What another try may cure; bytes that are known to be wrong are not asked for again. */
function mayPass(error: unknown): boolean {
  return error instanceof GateError && error.code.startsWith('unknown-upstream')
}
