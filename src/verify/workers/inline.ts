import type { Verifier } from '../../ports/trust.ts'
import { verifyDocument } from '../evidence/document.ts'
import { PreparedTrusts } from '../evidence/trust-material.ts'

/** Verifies on the calling thread: for commands that judge one file and end. A server wants `createVerifierPool`. */
export function createInlineVerifier(): Verifier {
  const trusts = new PreparedTrusts()
  return {
    async verify({ bytes, filename, sha256 }, roots) {
      return verifyDocument(bytes, { filename, sha256 }, trusts.prepareAll(roots))
    },
    async close() {},
  }
}
