import { LRUCache } from 'lru-cache'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import type { OpenBlob } from '../../ports/blobs.ts'
import { placeOf } from './blob-places.ts'
import type { Descriptor } from './descriptor.ts'
import { mayGroupRead, type StatRecord, unchangedAt } from './stat-record.ts'

const MOST_OPEN = 256
/** A blob of at most this size may be kept in memory… */
const SMALL = 1024 * 1024
/** …as long as all of them together have no more bytes than this. */
const MEMORY = 48 * 1024 * 1024
/** From which opening on a small blob is worth its memory. */
const WORTH = 2
/** How often the file of a blob is looked at whose bytes come from memory, where nobody can change them. */
const LOOK_EVERY_MS = 1_000

/** A blob whose file was found to be what its name says, with the descriptor that all its readers share. */
interface Held {
  readonly sha256: Sha256
  readonly path: string
  readonly size: number
  readonly stat: StatRecord
  readonly descriptor: Descriptor
  bytes: Buffer | undefined
  opened: number
  /** on the monotonic clock, ms */
  looked: number
}

/**
 * Blobs that were opened lately. Every further opening looks at the file's stat record first; bytes that are served from
 * memory were hashed on their way there, so for them it suffices to look once a second.
 */
export class OpenBlobs {
  readonly #held = new LRUCache<Sha256, Held>({
    max: MOST_OPEN,
    dispose: held => {
      this.#memory.delete(held.sha256)
      held.descriptor.release()
    },
  })
  readonly #memory = new LRUCache<Sha256, Held>({
    maxSize: MEMORY,
    sizeCalculation: held => Math.max(1, held.size),
    dispose: held => {
      held.bytes = undefined
      held.opened = 0 // it has to be worth it again
    },
  })
  readonly #spoiled: (sha256: Sha256) => void

  /** `spoiled` is told of a blob whose bytes are wrong although its stat record is right. */
  constructor(spoiled: (sha256: Sha256) => void) {
    this.#spoiled = spoiled
  }

  /** The blob, when it is at hand and its file unchanged. */
  open(sha256: Sha256): OpenBlob | undefined {
    const held = this.#held.get(sha256)
    if (held === undefined) return undefined
    const now = performance.now()
    if (held.bytes === undefined || now - held.looked >= LOOK_EVERY_MS) {
      if (!unchangedAt(held.path, held.stat)) return void this.#held.delete(sha256)
      held.looked = now
    }
    held.opened += 1
    if (held.bytes !== undefined) this.#memory.get(sha256)
    else if (held.opened === WORTH && held.size <= SMALL) this.#load(held).catch(() => this.#held.delete(sha256))
    return this.#lease(held)
  }

  /** Takes the descriptor over, and opens the blob. */
  add(blob: Pick<Held, 'sha256' | 'path' | 'size' | 'stat' | 'descriptor'>): OpenBlob {
    const held: Held = { ...blob, bytes: undefined, opened: 1, looked: performance.now() }
    const opened = this.#lease(held)
    this.#held.set(blob.sha256, held)
    return opened
  }

  /** Those who read it go on reading. */
  forget(sha256: Sha256): void {
    this.#held.delete(sha256)
  }

  clear(): void {
    this.#held.clear()
  }

  async #load(held: Held): Promise<void> {
    const { sha256, size, descriptor } = held
    const bytes = Buffer.allocUnsafeSlow(size)
    for (let done = 0; done < size; ) {
      const count = await descriptor.read(bytes.subarray(done), done)
      if (count === 0) break
      done += count
    }
    if (this.#held.peek(sha256) !== held) return
    if (held.opened < WORTH) return // left to a front meanwhile, which reads the file itself
    if (sha256Of(bytes) !== sha256) {
      this.#held.delete(sha256)
      return this.#spoiled(sha256)
    }
    held.bytes = bytes
    this.#memory.set(sha256, held)
  }

  #lease(held: Held): OpenBlob {
    const { sha256, size, descriptor, bytes } = held
    descriptor.hold()
    let open = true
    return {
      sha256,
      size,
      bytes,
      read: (buffer, position) =>
        bytes === undefined ? descriptor.read(buffer, position) : Promise.resolve(bytes.copy(buffer, 0, position)),
      place: () => this.#place(held),
      close() {
        if (open) descriptor.release()
        open = false
      },
    }
  }

  #place(held: Held): string | undefined {
    const { sha256, path, stat, descriptor } = held
    if (!mayGroupRead(stat) || descriptor.isSpoilt) return undefined
    if (!unchangedAt(path, stat)) {
      if (this.#held.peek(sha256) === held) this.#held.delete(sha256)
      return undefined
    }
    // whoever reads it elsewhere makes it worth no memory here
    if (held.bytes !== undefined) this.#memory.delete(sha256)
    held.opened = 0
    return placeOf(sha256)
  }
}
