import type { Sha256 } from '../../domain/base/digest.ts'
import type { Events } from '../../observe/events.ts'
import { storeError } from '../failure/store-error.ts'
import type { BlobRecords } from '../sqlite/tables/blob-records-table.ts'

const EVICT_AT_ONCE = 64

export interface Eviction {
  /** The blob that came last stays, whatever room there is. */
  spare(newest: Sha256): void
  /** Makes room where there is too little, beside whoever asks. */
  start(): void
  /** Makes room for so many bytes more, as far as there is anything to let go of. */
  makeRoom(bytes: number): Promise<void>
  /** Resolves when nothing is removed any more. */
  close(): Promise<void>
}

interface Options {
  readonly cacheBytes: number
  /** bytes that are promised to what is being written */
  readonly promised: () => number
  readonly records: BlobRecords
  readonly remove: (sha256: Sha256) => Promise<void>
  readonly events: Events
}

/** Lets go of what was used least recently, until the rest is within its bounds. */
export function createEviction({ cacheBytes, promised, records, remove, events }: Options): Eviction {
  let newest: Sha256 | undefined
  let evicting: Promise<void> | undefined
  let closed = false

  function isFull(more: number): boolean {
    return records.total() - records.heldBytes + promised() + more > cacheBytes
  }

  async function letGo(more: number): Promise<void> {
    while (isFull(more) && !closed) {
      const candidates = records.oldest(EVICT_AT_ONCE).filter(sha256 => sha256 !== newest)
      if (candidates.length === 0) return
      for (const sha256 of candidates) {
        if (!isFull(more)) return
        const bytes = records.get(sha256)?.size ?? 0
        await remove(sha256)
        events.emit({ type: 'blob', action: 'evicted', bytes, total: records.total() })
      }
    }
  }

  /** For what fails while nobody waits for it; the next blob tries again. */
  function tell(cause: unknown): void {
    const detail = 'the cache of files could not be kept within its bounds'
    const { code } = storeError(detail, cause)
    events.emit({ type: 'unknown', code, detail, route: 'background', untrusted: undefined, cause, id: '' })
  }

  /** One after the other, so that nothing is counted twice. */
  function inTurn(more: number): Promise<void> {
    const before = evicting ?? Promise.resolve()
    const flight = before
      .then(() => letGo(more))
      .catch(tell)
      .finally(() => {
        if (evicting === flight) evicting = undefined
      })
    return flight
  }

  return {
    spare(sha256) {
      newest = sha256
    },
    start() {
      if (closed || !isFull(0)) return
      evicting ??= inTurn(0)
    },
    async makeRoom(bytes) {
      if (closed || !isFull(bytes)) return
      evicting = inTurn(bytes)
      await evicting
    },
    async close() {
      closed = true
      await evicting
    },
  }
}
