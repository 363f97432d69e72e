import type { InvalidCode } from '../../domain/identity/attestation.ts'

/** Evidence that fails: thrown by every check, so that a forgotten return value cannot pass anything. */
export class InvalidEvidence extends Error {
  override readonly name = 'InvalidEvidence'
  readonly why: InvalidCode

  constructor(why: InvalidCode, detail: string) {
    super(detail)
    this.why = why
  }
}
