import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { AttestationJson, TransparencyEntry } from './signing.ts'
import { cosigned, noteLine, type Witness } from './witness.ts'

const ORIGIN = 'log2.rekor.test'
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

/** The two kinds of entry that a DSSE envelope may have in a log of the second generation. */
export type SecondKind = 'hashedrekord' | 'dsse'

/** A transparency log of Rekor's second generation: no promise and no time of its own, an Ed25519 key, tiles of hashes. */
export interface SecondLog {
  /** A trusted_root.json that names this log too. */
  trustedBy(trustedRootJson: string): string
  /** The attestation with an entry of this log in place of its own. It needs a time stamp to be worth anything. */
  relog(attestation: AttestationJson, kind: SecondKind, alter?: (body: SecondBody) => object): AttestationJson
}

interface Verifier {
  readonly keyDetails: string
  readonly x509Certificate: { readonly rawBytes: string }
}

/** The canonicalized body, version 0.0.2 of either kind. */
export interface SecondBody {
  readonly apiVersion: string
  readonly kind: SecondKind
  readonly spec: {
    readonly hashedRekordV002?: {
      readonly data: { readonly algorithm: string; readonly digest: string }
      readonly signature: { readonly content: string; readonly verifier: Verifier }
    }
    readonly dsseV002?: {
      readonly payloadHash: { readonly algorithm: string; readonly digest: string }
      readonly signatures: readonly { readonly content: string; readonly verifier: Verifier }[]
    }
  }
}

/** The last of two entries in a log, and the log's word for it. */
export function prove(
  leaf: Buffer,
  log: {
    readonly origin: string
    readonly keyId: Buffer
    readonly witnesses: readonly Witness[]
    sign(note: Buffer): Buffer
  },
): TransparencyEntry['inclusionProof'] {
  const other = sha256(Buffer.from([0]), Buffer.from('another entry'))
  const root = sha256(Buffer.from([1]), other, sha256(Buffer.from([0]), leaf))
  const note = `${log.origin}\n2\n${root.toString('base64')}\n`
  const signed = `${note}\n${noteLine(log.origin, log.keyId, log.sign(Buffer.from(note)))}`
  return {
    logIndex: '1',
    rootHash: root.toString('base64'),
    treeSize: '2',
    hashes: [other.toString('base64')],
    checkpoint: { envelope: cosigned(signed, log.witnesses) },
  }
}

/** `start` of the window of its key; `witnesses` cosign every checkpoint. */
export function createSecondLog(start: Date, witnesses: readonly Witness[] = []): SecondLog {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const keyId = sha256(spki)

  const enter = (kind: SecondKind, body: object): TransparencyEntry => {
    const leaf = Buffer.from(JSON.stringify(body))
    return {
      logIndex: '1',
      logId: { keyId: keyId.toString('base64') },
      kindVersion: { kind, version: '0.0.2' },
      integratedTime: '0',
      inclusionProof: prove(leaf, { origin: ORIGIN, keyId, witnesses, sign: note => sign(null, note, privateKey) }),
      canonicalizedBody: leaf.toString('base64'),
    }
  }

  return {
    trustedBy(trustedRootJson) {
      const root = JSON.parse(trustedRootJson)
      const log = {
        baseUrl: `https://${ORIGIN}`,
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: spki.toString('base64'),
          keyDetails: 'PKIX_ED25519',
          validFor: { start: start.toISOString() },
        },
        logId: { keyId: keyId.toString('base64') },
      }
      return JSON.stringify({ ...root, tlogs: [...root.tlogs, log] })
    },
    relog(attestation, kind, alter = body => body) {
      const entry = enter(kind, alter(bodyOf(attestation, kind)))
      const material = { ...attestation.verification_material, transparency_entries: [entry] }
      return { ...attestation, verification_material: material }
    },
  }
}

function bodyOf({ verification_material: material, envelope }: AttestationJson, kind: SecondKind): SecondBody {
  const payload = Buffer.from(envelope.statement, 'base64')
  const verifier = { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: { rawBytes: material.certificate } }
  const head = { apiVersion: '0.0.2', kind }
  const hashOf = (bytes: Buffer) => ({ algorithm: 'SHA2_256', digest: sha256(bytes).toString('base64') })
  if (kind === 'dsse') {
    const signatures = [{ content: envelope.signature, verifier }]
    return { ...head, spec: { dsseV002: { payloadHash: hashOf(payload), signatures } } }
  }
  // what is hashed is what was signed: DSSE's pre-authentication encoding
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `),
    payload,
  ])
  return {
    ...head,
    spec: { hashedRekordV002: { data: hashOf(signed), signature: { content: envelope.signature, verifier } } },
  }
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
