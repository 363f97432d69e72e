import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { cut } from '../../domain/base/cut.ts'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import { preAuthEncoding, readEnvelope, readSigned, renderEnvelope, STATEMENT_TYPE } from './envelope.ts'
import { onlyPem } from './only-pem.ts'

const PREDICATE_TYPE = 'urn:portcullis:carried:v1'

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
  return onlyPem(pem) === undefined ? undefined : keyOf(() => createPrivateKey(pem))
}

/** `undefined` when it is not an ed25519 public key in PEM. */
export function readSignerKey(pem: string): CarrierKey | undefined {
  if (pem.includes('PRIVATE KEY')) return undefined // what vouches should not be what signs
  return onlyPem(pem) === undefined ? undefined : keyOf(() => createPublicKey(pem))
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

/** A DSSE envelope (secure-systems-lab/dsse) over an in-toto statement about one document. */
export function signDocument(document: { readonly name: string; readonly sha256: Sha256 }, signer: CarrierKey): Buffer {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: document.name, digest: { sha256: document.sha256 } }],
    predicateType: PREDICATE_TYPE,
    predicate: {},
  }
  const payload = Buffer.from(JSON.stringify(statement))
  return renderEnvelope({ payload, keyid: signer.id, signature: sign(null, preAuthEncoding(payload), signer.key) })
}

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
  const { payload, keyid, signature } = known(readEnvelope(envelope), 'the envelope')
  if (!verify(null, preAuthEncoding(payload), signer.key, signature)) {
    if (keyid !== signer.id)
      throw new ImportRefusal(
        'signer-foreign',
        `it is signed with the key ${cut(keyid, 16)}, --signer is ${cut(signer.id, 16)}`,
      )
    throw new ImportRefusal('signature-invalid', `the signature over ${document.name} does not verify`)
  }
  if (!renderEnvelope({ payload, keyid: signer.id, signature }).equals(envelope))
    throw new ImportRefusal('signature-invalid', `the signature over ${document.name} is not as it was written`)
  const [subject] = known(readSigned(statementSchema, payload), 'the statement').subject
  if (subject?.name !== document.name || subject.digest.sha256 !== document.sha256)
    throw new ImportRefusal(
      'signature-invalid',
      `the signature is about ${subject?.name} with the sha256 ${subject?.digest.sha256}, ${document.name} has ${document.sha256}`,
    )
}

function known<Read>(read: Read | undefined, what: string): Read {
  if (read !== undefined) return read
  throw new ImportRefusal('signature-invalid', `${what} of the signature is not what DSSE and in-toto describe`)
}
