import { ASN1Obj } from '@sigstore/core'
import { InvalidEvidence } from './invalid-evidence.ts'

const INTEGER = 0x02
const SEQUENCE = 0x30
const SET = 0x31
const CONTEXT_0 = 0xa0
const OCTET_STRING = 0x04

/** SEQUENCE { INTEGER 0 }: granted, and nothing said besides (RFC 3161 §2.4.2). */
const GRANTED = [fromHex('3003020100')]
/** SHA-256, SHA-384 and SHA-512, each with NULL parameters and without any (RFC 5754 §2). */
const DIGESTS = ['01', '02', '03'].flatMap(last => [
  fromHex(`300b06096086480165030402${last}`),
  fromHex(`300d06096086480165030402${last}0500`),
])
/** ECDSA with SHA-256, SHA-384 and SHA-512 (RFC 5758 §3.2: no parameters). */
const SIGNATURES = ['02', '03', '04'].map(last => fromHex(`300a06082a8648ce3d0403${last}`))
const SIGNED_DATA = fromHex('06092a864886f70d010702')
const TST_INFO = fromHex('060b2a864886f70d0109100104')
const VERSION_3 = fromHex('020103')
const VERSION_1 = fromHex('020101')

/**
 * A time stamp token has parts that its signature does not cover, and the library does not read them: another byte there
 * would go unnoticed. So the response is built anew from what was verified, as RFC 3161 and RFC 5652 write it, and compared.
 * The certificates that it may carry must be `authorities`', DER. Throws {@link InvalidEvidence}.
 */
export function assertTokenIsWhole(response: Buffer<ArrayBuffer>, authorities: readonly Buffer[]): void {
  const [status, content] = ASN1Obj.parseBuffer(response).subs
  if (!isOneOf(GRANTED, status)) throw refuse('was not granted')
  const [, , encapsulated, ...rest] = content?.subs[1]?.subs[0]?.subs ?? []
  const certificates = rest.length > 1 ? rest[0]?.subs : undefined
  if (certificates?.some(certificate => !isOneOf(authorities, certificate)))
    throw refuse('carries a certificate that is not its authority’s')
  const [, identifier, digest, attributes, algorithm, signature] = rest.at(-1)?.subs[0]?.subs ?? []
  if (!isOneOf(DIGESTS, digest)) throw refuse('names an unknown digest')
  if (!isOneOf(SIGNATURES, algorithm)) throw refuse('names an unknown signature algorithm')

  const [issuer, serialNumber] = identifier?.subs ?? []
  const signer = encode(
    SEQUENCE,
    VERSION_1,
    encode(SEQUENCE, encode(SEQUENCE, issuer?.value), encode(INTEGER, serialNumber?.value)),
    digest?.toDER(),
    encode(CONTEXT_0, attributes?.value),
    algorithm?.toDER(),
    encode(OCTET_STRING, signature?.value),
  )
  const stamped = encapsulated?.subs[1]?.subs[0]?.subs[0]?.toDER()
  const signedData = encode(
    SEQUENCE,
    VERSION_3,
    encode(SET, digest?.toDER()),
    encode(SEQUENCE, TST_INFO, encode(CONTEXT_0, encode(OCTET_STRING, stamped))),
    certificates === undefined ? undefined : encode(CONTEXT_0, ...certificates.map(one => one.toDER())),
    encode(SET, signer),
  )
  const rebuilt = encode(SEQUENCE, status?.toDER(), encode(SEQUENCE, SIGNED_DATA, encode(CONTEXT_0, signedData)))
  if (!rebuilt.equals(response)) throw refuse('holds something that nobody signed')
}

function isOneOf(known: readonly Buffer[], found: ASN1Obj | undefined): boolean {
  const der = found?.toDER()
  return der !== undefined && known.some(one => one.equals(der))
}

/** Tag, length in its shortest form, content. What is absent is left out, and makes another encoding. */
function encode(tag: number, ...parts: readonly (Buffer | undefined)[]): Buffer {
  const content = Buffer.concat(parts.filter(part => part !== undefined))
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}

/** X.690 §10.1 */
function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  const shortest = [...bytes.subarray(bytes.findIndex(byte => byte > 0))]
  return [0x80 | shortest.length, ...shortest]
}

function fromHex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

function refuse(what: string): InvalidEvidence {
  return new InvalidEvidence('signature-invalid', `a time stamp ${what}`)
}
