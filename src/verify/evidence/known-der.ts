import { ASN1Obj } from '@sigstore/core'

/**
 * A DER object that keeps the bytes it was read from, where the library's encodes itself anew each time it is asked: half of
 * what verifying a new leaf cost. Immutable, and so is all that it holds.
 */
export class KnownDer extends ASN1Obj {
  readonly #bytes: Buffer
  #oid: string | undefined

  private constructor(of: ASN1Obj, bytes: Buffer, subs: readonly KnownDer[]) {
    super(of.tag, of.value, Object.freeze(subs) as KnownDer[])
    this.#bytes = bytes
  }

  /** Throws when `der` is not one DER object. */
  static read(der: Buffer<ArrayBuffer>): KnownDer {
    const read = withoutStacks(() => ASN1Obj.parseBuffer(der))
    return keep(read, read.value.byteOffset + read.value.length - der.length)
  }

  /** Of an object that the library read, whose bytes begin at `start` of what its value is a part of. */
  static of(read: ASN1Obj, start: number, subs: readonly KnownDer[]): KnownDer {
    const { buffer, byteOffset, length } = read.value
    return new KnownDer(read, Buffer.from(buffer, start, byteOffset + length - start), subs)
  }

  override toDER(): Buffer {
    return this.#bytes
  }

  override toOID(): string {
    this.#oid ??= super.toOID()
    return this.#oid
  }

  /** True when encoding it anew gives the bytes it was read from: tag, length in its shortest form, content. */
  isCanonical(): boolean {
    const [tag] = this.#bytes
    const header = this.#bytes.length - this.value.length
    if (tag !== this.tag.toDER() || header !== 1 + sizeOfLength(this.value.length)) return false
    const parts = this.subs.map(sub => sub.toDER().length)
    if (parts.length > 0 && parts.reduce((sum, length) => sum + length, 0) !== this.value.length) return false
    return this.subs.every(sub => sub instanceof KnownDer && sub.isCanonical())
  }
}

function keep(read: ASN1Obj, start: number): KnownDer {
  let at = read.value.byteOffset
  const subs = read.subs.map(sub => {
    const known = keep(sub, at)
    at = sub.value.byteOffset + sub.value.length
    return known
  })
  return KnownDer.of(read, start, subs)
}

/** X.690 §10.1: the shortest form has one byte up to 127, and one more for each byte of the number above. */
function sizeOfLength(length: number): number {
  return length < 0x80 ? 1 : 1 + Math.ceil((32 - Math.clz32(length)) / 8)
}

/** The library tries the content of every OCTET STRING, and throws where it is no DER: some of them in each certificate. */
function withoutStacks<Read>(read: () => Read): Read {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return read()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
