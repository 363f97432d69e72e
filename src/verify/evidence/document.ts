import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { BundleResult, Finding } from '../../domain/identity/attestation.ts'
import {
  type Attestation,
  type ProvenanceBundle,
  ProvenanceError,
  parseProvenance,
} from '../../protocol/attest/provenance.ts'
import { quote } from '../../protocol/text/quote.ts'
import { verifyAttestation } from './attestation.ts'
import { InvalidEvidence } from './invalid-evidence.ts'
import { type ExpectedSubject, readStatement } from './statement.ts'
import type { PreparedRoots } from './trust-material.ts'

/** What a provenance document proves. */
export type ProvenanceFinding = Extract<Finding, { kind: 'attested' | 'invalid' }>

/**
 * Judges a provenance document for one file. Malformed structure anywhere, or any attestation that fails, whoever it
 * names, makes the whole document `invalid`. Whether those who signed may publish the file is for the policy to say.
 */
export function verifyDocument(bytes: Uint8Array, file: ExpectedSubject, roots: PreparedRoots): ProvenanceFinding {
  try {
    const { bundles } = parseProvenance(bytes)
    for (const [index, bundle] of bundles.entries()) assertTypesDiffer(bundle, `bundle ${index + 1}`)
    const verified = every(bundles, (bundle, index) => verifyBundle(bundle, `bundle ${index + 1}`, file, roots))
    return { kind: 'attested', bundles: verified, provenanceSha256: sha256Of(bytes) }
  } catch (error) {
    const { why, message } = toEvidence(error)
    return { kind: 'invalid', why, detail: message }
  }
}

function verifyBundle(
  bundle: ProvenanceBundle,
  where: string,
  file: ExpectedSubject,
  roots: PreparedRoots,
): BundleResult {
  const attestations = every(bundle.attestations, (attestation, index) =>
    locating(`attestation ${index + 1} of ${where}`, () => verifyAttestation(attestation, file, roots)),
  )
  return { publisher: bundle.publisher, attestations }
}

/**
 * PyPI keeps at most one attestation of a type for a file. The types are in the very bytes that are verified afterwards, so
 * this is told before anything is computed for it.
 */
function assertTypesDiffer({ attestations }: ProvenanceBundle, where: string): void {
  const types = attestations.flatMap(attestation => typeOf(attestation) ?? [])
  if (new Set(types).size !== types.length)
    throw new InvalidEvidence('provenance-malformed', `${where} has two attestations of one predicate type`)
}

/** `undefined` where it cannot be read: what is wrong with such a statement is told in its turn. */
function typeOf({ statement }: Attestation): string | undefined {
  try {
    return JSON.stringify(readStatement(statement).predicateType)
  } catch {
    return undefined
  }
}

function every<From, To>(items: NonEmpty<From>, verify: (item: From, index: number) => To): NonEmpty<To> {
  const verified = nonEmpty(items.map(verify))
  if (verified === undefined) throw new InvalidEvidence('provenance-malformed', 'there is nothing to verify')
  return verified
}

function locating<T>(where: string, verify: () => T): T {
  try {
    return verify()
  } catch (error) {
    const { why, message } = toEvidence(error)
    throw new InvalidEvidence(why, `${where}: ${message}`)
  }
}

/** Whatever a step throws means that the evidence fails, except a failure that is the gate's own. */
function toEvidence(error: unknown): InvalidEvidence {
  if (error instanceof GateError) throw error
  if (error instanceof InvalidEvidence) return error
  if (error instanceof ProvenanceError) return new InvalidEvidence('provenance-malformed', error.message)
  // a parser met hostile bytes
  const message = error instanceof Error ? error.message : String(error)
  return new InvalidEvidence('signature-invalid', `it cannot be read: ${quote(message)}`)
}
