import type { BundleWithDsseEnvelope } from '@sigstore/bundle'
import { type SignedEntity, toSignedEntity, VerificationError } from '@sigstore/verify'
import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { type TrustRootName, VerifiedAttestation } from '../../domain/identity/attestation.ts'
import type { Attestation } from '../../protocol/attest/provenance.ts'
import { toBundle } from './bundle.ts'
import { RememberingCertificate } from './certificates.ts'
import { readClaims } from './claims.ts'
import { InvalidEvidence } from './invalid-evidence.ts'
import { assertLeafProfile } from './leaf-profile.ts'
import { assertCheckpointSigned, assertEntryBinds, assertLogInForce } from './log-entry.ts'
import { comparePredicate } from './slsa.ts'
import { assertSubjectIs, type ExpectedSubject, readStatement } from './statement.ts'
import { assertTokenIsWhole } from './time-stamp.ts'
import type { Leaf, PreparedRoots, PreparedTrust } from './trust-material.ts'

/**
 * Verifies under Sigstore's root or, where that does not vouch, under one of the others, and says under which. Throws
 * {@link InvalidEvidence}, or whatever hostile bytes make a parser throw, which means the same.
 */
export function verifyAttestation(
  attestation: Attestation,
  file: ExpectedSubject,
  { sigstore, custom }: PreparedRoots,
): VerifiedAttestation {
  try {
    return verifyUnder('sigstore', sigstore, attestation, file)
  } catch (error) {
    if (error instanceof GateError || custom.size === 0) throw error
    return verifyElsewhere(custom, error, attestation, file)
  }
}

/** Throws the failure that came furthest: what is wrong with the statement tells more than who did not vouch for it. */
function verifyElsewhere(
  custom: PreparedRoots['custom'],
  first: unknown,
  attestation: Attestation,
  file: ExpectedSubject,
): VerifiedAttestation {
  let furthest = first
  for (const [root, trust] of custom) {
    try {
      return verifyUnder(root, trust, attestation, file)
    } catch (error) {
      if (error instanceof GateError) throw error
      if (error instanceof InvalidEvidence && error.why !== 'signature-invalid') furthest = error
    }
  }
  throw furthest
}

/** The whole check list for one attestation, in order. Returns or throws; no step answers with a boolean. */
function verifyUnder(
  root: TrustRootName,
  trust: PreparedTrust,
  attestation: Attestation,
  file: ExpectedSubject,
): VerifiedAttestation {
  const leafSha256 = sha256Of(attestation.certificate)
  const remembered = trust.leaves.get(leafSha256)
  const certificate = remembered?.certificate ?? RememberingCertificate.read(attestation.certificate)
  const bundle = toBundle(attestation)

  const times = verifySignature(bundle, certificate, trust)
  for (const timestamp of attestation.timestamps) assertTokenIsWhole(timestamp, trust.stampCertificates)
  for (const entry of attestation.entries) assertLogInForce(entry, times, trust.logs)
  for (const entry of attestation.entries) assertCheckpointSigned(entry, trust.logs)
  for (const entry of attestation.entries) assertEntryBinds(entry, attestation.certificate)
  const leaf = remembered ?? readLeaf(certificate)

  const statement = readStatement(bundle.content.dsseEnvelope.payload)
  assertSubjectIs(file, statement)

  trust.leaves.set(leafSha256, leaf)
  return VerifiedAttestation.mint({
    predicateType: statement.predicateType,
    claims: leaf.claims,
    root,
    signedAt: instant(Math.max(...times)),
    logIndex: attestation.entries[0].logIndex,
    leafSha256,
    ...comparePredicate(statement, leaf.claims),
  })
}

/**
 * The library's part: time sources, chain at every verified time, SCT, log inclusion and body, DSSE signature. Returns the
 * verified times; the library refuses when any of them fails or there is none.
 */
function verifySignature(
  bundle: BundleWithDsseEnvelope,
  certificate: RememberingCertificate,
  trust: PreparedTrust,
): NonEmpty<Instant> {
  const entity = toEntity(bundle, certificate)
  const times = nonEmpty(entity.timestamps.map(signedTime))
  if (times === undefined) throw new InvalidEvidence('signature-invalid', 'there is no signed time')
  try {
    trust.verifier.verify(entity)
  } catch (error) {
    throw inWords(error)
  }
  return times
}

/** The library would parse the certificate anew; it gets ours, which remembers. The hint names no key of any trust root. */
function toEntity(bundle: BundleWithDsseEnvelope, certificate: RememberingCertificate): SignedEntity {
  const content = { $case: 'publicKey', publicKey: { hint: '' } } as const
  const entity = toSignedEntity({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, content } })
  return { ...entity, key: { $case: 'certificate', certificate } }
}

function signedTime(source: SignedEntity['timestamps'][number]): Instant {
  if (source.$case === 'transparency-log') return instant(Number(source.tlogEntry.integratedTime) * 1000)
  return instant(source.timestamp.signingTime.getTime())
}

/** What depends on the leaf's bytes alone. */
function readLeaf(certificate: RememberingCertificate): Leaf {
  assertLeafProfile(certificate)
  return { certificate, claims: readClaims(certificate) }
}

const FAILED: ReadonlyMap<string, string> = new Map([
  ['TIMESTAMP_ERROR', 'no signed time could be verified'],
  ['CERTIFICATE_ERROR', 'the certificate does not lead to the trust root at the signed time'],
  ['TLOG_INCLUSION_PROMISE_ERROR', 'the log’s signed entry timestamp does not verify'],
  ['TLOG_INCLUSION_PROOF_ERROR', 'the log’s inclusion proof does not verify'],
  // the entry's body is compared before the signature, so this is what an edited statement looks like
  ['TLOG_BODY_ERROR', 'the log entry is about another statement or signature'],
  ['SIGNATURE_ERROR', 'the signature over the statement does not verify'],
])

function inWords(error: unknown): unknown {
  if (!(error instanceof VerificationError)) return error
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  const failed = FAILED.get(error.code) ?? 'the attestation does not verify'
  return new InvalidEvidence('signature-invalid', `${failed} (${error.message}${cause})`)
}
