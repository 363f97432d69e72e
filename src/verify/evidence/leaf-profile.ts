import { createPublicKey } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import type { RememberingCertificate } from './certificates.ts'
import { InvalidEvidence } from './invalid-evidence.ts'

const EKU = '2.5.29.37'
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
/** key usage, subject alternative name, basic constraints, extended key usage: what is understood here */
const UNDERSTOOD: ReadonlySet<string> = new Set(['2.5.29.15', '2.5.29.17', '2.5.29.19', EKU])
/** RFC 5480 §2: SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING of 66 bytes }, the point uncompressed. */
const ON_P256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const LONGEST_LIFE_MS = 60 * 60 * 1000

/**
 * The profile of a Fulcio leaf (github.com/sigstore/fulcio docs/certificate-specification.md), which the library does not
 * check. A function of the bytes alone. Throws {@link InvalidEvidence}.
 */
export function assertLeafProfile(certificate: RememberingCertificate): void {
  assertDer(certificate)
  assertSignatureFields(certificate)
  assertExtensions(certificate)
  assertUsage(certificate)
  assertKey(certificate)
  assertLifetime(certificate)
}

/** What is not canonical could mean one thing here and another elsewhere. */
function assertDer(certificate: RememberingCertificate): void {
  if (!certificate.isCanonical()) throw refuse('is not canonical DER')
  if (certificate.version !== 'v3') throw refuse(`is X.509 ${certificate.version}, expected v3`)
}

/** RFC 5280 §4.1.1.2: the algorithm outside the signed part "MUST contain the same algorithm identifier" as inside. */
function assertSignatureFields(certificate: RememberingCertificate): void {
  const [tbs, outer, value, ...more] = certificate.root.subs
  const inner = tbs?.subs[2]
  if (outer === undefined || inner === undefined || value === undefined || more.length > 0)
    throw refuse('is not a sequence of three parts')
  if (!outer.toDER().equals(inner.toDER())) throw refuse('names two signature algorithms')
  if (!value.tag.isBitString() || value.value[0] !== 0) throw refuse('has a signature that does not fill its bits')
}

function assertExtensions(certificate: RememberingCertificate): void {
  const seen = new Set<string>()
  for (const extension of certificate.extensions) {
    const oid = extension.subs[0]?.toOID() ?? ''
    if (seen.has(oid)) throw refuse(`has the extension ${oid} twice`)
    seen.add(oid)
    if (!UNDERSTOOD.has(oid) && certificate.extension(oid)?.critical === true)
      throw refuse(`has the critical extension ${oid}, which nobody here understands`)
  }
}

function assertUsage(certificate: RememberingCertificate): void {
  if (certificate.extBasicConstraints?.isCA === true) throw refuse('is a certificate authority, expected a leaf')
  const usage = certificate.extKeyUsage
  if (usage?.digitalSignature !== true || usage.keyCertSign || usage.crlSign)
    throw refuse('lacks the key usage digitalSignature, or may sign certificates')
  const purposes = certificate.extension(EKU)
  if (purposes === undefined) throw refuse('has no extended key usage, expected codeSigning')
  const oids = ASN1Obj.parseBuffer(Buffer.from(purposes.value)).subs.map(purpose => purpose.toOID())
  if (oids.length !== 1 || oids[0] !== CODE_SIGNING)
    throw refuse(`is for ${oids.join(' and ')}, expected codeSigning alone`)
}

/** PEP 740: version 1 of the attestation object is ECDSA over P-256 with SHA-256. */
function assertKey(certificate: RememberingCertificate): void {
  // a signature was verified with it: what is left to tell is on which curve, and reading the key again takes longer than comparing
  if (certificate.publicKey.subarray(0, ON_P256.length).equals(ON_P256)) return
  const key = createPublicKey({ key: certificate.publicKey, format: 'der', type: 'spki' })
  const curve = key.asymmetricKeyDetails?.namedCurve ?? 'no named curve'
  if (key.asymmetricKeyType !== 'ec' || curve !== 'prime256v1')
    throw refuse(`has a key of type ${key.asymmetricKeyType} on ${curve}, expected ECDSA on P-256`)
}

function assertLifetime(certificate: RememberingCertificate): void {
  const life = certificate.notAfter.getTime() - certificate.notBefore.getTime()
  // unreadable dates are NaN, which is not within anything
  const short = life > 0 && life <= LONGEST_LIFE_MS
  if (!short) throw refuse(`lives for ${life / 1000} s, expected at most an hour`)
}

function refuse(what: string): InvalidEvidence {
  return new InvalidEvidence('signature-invalid', `the signing certificate ${what}`)
}
