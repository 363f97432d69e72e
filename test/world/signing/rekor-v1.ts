import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { prove } from './rekor-v2.ts'
import type { TransparencyEntry } from './signing.ts'
import type { Witness } from './witness.ts'

const ORIGIN = 'log1.rekor.test'

/** Another transparency log of Rekor's first generation, which promises whatever time a test asks for. */
export interface FirstLog {
  /** A trusted_root.json that names this log too. */
  trustedBy(trustedRootJson: string): string
  /** The same entry in this log, at another time. */
  enter(entry: TransparencyEntry, at: Date): TransparencyEntry
}

/** `start` of the window of its key; `witnesses` cosign every checkpoint. */
export function createFirstLog(start: Date, witnesses: readonly Witness[] = []): FirstLog {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const keyId = createHash('sha256').update(spki).digest()
  const signWith = (bytes: Buffer): Buffer => sign('sha256', bytes, privateKey)

  return {
    trustedBy(trustedRootJson) {
      const root = JSON.parse(trustedRootJson)
      const publicKeyJson = {
        rawBytes: spki.toString('base64'),
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: { start: start.toISOString() },
      }
      const log = {
        baseUrl: `https://${ORIGIN}`,
        hashAlgorithm: 'SHA2_256',
        publicKey: publicKeyJson,
        logId: { keyId: keyId.toString('base64') },
      }
      return JSON.stringify({ ...root, tlogs: [...root.tlogs, log] })
    },
    enter(entry, at) {
      const integratedTime = Math.floor(at.getTime() / 1000)
      // canonical JSON: the names in this order, no space
      const promised = { body: entry.canonicalizedBody, integratedTime, logID: keyId.toString('hex'), logIndex: 7 }
      const leaf = Buffer.from(entry.canonicalizedBody, 'base64')
      return {
        ...entry,
        logIndex: '7',
        logId: { keyId: keyId.toString('base64') },
        integratedTime: String(integratedTime),
        inclusionPromise: { signedEntryTimestamp: signWith(Buffer.from(JSON.stringify(promised))).toString('base64') },
        inclusionProof: prove(leaf, { origin: ORIGIN, keyId, witnesses, sign: signWith }),
      }
    },
  }
}
