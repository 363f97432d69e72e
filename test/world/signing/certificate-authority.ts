// the certificate library's own dependency wants it first
import 'reflect-metadata'
import { createHash, KeyObject, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { ClaimTexts, SpelledIdentity } from './identity.ts'

x509.cryptoProvider.set(globalThis.crypto)

type CryptoKeyPair = webcrypto.CryptoKeyPair

const DAY = 86_400_000
const P384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } as const
const FULCIO = '1.3.6.1.4.1.57264.1.'
const SCT_LIST = '1.3.6.1.4.1.11129.2.4.2'

/** Everything a leaf certificate will say; tests bend one thing of it. */
export interface LeafDraft {
  readonly notBefore: Date
  readonly notAfter: Date
  readonly sans: readonly { readonly type: 'url' | 'email' | 'dns'; readonly value: string }[]
  readonly claims: ClaimTexts
  readonly curve: 'P-256' | 'P-384'
  /** `undefined`: no KeyUsage */
  readonly keyUsages: x509.KeyUsageFlags | undefined
  /** EKU object identifiers; empty: no ExtendedKeyUsage */
  readonly purposes: readonly string[]
  /** `undefined`: no BasicConstraints, as Fulcio has it */
  readonly basicConstraints: { readonly ca: boolean } | undefined
  /** whether the CT log signs a timestamp that is embedded */
  readonly timestamped: boolean
  /** raw extensions beside the others */
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean; readonly der: Uint8Array }[]
}

/** A leaf that is right in everything. */
export function draftLeaf(identity: SpelledIdentity, at: Date): LeafDraft {
  // certificates count whole seconds
  const start = Math.floor(at.getTime() / 1000) * 1000
  return {
    notBefore: new Date(start),
    notAfter: new Date(start + 600_000),
    sans: [identity.san],
    claims: identity.claims,
    curve: 'P-256',
    keyUsages: x509.KeyUsageFlags.digitalSignature,
    purposes: ['1.3.6.1.5.5.7.3.3'],
    basicConstraints: undefined,
    timestamped: true,
    extensions: [],
  }
}

/** A leaf and its key: as many attestations as one likes may be signed under it, as a release does. */
export interface Leaf {
  readonly der: Buffer
  readonly privateKey: KeyObject
}

/** A Fulcio-like authority: a P-384 root and intermediate, leaves of ten minutes. */
export interface CertificateAuthority {
  /** intermediate first, DER */
  readonly chain: readonly Buffer[]
  issue(draft: LeafDraft): Promise<Leaf>
}

interface CtLog {
  log(certificate: ArrayBuffer, issuerId: ArrayBuffer): Promise<ArrayBuffer>
}

export async function createCertificateAuthority(ctLog: CtLog, at: Date): Promise<CertificateAuthority> {
  const rootKeys = await generateKeys('P-384')
  const keys = await generateKeys('P-384')
  const validity = { notBefore: new Date(at.getTime() - 365 * DAY), notAfter: new Date(at.getTime() + 3650 * DAY) }
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: '01',
    name: 'CN=sigstore,O=portcullis.test',
    signingAlgorithm: P384,
    keys: rootKeys,
    extensions: await authorityExtensions(rootKeys.publicKey, rootKeys.publicKey),
  })
  const intermediate = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: '02',
    subject: 'CN=sigstore-intermediate,O=portcullis.test',
    issuer: root.subject,
    signingAlgorithm: P384,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: await authorityExtensions(keys.publicKey, rootKeys.publicKey),
  })
  const issuerId = createHash('sha256').update(Buffer.from(intermediate.publicKey.rawData)).digest()

  return {
    chain: [intermediate, root].map(certificate => Buffer.from(certificate.rawData)),
    async issue(draft) {
      const leafKeys = await generateKeys(draft.curve)
      const extensions = await leafExtensions(draft, leafKeys.publicKey, keys.publicKey)
      const sign = async (): Promise<ArrayBuffer> => {
        const certificate = await x509.X509CertificateGenerator.create({
          serialNumber: '11182004',
          notBefore: draft.notBefore,
          notAfter: draft.notAfter,
          issuer: intermediate.subject,
          signingAlgorithm: P384,
          publicKey: leafKeys.publicKey,
          signingKey: keys.privateKey,
          extensions,
        })
        return certificate.rawData
      }
      if (draft.timestamped) {
        // RFC 6962: the log signs the certificate as it is without the list of timestamps
        const timestamp = await ctLog.log(await sign(), Uint8Array.from(issuerId).buffer)
        extensions.push(new x509.Extension(SCT_LIST, false, timestampList(Buffer.from(timestamp))))
      }
      return { der: Buffer.from(await sign()), privateKey: KeyObject.from(leafKeys.privateKey) }
    },
  }
}

async function generateKeys(namedCurve: 'P-256' | 'P-384'): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify'])
}

async function authorityExtensions(
  subject: webcrypto.CryptoKey,
  issuer: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(subject),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
  ]
}

async function leafExtensions(
  draft: LeafDraft,
  subject: webcrypto.CryptoKey,
  issuer: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
  const { keyUsages, purposes, basicConstraints, sans } = draft
  return [
    ...(keyUsages === undefined ? [] : [new x509.KeyUsagesExtension(keyUsages, true)]),
    ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
    ...(basicConstraints === undefined
      ? []
      : [new x509.BasicConstraintsExtension(basicConstraints.ca, undefined, true)]),
    ...(sans.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...sans], true)]),
    await x509.SubjectKeyIdentifierExtension.create(subject),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ...Object.entries(draft.claims).flatMap(([number, text]) => claimExtension(Number(number), text)),
    ...draft.extensions.map(({ oid, critical, der }) => new x509.Extension(oid, critical, Uint8Array.from(der))),
  ]
}

/** .1 to .6 are raw text, .8 and above DER UTF8Strings. */
function claimExtension(number: number, text: string | undefined): x509.Extension[] {
  if (text === undefined) return []
  const bytes = Buffer.from(text)
  return [new x509.Extension(`${FULCIO}${number}`, false, Uint8Array.from(number < 8 ? bytes : encodeDer(0x0c, bytes)))]
}

/** A length-prefixed list of length-prefixed timestamps (RFC 6962 §3.3) in an OCTET STRING. */
function timestampList(timestamp: Buffer): Uint8Array<ArrayBuffer> {
  const list = Buffer.alloc(2)
  list.writeUInt16BE(timestamp.length)
  return Uint8Array.from(encodeDer(0x04, Buffer.concat([list, timestamp])))
}

/** Tag, definite length, content. */
export function encodeDer(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const lengthBytes = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content])
}
