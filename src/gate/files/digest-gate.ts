import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'

/**
 * Counts what flows, and says at the end whether it is the admitted file; the digest comes from whoever writes the bytes down,
 * who hashes them anyway. Nothing is judged before the end: until then the bytes are only whatever the upstream sent.
 */
export class DigestGate {
  readonly #artifact: Artifact
  /** bytes that the file must have; `undefined` where neither index nor upstream said */
  readonly #expected: number | undefined
  readonly #most: number
  #seen = 0

  constructor(artifact: Artifact, sizes: { readonly expected: number | undefined; readonly most: number }) {
    this.#artifact = artifact
    this.#expected = sizes.expected
    this.#most = sizes.most
  }

  /** bytes so far */
  get seen(): number {
    return this.#seen
  }

  /** Counts the next bytes; throws `integrity-mismatch` as soon as there are too many. */
  take(chunk: Uint8Array): void {
    this.#seen += chunk.byteLength
    const limit = this.#expected ?? this.#most
    if (this.#seen > limit) throw this.#mismatch(`more than ${limit} bytes came`)
  }

  /** Throws `integrity-mismatch` unless the size and this sha256, of everything that was taken, are the admitted ones. */
  finish(digest: Sha256): void {
    if (this.#expected !== undefined && this.#seen !== this.#expected)
      throw this.#mismatch(`${this.#expected} bytes were expected, ${this.#seen} came`)
    if (digest !== this.#artifact.sha256)
      // what the bytes have is told to the log alone: whoever asks may have no right to know the file that came
      throw this.#mismatch(`the bytes have not the sha256 ${this.#artifact.sha256}`, { sha256: digest })
  }

  #mismatch(detail: string, untrusted?: unknown): GateError {
    return new GateError('integrity-mismatch', `${this.#artifact.filename.text}: ${detail}`, { untrusted })
  }
}
