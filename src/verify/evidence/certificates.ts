import type { KeyObject } from 'node:crypto'
import { ASN1Obj, crypto, X509Certificate } from '@sigstore/core'
import { KnownDer } from './known-der.ts'

type Extension<Name extends 'extAuthorityKeyID' | 'extSubjectKeyID' | 'extKeyUsage' | 'extBasicConstraints'> =
  | { readonly value: X509Certificate[Name] }
  | undefined

const EXTENSIONS = 3

/**
 * A certificate that keeps its DER and remembers what was proved about it. What is remembered is a function of two
 * immutable objects, "these bytes are signed by the key of that issuer object"; whoever presents other bytes gets another
 * object with nothing remembered. Validity windows are not remembered: `validForDate` compares each time it is asked.
 */
export class RememberingCertificate extends X509Certificate {
  readonly der: Buffer<ArrayBuffer>
  readonly #root: KnownDer
  readonly #signedBy = new WeakMap<X509Certificate, boolean>()
  #key: KeyObject | undefined
  #authorityKeyId: Extension<'extAuthorityKeyID'>
  #subjectKeyId: Extension<'extSubjectKeyID'>
  #keyUsage: Extension<'extKeyUsage'>
  #basicConstraints: Extension<'extBasicConstraints'>

  private constructor(der: Buffer<ArrayBuffer>) {
    const root = KnownDer.read(der)
    super(root)
    this.#root = root
    this.der = der
  }

  /** Throws when `der` is not one DER object. */
  static read(der: Buffer<ArrayBuffer>): RememberingCertificate {
    return new RememberingCertificate(der)
  }

  /** Whether encoding it anew gives the same bytes. */
  isCanonical(): boolean {
    return this.#root.isCanonical()
  }

  override verify(issuer?: X509Certificate): boolean {
    const signer = issuer ?? this
    const known = this.#signedBy.get(signer)
    if (known !== undefined) return known
    const signed =
      signer instanceof RememberingCertificate
        ? crypto.verify(this.tbsCertificate.toDER(), signer.#keyObject(), this.signatureValue, this.signatureAlgorithm)
        : super.verify(signer)
    this.#signedBy.set(signer, signed)
    return signed
  }

  /** An authority's is read once, however many leaves it signed. */
  #keyObject(): KeyObject {
    this.#key ??= crypto.createPublicKey(this.publicKey)
    return this.#key
  }

  override equals(other: X509Certificate): boolean {
    return other instanceof RememberingCertificate ? this.der.equals(other.der) : super.equals(other)
  }

  /** The library takes an extension out of the copy and encodes that anew: what holds the extensions is new, the rest is shared. */
  override clone(): X509Certificate {
    const [signed, ...signature] = this.root.subs
    const parts = signed?.subs.map(part =>
      part.tag.isContextSpecific(EXTENSIONS)
        ? again(
            part,
            part.subs.map(list => again(list, [...list.subs])),
          )
        : part,
    )
    if (signed === undefined || parts === undefined) return X509Certificate.parse(this.der)
    return new X509Certificate(again(this.root, [again(signed, parts), ...signature]))
  }

  override get extAuthorityKeyID(): X509Certificate['extAuthorityKeyID'] {
    this.#authorityKeyId ??= { value: super.extAuthorityKeyID }
    return this.#authorityKeyId.value
  }

  override get extSubjectKeyID(): X509Certificate['extSubjectKeyID'] {
    this.#subjectKeyId ??= { value: super.extSubjectKeyID }
    return this.#subjectKeyId.value
  }

  override get extKeyUsage(): X509Certificate['extKeyUsage'] {
    this.#keyUsage ??= { value: super.extKeyUsage }
    return this.#keyUsage.value
  }

  override get extBasicConstraints(): X509Certificate['extBasicConstraints'] {
    this.#basicConstraints ??= { value: super.extBasicConstraints }
    return this.#basicConstraints.value
  }
}

/** An object of the library's own, which encodes what it holds at the time. */
function again({ tag, value }: ASN1Obj, subs: ASN1Obj[]): ASN1Obj {
  return new ASN1Obj(tag, value, subs)
}
