import { ASN1Obj } from '@sigstore/core'
import { encodeDer } from './certificate-authority.ts'

/** The same DER with the parts at a path replaced. */
export function rebuilt(
  der: Buffer,
  path: readonly number[],
  change: (parts: readonly Buffer[]) => readonly Buffer[],
): Buffer {
  const parts = ASN1Obj.parseBuffer(Buffer.from(der)).subs.map(part => part.toDER())
  const [step, ...rest] = path
  const next =
    step === undefined ? change(parts) : parts.map((part, at) => (at === step ? rebuilt(part, rest, change) : part))
  return encodeDer(der.readUInt8(0), Buffer.concat(next))
}
