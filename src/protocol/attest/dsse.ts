import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { cut } from '../../domain/base/cut.ts'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'

/** in-toto's media type, as in every attestation that this program reads. */
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREDICATE_TYPE = 'urn:portcullis:carried:v1'
const LIMITS = { bytes: 64 * 1024, depth: 8 }

/** Bytes that an envelope about one document may have. */
export const LARGEST_ENVELOPE = LIMITS.bytes

/** A key that signs what is carried, or vouches for it: ed25519 (RFC 8032). */
export interface CarrierKey {
  readonly key: KeyObject
  /** sha256 of the public key's SubjectPublicKeyInfo, in hex */
  readonly id: string
}

/** A new pair as PEM: PKCS #8, SubjectPublicKeyInfo. */
export function generateCarrierKeys(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** `undefined` when it is not an ed25519 private key in PEM. */
export function readSigningKey(pem: string): CarrierKey | undefined {
  return keyOf(() => createPrivateKey(pem))
}

/** `undefined` when it is not an ed25519 public key in PEM. */
export function readSignerKey(pem: string): CarrierKey | undefined {
  if (pem.includes('PRIVATE KEY')) return undefined // what vouches should not be what signs
  return keyOf(() => createPublicKey(pem))
}

function keyOf(read: () => KeyObject): CarrierKey | undefined {
  try {
    const key = read()
    if (key.asymmetricKeyType !== 'ed25519') return undefined
    const shared = key.type === 'public' ? key : createPublicKey(key)
    return { key, id: sha256Of(shared.export({ type: 'spki', format: 'der' })) }
  } catch {
    return undefined
  }
}

/** DSSE v1's pre-authentication encoding. */
function encoding(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload])
}

/** A DSSE envelope (secure-systems-lab/dsse) over an in-toto statement about one document. */
export function signDocument(document: { readonly name: string; readonly sha256: Sha256 }, signer: CarrierKey): Buffer {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: document.name, digest: { sha256: document.sha256 } }],
    predicateType: PREDICATE_TYPE,
    predicate: {},
  }
  const payload = Buffer.from(JSON.stringify(statement))
  return renderEnvelope(payload, signer.id, sign(null, encoding(payload), signer.key))
}

/** The one spelling of an envelope: what says the same in other bytes is none. */
function renderEnvelope(payload: Buffer, keyid: string, signature: Buffer): Buffer {
  const envelope = {
    payload: payload.toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid, sig: signature.toString('base64') }],
  }
  return Buffer.from(`${JSON.stringify(envelope)}\n`)
}

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/)
const envelopeSchema = z.strictObject({
  payload: base64,
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: base64 })).length(1),
})
const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: z.string() }) })).length(1),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.strictObject({}),
})

/**
 * Holds an envelope against the one key that may have signed it, and against the document that it must be about. The key
 * id in the envelope only tells a foreign signer from a broken signature.
 *
 * @throws ImportRefusal `signer-foreign`, `signature-invalid`
 */
export function assertSigned(
  envelope: Uint8Array,
  document: { readonly name: string; readonly sha256: Sha256 },
  signer: CarrierKey,
): void {
  const { payload, signatures } = read(envelopeSchema, envelope, 'the envelope')
  const [signature] = signatures
  const bytes = Buffer.from(payload, 'base64')
  const signed = Buffer.from(signature?.sig ?? '', 'base64')
  if (!verify(null, encoding(bytes), signer.key, signed)) {
    if (signature?.keyid !== signer.id)
      throw new ImportRefusal(
        'signer-foreign',
        `it is signed with the key ${cut(signature?.keyid ?? '', 16)}, --signer is ${cut(signer.id, 16)}`,
      )
    throw new ImportRefusal('signature-invalid', `the signature over ${document.name} does not verify`)
  }
  if (!renderEnvelope(bytes, signer.id, signed).equals(envelope))
    throw new ImportRefusal('signature-invalid', `the signature over ${document.name} is not as it was written`)
  const [subject] = read(statementSchema, bytes, 'the statement').subject
  if (subject?.name !== document.name || subject.digest.sha256 !== document.sha256)
    throw new ImportRefusal(
      'signature-invalid',
      `the signature is about ${subject?.name} with the sha256 ${subject?.digest.sha256}, ${document.name} has ${document.sha256}`,
    )
}

function read<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array, what: string): z.output<Schema> {
  try {
    const json = parseJsonStrict(bytes, LIMITS)
    const { data } = schema.safeParse(isJsonObject(json) ? json : undefined)
    if (data !== undefined) return data
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
  }
  throw new ImportRefusal('signature-invalid', `${what} of the signature is not what DSSE and in-toto describe`)
}
