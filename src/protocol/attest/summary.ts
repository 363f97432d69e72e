import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { cut } from '../../domain/base/cut.ts'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { formatInstant, type Instant, parseInstant } from '../../domain/base/instant.ts'
import { preAuthEncoding, readEnvelope, readSigned, renderEnvelope, STATEMENT_TYPE } from './envelope.ts'
import { onlyPem } from './only-pem.ts'

const PREDICATE_TYPE = 'https://slsa.dev/verification_summary/v1'
/** of the specification whose words `verifiedLevels` are */
const SLSA_VERSION = '1.1'

/** A key that signs verification summaries, or is held against them: ECDSA on P-256, with SHA-256 (FIPS 186-5). */
export interface SummaryKey {
  readonly key: KeyObject
  /** sha256 of the public key's SubjectPublicKeyInfo (DER), in hex: the `keyid` of what it signs */
  readonly id: string
}

/** `undefined` when it is not a P-256 private key in PEM (PKCS #8, without a password). */
export function readSummarySigner(pem: string): SummaryKey | undefined {
  return onlyPem(pem) === '-----BEGIN PRIVATE KEY-----' ? keyOf(() => createPrivateKey(pem)) : undefined
}

/** `undefined` when it is not a P-256 public key in PEM (SubjectPublicKeyInfo). */
export function readSummaryKey(pem: string): SummaryKey | undefined {
  if (pem.includes('PRIVATE KEY')) return undefined // what is handed round should not be what signs
  return onlyPem(pem) === '-----BEGIN PUBLIC KEY-----' ? keyOf(() => createPublicKey(pem)) : undefined
}

function keyOf(read: () => KeyObject): SummaryKey | undefined {
  try {
    const key = read()
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined
    const shared = key.type === 'public' ? key : createPublicKey(key)
    return { key, id: sha256Of(shared.export({ type: 'spki', format: 'der' })) }
  } catch {
    return undefined
  }
}

/** What somebody verified, and by what. */
export interface SummaryFacts {
  readonly filename: string
  readonly sha256: Sha256
  readonly resourceUri: string
  readonly verifier: { readonly id: string; readonly version: string }
  readonly timeVerified: Instant
  readonly policy: { readonly uri: string; readonly sha256: string }
  /** documents that the verdict rests on */
  readonly inputs: readonly { readonly uri: string; readonly sha256: Sha256 }[]
  /** words of SLSA, and words of ours */
  readonly levels: readonly string[]
}

/** A signed SLSA Verification Summary v1 (slsa.dev/spec/v1.1/verification_summary) that says PASSED, as a DSSE envelope. */
export function signSummary(facts: SummaryFacts, signer: SummaryKey): Buffer {
  const { filename, sha256, resourceUri, verifier, timeVerified, policy, inputs, levels } = facts
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: filename, digest: { sha256 } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      verifier: { id: verifier.id, version: { portcullis: verifier.version } },
      timeVerified: formatInstant(timeVerified),
      resourceUri,
      policy: { uri: policy.uri, digest: { sha256: policy.sha256 } },
      inputAttestations: inputs.map(input => ({ uri: input.uri, digest: { sha256: input.sha256 } })),
      verificationResult: 'PASSED',
      verifiedLevels: levels,
      slsaVersion: SLSA_VERSION,
    },
  }
  const payload = Buffer.from(JSON.stringify(statement))
  const signature = sign('sha256', preAuthEncoding(payload), signer.key)
  return renderEnvelope({ payload, keyid: signer.id, signature })
}

const digest = z.strictObject({ sha256: z.string() })
const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([z.strictObject({ name: z.string(), digest })]),
  predicateType: z.literal(PREDICATE_TYPE),
  // what a later version says besides is signed, and says nothing against what is read here
  predicate: z.looseObject({
    verifier: z.looseObject({ id: z.string() }),
    timeVerified: z.string(),
    resourceUri: z.string(),
    policy: z.looseObject({ uri: z.string(), digest }),
    verificationResult: z.string(),
    verifiedLevels: z.array(z.string()),
  }),
})

/** What a summary must say, besides that it is ours. */
export interface SummaryDemands {
  readonly filename: string
  readonly sha256: Sha256
  /** at most so long ago, ms; default: any time before `now` */
  readonly maxAgeMs?: number | undefined
  readonly now: Instant
  readonly policyDigest?: string | undefined
  readonly verifierId?: string | undefined
}

/** What a summary said that is as it must be. */
export interface HeldSummary {
  readonly verifierId: string
  readonly timeVerified: Instant
  readonly policyDigest: string
  readonly levels: readonly string[]
}

/** ms; clocks of two machines may differ by so much */
const SKEW = 60_000

/** Holds a summary against the one key that may have signed it and the file that it must be about; `wrong` is why it is none of that. */
export function holdSummary(
  bytes: Uint8Array,
  signer: SummaryKey,
  demands: SummaryDemands,
): HeldSummary | { readonly wrong: string } {
  const envelope = readEnvelope(bytes)
  if (envelope === undefined) return { wrong: 'it is no DSSE envelope with one signature over an in-toto statement' }
  const { payload, keyid, signature } = envelope
  if (!verify('sha256', preAuthEncoding(payload), signer.key, signature))
    return keyid === signer.id
      ? { wrong: 'its signature does not verify' }
      : { wrong: `it is signed with the key ${cut(keyid, 16)}; the one given is ${cut(signer.id, 16)}` }
  if (!renderEnvelope({ payload, keyid: signer.id, signature }).equals(bytes))
    return { wrong: 'the envelope is not as it was written' }
  const statement = readSigned(statementSchema, payload)
  if (statement === undefined) return { wrong: 'what is signed is no verification summary of one file' }
  const [{ name, digest: of }] = statement.subject
  if (name !== demands.filename) return { wrong: `it is about ${name}, not about ${demands.filename}` }
  if (of.sha256 !== demands.sha256)
    return { wrong: `it is about a file with the sha256 ${of.sha256}; this one has ${demands.sha256}` }
  return holdPredicate(statement.predicate, demands)
}

function holdPredicate(
  predicate: z.output<typeof statementSchema>['predicate'],
  { now, maxAgeMs, policyDigest, verifierId }: SummaryDemands,
): HeldSummary | { readonly wrong: string } {
  const { verifier, timeVerified, policy, verificationResult, verifiedLevels } = predicate
  if (verificationResult !== 'PASSED') return { wrong: `its result is ${verificationResult}, not PASSED` }
  const at = parseInstant(timeVerified)
  if (at === undefined) return { wrong: `its time ${timeVerified} is none` }
  if (at > now + SKEW) return { wrong: `it was made at ${timeVerified}, which is yet to come` }
  if (maxAgeMs !== undefined && now - at > maxAgeMs)
    return { wrong: `it was made at ${timeVerified}, which is too long ago` }
  if (policyDigest !== undefined && policy.digest.sha256 !== policyDigest)
    return { wrong: `it was made under the policy ${policy.digest.sha256}, not under ${policyDigest}` }
  if (verifierId !== undefined && verifier.id !== verifierId)
    return { wrong: `it was made by ${verifier.id}, not by ${verifierId}` }
  return {
    verifierId: verifier.id,
    timeVerified: at,
    policyDigest: policy.digest.sha256,
    levels: verifiedLevels,
  }
}
