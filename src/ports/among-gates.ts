import type { Readable } from 'node:stream'
import type { Sha256 } from '../domain/base/digest.ts'
import type { Millis } from '../domain/base/instant.ts'

/** How the bucket stands, for whoever asks whether the gate is ready. */
export interface BucketState {
  readonly ok: boolean
  /** it is away, though not for too long yet */
  readonly warning: boolean
  readonly detail: string
}

/** The bucket of all gates, as far as whoever fetches a file has to know of it. Nothing here throws because it is away. */
export interface SharedBlobs {
  /** Nothing can be had from it at present, so that it is in vain to wait for what another gate brings there. */
  isAway(): boolean
  /**
   * The bytes on their way from there, `length` of them; the stream fails before its end where they are not those of the digest.
   * `undefined` where it has none, none of `size` bytes, or cannot say.
   */
  stream(
    sha256: Sha256,
    size: number | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly body: Readable; readonly length: number } | undefined>
  /** Resolves when what was stored here of this digest is there, or did not get there at the first try. */
  settled(sha256: Sha256): Promise<void>
  state(): BucketState
}
/** The turn to do something that all gates would do otherwise. It lasts as long as its holder lives and has not let go of it. */
export interface Lease {
  /** grows with each holder of the same key */
  readonly fence: number
  /** Lets the next one in. Throws nothing, and does nothing the second time. */
  release(): Promise<void>
}

/**
 * Whose turn it is, among gates. A lease saves work and decides nothing: two who hold the same one at once do the same twice. So
 * where nobody can say whose turn it is, it is everybody's.
 */
export interface Leases {
  /** `undefined` while somebody else has it; a holder that died has it for some seconds more. Throws nothing. */
  take(key: string): Promise<Lease | undefined>
  /** Resolves when somebody may have let go of it, after `most` at the latest. */
  change(key: string, most: Millis): Promise<void>
  /** Lets go of all that is held. */
  close(): Promise<void>
}
