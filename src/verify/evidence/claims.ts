import { ASN1Obj, type X509Certificate } from '@sigstore/core'
import { type Claims, optionalClaims } from '../../domain/identity/claims.ts'
import { quote } from '../../protocol/text/quote.ts'
import { InvalidEvidence } from './invalid-evidence.ts'

const FULCIO = '1.3.6.1.4.1.57264.1'
const SAN = '2.5.29.17'
const UTF8_STRING = 0x0c
const EMAIL_NAME = 1
const URI_NAME = 6
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const CONTROL = /\p{Cc}/u
const PRINTABLE = /^[\x21-\x7e]+$/

/**
 * Reads what Fulcio certified (github.com/sigstore/fulcio docs/oid-info.md). `.8` and above are DER UTF8Strings of exact
 * length; the deprecated `.1` is raw text and must say what `.8` says. Throws {@link InvalidEvidence}.
 */
export function readClaims(certificate: X509Certificate): Claims {
  const claim = (number: number): string | undefined => {
    const extension = certificate.extension(`${FULCIO}.${number}`)
    return extension === undefined ? undefined : readUtf8String(extension.value, `${FULCIO}.${number}`)
  }
  const issuer = claim(8)
  if (issuer === undefined) throw refuse(`has no issuer (${FULCIO}.8)`)
  const deprecated = certificate.extension(`${FULCIO}.1`)?.value
  if (deprecated !== undefined && !deprecated.equals(Buffer.from(issuer, 'utf8')))
    throw refuse(`names two issuers: ${quote(deprecated.toString('utf8'))} and ${quote(issuer)}`)
  return {
    san: readSan(certificate),
    issuer,
    ...optionalClaims((_, extension) => claim(extension)),
  }
}

function readUtf8String(der: Buffer, oid: string): string {
  const length = derLength(der)
  if (der[0] !== UTF8_STRING || length === undefined || length.header + length.content !== der.length)
    throw refuse(`has an extension ${oid} that is not one DER UTF8String`)
  const text = decodeUtf8(der.subarray(length.header), oid)
  if (text === '' || CONTROL.test(text)) throw refuse(`has an extension ${oid} that is empty or has control characters`)
  return text
}

/** X.690 §10.1: a length in its shortest form, up to 65535 bytes; `undefined` for anything else. */
function derLength(der: Buffer): { readonly header: number; readonly content: number } | undefined {
  const [, first = 0xff, second = 0, third = 0] = der
  if (first < 0x80) return { header: 2, content: first }
  if (first === 0x81 && second >= 0x80) return { header: 3, content: second }
  if (first === 0x82 && second > 0) return { header: 4, content: second * 256 + third }
  return undefined
}

function decodeUtf8(bytes: Buffer, oid: string): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw refuse(`has an extension ${oid} that is not UTF-8`)
  }
}

/** Exactly one name, a URI or an e-mail address: with two, verifiers disagree about who signed. */
function readSan(certificate: X509Certificate): Claims['san'] {
  const extension = certificate.extension(SAN)
  if (extension === undefined) throw refuse('has no subject alternative name')
  const names = ASN1Obj.parseBuffer(Buffer.from(extension.value)).subs
  const [name] = names
  if (name === undefined || names.length !== 1)
    throw refuse(`has ${names.length} subject alternative names, expected exactly one`)
  const kind = sanKind(name)
  const value = name.value.toString('latin1')
  if (name.tag.constructed || !PRINTABLE.test(value))
    throw refuse(`has an unreadable subject alternative name ${quote(value)}`)
  return { kind, value }
}

function sanKind(name: ASN1Obj): Claims['san']['kind'] {
  if (name.tag.isContextSpecific(URI_NAME)) return 'uri'
  if (name.tag.isContextSpecific(EMAIL_NAME)) return 'email'
  throw refuse('has a subject alternative name that is neither a URI nor an e-mail address')
}

function refuse(what: string): InvalidEvidence {
  return new InvalidEvidence('signature-invalid', `the signing certificate ${what}`)
}
