import { randomBytes } from 'node:crypto'
import type { Sha256 } from '../../domain/base/digest.ts'

/** Every stored byte is read again within about this time, however large the store is. */
const ROUND_MS = 7 * 86_400_000
const SLOWEST_BYTES_PER_MS = 64
const BETWEEN_BLOBS_MS = 200
const BETWEEN_FOLDERS_MS = 10
const FIRST_MS = 60_000

interface Options {
  /** the first digest after this one; `''` comes before all */
  readonly next: (after: string) => Sha256 | undefined
  /** bytes of all blobs */
  readonly total: () => number
  readonly examine: (sha256: Sha256, pause: (bytes: number) => Promise<void>) => Promise<void>
  readonly takeStock: (pause: () => Promise<void>) => Promise<void>
}

export interface Scrub {
  /** One whole round, without pauses. */
  all(): Promise<void>
  close(): void
}

/** Takes stock once, then hashes one blob after the other in small pieces, for ever, without keeping the process alive. */
export function createScrub({ next, total, examine, takeStock }: Options): Scrub {
  let timer: NodeJS.Timeout | undefined
  let closed = false

  /** Never resolves once closed: what waits here is let go of. */
  function wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      if (!closed) timer = setTimeout(resolve, ms).unref()
    })
  }

  function pace(bytes: number): Promise<void> {
    return wait(bytes / Math.max(SLOWEST_BYTES_PER_MS, total() / ROUND_MS))
  }

  async function run(): Promise<void> {
    await wait(FIRST_MS)
    await takeStock(() => wait(BETWEEN_FOLDERS_MS)).catch(() => {})
    // somewhere in the middle, so that a gate that is restarted often does not only ever look at the first blobs
    for (let after = randomBytes(32).toString('hex'); ; ) {
      await wait(BETWEEN_BLOBS_MS)
      after = await one(after)
    }
  }

  /** A blob that cannot be read is passed over: whoever asks for it is told. */
  async function one(after: string): Promise<string> {
    let sha256: Sha256 | undefined
    try {
      sha256 = next(after)
      if (sha256 !== undefined) await examine(sha256, pace)
    } catch {}
    return sha256 ?? ''
  }

  run().catch(() => {})

  return {
    async all() {
      for (let after = next(''); after !== undefined; after = next(after)) await examine(after, async () => {})
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
