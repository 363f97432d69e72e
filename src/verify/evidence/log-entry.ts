import { crypto } from '@sigstore/core'
import type { TrustMaterial } from '@sigstore/verify'
import type { Instant } from '../../domain/base/instant.ts'
import { decodeBase64, type NoteSignature } from '../../protocol/attest/checkpoint.ts'
import type { LogEntry } from '../../protocol/attest/provenance.ts'
import { isJsonObject, parseJsonStrict } from '../../protocol/text/json.ts'
import { quote } from '../../protocol/text/quote.ts'
import { InvalidEvidence } from './invalid-evidence.ts'

const PEM = /^-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/
const LIMITS = { bytes: 1024 * 1024, depth: 32 }

/** Where each admitted kind keeps the certificate; PEP 740 attestations are DSSE envelopes and nothing else. */
const CERTIFICATE_OF: ReadonlyMap<string, (spec: unknown) => Buffer | undefined> = new Map([
  ['dsse/0.0.1', spec => fromPem(at(spec, 'signatures', 0, 'verifier'))],
  ['dsse/0.0.2', spec => fromBase64(at(spec, 'dsseV002', 'signatures', 0, 'verifier', 'x509Certificate', 'rawBytes'))],
  [
    'hashedrekord/0.0.2',
    spec => fromBase64(at(spec, 'hashedRekordV002', 'signature', 'verifier', 'x509Certificate', 'rawBytes')),
  ],
])

/**
 * What the library leaves open about a log entry whose inclusion it verified: the kind, the fields that nobody signs, and
 * that the entry is about this certificate (Sigstore client specification §4.4: the certificate in the entry MUST be the
 * bundle's). Throws {@link InvalidEvidence}.
 */
export function assertEntryBinds(entry: LogEntry, certificate: Buffer): void {
  const kind = `${entry.kind}/${entry.version}`
  const certificateOf = CERTIFICATE_OF.get(kind)
  if (certificateOf === undefined)
    throw refuse(`is of kind ${quote(kind)}, expected ${[...CERTIFICATE_OF.keys()].join(' or ')}`)
  assertUnsignedFields(entry)
  const body = parseJsonStrict(entry.canonicalizedBody, LIMITS)
  const logged = certificateOf(at(body, 'spec'))
  if (logged === undefined) throw refuse('names no certificate')
  if (!logged.equals(certificate)) throw refuse('names another certificate than the attestation')
}

/** Copies of signed values that are not signed themselves must be copies. */
function assertUnsignedFields(entry: LogEntry): void {
  const { checkpoint, rootHash, logIndex } = entry.proof
  if (!rootHash.equals(checkpoint.rootHash)) throw refuse('has a rootHash that is not the checkpoint’s')
  // a signed entry timestamp covers the outer logIndex; without one only the proof's own is proved
  if (entry.signedEntryTimestamp === undefined && entry.logIndex !== logIndex) throw refuse('has two log indexes')
}

/**
 * "Verifiers MUST ignore signatures from unknown keys … If the key name and ID match a known key, verifiers MUST verify the
 * signature" (C2SP signed-note). The library is content with one line that verifies under any part of the log's URL; here
 * the log's own lines, wherever they stand, must be there and must all verify. Witnesses are unknown: nobody asked for any.
 */
export function assertCheckpointSigned({ keyId, proof }: LogEntry, logs: TrustMaterial['tlogs']): void {
  const { note, origin, signatures } = proof.checkpoint
  const own = signatures.filter(line => isNamedFor(origin, line) && line.keyId.equals(keyId.subarray(0, 4)))
  if (own.length === 0) throw refuse('has a checkpoint that its log has not signed in the name of its origin')
  // of a single line the library's word is word enough: nothing else can have verified
  if (signatures.length === 1) return
  const keys = logs.filter(({ logID }) => logID.equals(keyId)).map(({ publicKey }) => publicKey)
  const signed = Buffer.from(note)
  for (const { signature } of own)
    if (!keys.some(key => crypto.verify(signed, key, signature)))
      throw refuse('has a checkpoint with a signature of its log that does not verify')
}

/** The origin is signed, a name on a signature line is not. Logs of the first generation add their tree to the name. */
function isNamedFor(origin: string, { name }: NoteSignature): boolean {
  return origin === name || origin.startsWith(`${name} - `)
}

/**
 * The library compares a log's window with the time in a signed entry timestamp. Entries without one take their time from
 * elsewhere (RFC 3161), so the window of the log's key is compared with every verified time here.
 */
export function assertLogInForce(entry: LogEntry, times: readonly Instant[], logs: TrustMaterial['tlogs']): void {
  const named = logs.filter(({ logID }) => logID.equals(entry.keyId))
  if (named.length === 0) throw refuse('is from a log that the trust root does not name')
  const inForce = named.some(({ validFor: { start, end } }) =>
    times.every(time => start.getTime() <= time && time <= end.getTime()),
  )
  if (!inForce) throw refuse('is from a log whose key was not in force at the signed time')
}

/** A number in the path stands for the one item of a list of one. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof key === 'number') return Array.isArray(inner) && inner.length === 1 ? inner[key] : undefined
    return isJsonObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined
  }, value)
}

function fromBase64(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? decodeBase64(value) : undefined
}

/** Rekor v1 keeps base64 around PEM around base64. */
function fromPem(value: unknown): Buffer | undefined {
  const [, body] = PEM.exec(fromBase64(value)?.toString('latin1') ?? '') ?? []
  return body === undefined ? undefined : decodeBase64(body.replace(/\s/g, ''))
}

function refuse(what: string): InvalidEvidence {
  return new InvalidEvidence('signature-invalid', `the log entry ${what}`)
}
