import { ASN1Obj, X509Certificate } from '@sigstore/core'

type Extension<Name extends 'extAuthorityKeyID' | 'extSubjectKeyID' | 'extKeyUsage' | 'extBasicConstraints'> =
  | { readonly value: X509Certificate[Name] }
  | undefined

/**
 * A certificate that keeps its DER and remembers what was proved about it. What is remembered is a function of two
 * immutable objects, "these bytes are signed by the key of that issuer object"; whoever presents other bytes gets another
 * object with nothing remembered. Validity windows are not remembered: `validForDate` compares each time it is asked.
 */
export class RememberingCertificate extends X509Certificate {
  readonly der: Buffer<ArrayBuffer>
  readonly #signedBy = new WeakMap<X509Certificate, boolean>()
  #publicKey: Buffer | undefined
  #authorityKeyId: Extension<'extAuthorityKeyID'>
  #subjectKeyId: Extension<'extSubjectKeyID'>
  #keyUsage: Extension<'extKeyUsage'>
  #basicConstraints: Extension<'extBasicConstraints'>

  private constructor(der: Buffer<ArrayBuffer>) {
    super(ASN1Obj.parseBuffer(der))
    this.der = der
  }

  /** Throws when `der` is not one DER object. */
  static read(der: Buffer<ArrayBuffer>): RememberingCertificate {
    return new RememberingCertificate(der)
  }

  override verify(issuer?: X509Certificate): boolean {
    const signer = issuer ?? this
    const known = this.#signedBy.get(signer)
    if (known !== undefined) return known
    const signed = super.verify(issuer)
    this.#signedBy.set(signer, signed)
    return signed
  }

  override equals(other: X509Certificate): boolean {
    return other instanceof RememberingCertificate ? this.der.equals(other.der) : super.equals(other)
  }

  override clone(): X509Certificate {
    return X509Certificate.parse(this.der)
  }

  override get publicKey(): Buffer {
    this.#publicKey ??= super.publicKey
    return this.#publicKey
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
