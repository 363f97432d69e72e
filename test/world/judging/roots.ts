import type { TrustMaterial, TrustRoots } from '../../../src/ports/trust.ts'
import type { ReadRoot } from '../../../src/protocol/clauses/publisher.ts'
import { type ProvenanceFinding, verifyDocument } from '../../../src/verify/evidence/document.ts'
import type { ExpectedSubject } from '../../../src/verify/evidence/statement.ts'
import type { PreparedTrust } from '../../../src/verify/evidence/trust-material.ts'

/** Sigstore's root alone, as most policies have it. */
export function rootsOf(sigstore: TrustMaterial): TrustRoots {
  return { sigstore, custom: [] }
}

/** As the verifier does where no publisher has a root of its own. */
export function verifyAlone(bytes: Uint8Array, file: ExpectedSubject, sigstore: PreparedTrust): ProvenanceFinding {
  return verifyDocument(bytes, file, { sigstore, custom: new Map() })
}

/** For policies without custom publishers. */
export const noRoots: ReadRoot = path => ({ wrong: `${path} is not there` })
