import { createHash, type Hash } from 'node:crypto'
import { GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'

/**
 * Counts and hashes what flows, and says at the end whether it is the admitted file. Nothing is judged before the end:
 * until then the bytes are only whatever the upstream sent.
 */
export class DigestGate {
  readonly #hash: Hash = createHash('sha256')
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

  /** Takes the next bytes; throws `integrity-mismatch` as soon as there are too many. */
  take(chunk: Uint8Array): void {
    this.#seen += chunk.byteLength
    const limit = this.#expected ?? this.#most
    if (this.#seen > limit) throw this.#mismatch(`more than ${limit} bytes came`)
    this.#hash.update(chunk)
  }

  /** Throws `integrity-mismatch` unless size and sha256 are the admitted ones. */
  finish(): void {
    if (this.#expected !== undefined && this.#seen !== this.#expected)
      throw this.#mismatch(`${this.#expected} bytes were expected, ${this.#seen} came`)
    const digest = this.#hash.digest('hex')
    if (digest !== this.#artifact.sha256)
      throw this.#mismatch(`sha256 ${this.#artifact.sha256} was expected, the bytes have ${digest}`)
  }

  #mismatch(detail: string): GateError {
    return new GateError('integrity-mismatch', `${this.#artifact.filename.text}: ${detail}`)
  }
}
