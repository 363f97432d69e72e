import type { Sha256 } from '../../domain/base/digest.ts'

interface VerifiedFacts {
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
  readonly filename: string
}

/**
 * Permission to put bytes on a socket: the file was admitted, and its bytes are proved equal to the digest, or will be
 * before the last of them is handed out. Minted by the vault alone (a test holds this).
 */
export class VerifiedFile {
  readonly #verified = true
  readonly sha256: Sha256
  readonly size: number
  readonly filename: string

  private constructor(facts: VerifiedFacts) {
    this.sha256 = facts.sha256
    this.size = facts.size
    this.filename = facts.filename
  }

  static mint(facts: VerifiedFacts): VerifiedFile {
    return new VerifiedFile(facts)
  }

  static is(value: unknown): value is VerifiedFile {
    return typeof value === 'object' && value !== null && #verified in value
  }
}
