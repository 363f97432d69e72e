// the certificate library's own dependency wants it first
import 'reflect-metadata'
import { ASN1Obj, EXTENSION_OID_SCT, X509Certificate } from '@sigstore/core'
import fc from 'fast-check'
import t from 'tap'
import { RememberingCertificate } from '../../../src/verify/evidence/certificates.ts'
import { KnownDer } from '../../../src/verify/evidence/known-der.ts'
import type { SigningIdentity } from '../../world/signing/identity.ts'
import { createSigningWorld } from '../../world/signing/signing.ts'

const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }

async function leafDer(): Promise<Buffer<ArrayBuffer>> {
  return Buffer.from((await (await createSigningWorld()).leaf(IDENTITY)).der)
}

/** Of an object and all that it holds. */
function encodings(der: ASN1Obj): readonly string[] {
  return [der.toDER().toString('hex'), ...der.subs.flatMap(encodings)]
}

function read<Read>(how: () => Read): Read | 'unreadable' {
  try {
    return how()
  } catch {
    return 'unreadable'
  }
}

t.test('every object in a certificate has the bytes that the library encodes it to', async t => {
  const der = await leafDer()
  t.same(encodings(KnownDer.read(der)), encodings(ASN1Obj.parseBuffer(der)))
  t.ok(KnownDer.read(der).isCanonical())
})

t.test('whatever byte of a certificate is another, it is read as the library reads it', async t => {
  const der = await leafDer()
  const places = fc.record({ at: fc.nat(der.length - 1), byte: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(places, ({ at, byte }) => {
      const altered = Buffer.from(der)
      altered.writeUInt8(altered.readUInt8(at) ^ byte, at)
      const theirs = read(() => ASN1Obj.parseBuffer(altered))
      const ours = read(() => KnownDer.read(altered))
      if (theirs === 'unreadable' || ours === 'unreadable') return theirs === ours
      const same = encodings(ours).join(' ') === encodings(theirs).join(' ')
      return same === true && ours.isCanonical() === theirs.toDER().equals(altered)
    }),
    { numRuns: 300 },
  )
  t.pass('300 of them')
})

t.test('what is not in its shortest form is not canonical', async t => {
  const content = Buffer.from('a text of some bytes')
  const wrapped = (...header: readonly number[]): KnownDer => {
    const bytes = Buffer.concat([Buffer.from(header), content])
    const whole = new Uint8Array(bytes).buffer
    const value = Buffer.from(whole, header.length)
    return KnownDer.of(new ASN1Obj(ASN1Obj.parseBuffer(Buffer.from('0c00', 'hex')).tag, value, []), 0, [])
  }
  t.ok(wrapped(0x0c, content.length).isCanonical())
  t.notOk(wrapped(0x0c, 0x81, content.length).isCanonical(), 'a length in two bytes')
  t.notOk(wrapped(0x0c, 0x82, 0, content.length).isCanonical(), 'in three')
  t.notOk(wrapped(0x1c, content.length).isCanonical(), 'another tag than was read')
})

t.test('a certificate without its timestamps is encoded as the library encodes it', async t => {
  const der = await leafDer()
  const without = (certificate: X509Certificate): string => {
    const clone = certificate.clone()
    const { extensions } = clone
    extensions.splice(
      extensions.findIndex(({ subs: [oid] }) => oid?.toOID() === EXTENSION_OID_SCT),
      1,
    )
    return clone.tbsCertificate.toDER().toString('hex')
  }
  const ours = RememberingCertificate.read(der)
  t.equal(without(ours), without(X509Certificate.parse(der)))
  t.equal(without(ours), without(ours), 'and once more: the certificate itself was left alone')
  t.ok(ours.root.toDER().equals(der))
  t.equal(ours.extensions.length, X509Certificate.parse(der).extensions.length)
})

t.test('nobody changes what a certificate holds', async t => {
  const certificate = RememberingCertificate.read(await leafDer())
  t.throws(() => certificate.extensions.splice(0, 1), TypeError)
})

t.test('reading leaves the stacks of errors as they were', async t => {
  const { stackTraceLimit } = Error
  t.throws(() => KnownDer.read(Buffer.from('30', 'hex')))
  t.equal(Error.stackTraceLimit, stackTraceLimit)
})
