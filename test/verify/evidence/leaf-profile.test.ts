// the certificate library's own dependency wants it first
import 'reflect-metadata'
import { KeyUsageFlags } from '@peculiar/x509'
import { ASN1Obj } from '@sigstore/core'
import t from 'tap'
import { RememberingCertificate } from '../../../src/verify/evidence/certificates.ts'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import { assertLeafProfile } from '../../../src/verify/evidence/leaf-profile.ts'
import { encodeDer, type LeafDraft } from '../../world/signing/certificate-authority.ts'
import { FULCIO, IDENTITY, judgeAltered, later, world } from './signed-attestations.ts'

const leafWith = (changes: Partial<LeafDraft>) => async (): Promise<ProvenanceFinding> =>
  await judgeAltered({ leaf: draft => ({ ...draft, ...changes }) })

const sanOf = (...names: readonly Buffer[]) => ({
  sans: [],
  extensions: [{ oid: '2.5.29.17', critical: true, der: encodeDer(0x30, Buffer.concat(names)) }],
})

const URI = encodeDer(0x86, Buffer.from('https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0.0'))
const { digitalSignature, keyCertSign, cRLSign, keyEncipherment } = KeyUsageFlags
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'

t.test('a leaf that Fulcio would not issue is refused', async t => {
  const cases: Readonly<Record<string, readonly [judged: () => Promise<ProvenanceFinding>, detail: RegExp]>> = {
    'no key usage': [leafWith({ keyUsages: undefined }), /key usage/],
    'another key usage': [leafWith({ keyUsages: keyEncipherment }), /key usage/],
    'may sign certificates': [leafWith({ keyUsages: digitalSignature | keyCertSign }), /key usage/],
    'may sign revocations': [leafWith({ keyUsages: digitalSignature | cRLSign }), /key usage/],
    'no purpose': [leafWith({ purposes: [] }), /no extended key usage/],
    'another purpose': [leafWith({ purposes: ['1.3.6.1.5.5.7.3.1'] }), /expected codeSigning alone/],
    'a second purpose': [leafWith({ purposes: [CODE_SIGNING, '1.3.6.1.5.5.7.3.1'] }), /expected codeSigning alone/],
    'any purpose': [leafWith({ purposes: ['2.5.29.37.0'] }), /expected codeSigning alone/],
    'an authority': [leafWith({ basicConstraints: { ca: true } }), /certificate authority/],
    'a key on P-384': [leafWith({ curve: 'P-384' }), /expected ECDSA on P-256/],
    'a life of more than an hour': [
      () => judgeAltered({ leaf: draft => ({ ...draft, notAfter: later(draft, 3601) }) }),
      /lives for 3601 s/,
    ],
    'a life that ended before the signature': [
      () =>
        judgeAltered({ leaf: draft => ({ ...draft, notBefore: later(draft, -1200), notAfter: later(draft, -600) }) }),
      /does not lead to the trust root at the signed time/,
    ],
    'a life that begins after the signature': [
      () => judgeAltered({ leaf: draft => ({ ...draft, notBefore: later(draft, 60) }) }),
      /does not lead to the trust root at the signed time/,
    ],
    'not in the CT log': [leafWith({ timestamped: false }), /expected 1 SCTs, got 0/],
    'an extension twice': [
      leafWith({
        extensions: [{ oid: `${FULCIO}12`, critical: false, der: encodeDer(0x0c, Buffer.from('https://x.example')) }],
      }),
      /twice/,
    ],
    'an unknown critical extension': [
      leafWith({ extensions: [{ oid: '1.2.3.4', critical: true, der: encodeDer(0x05, Buffer.alloc(0)) }] }),
      /critical extension 1\.2\.3\.4/,
    ],
    'no name': [leafWith({ sans: [] }), /no subject alternative name/],
    'an empty list of names': [leafWith(sanOf()), /0 subject alternative names/],
    'two names of one kind': [leafWith(sanOf(URI, URI)), /2 subject alternative names/],
    'a URI and an e-mail address': [leafWith(sanOf(URI, encodeDer(0x81, Buffer.from('a@b.c')))), /2 subject/],
    'a host name': [leafWith(sanOf(encodeDer(0x82, Buffer.from('github.com')))), /neither a URI nor an e-mail/],
    'a name of another kind': [
      leafWith(sanOf(encodeDer(0xa0, encodeDer(0x06, Buffer.from([0x2a, 0x03]))))),
      /neither a URI nor an e-mail/,
    ],
    'a name with a control character': [
      leafWith(sanOf(encodeDer(0x86, Buffer.from('https://github.com\0.evil.example')))),
      /unreadable/,
    ],
    'a name with a space': [leafWith(sanOf(encodeDer(0x86, Buffer.from('https://x.example/a b')))), /unreadable/],
    'a name in other letters': [leafWith(sanOf(encodeDer(0x86, Buffer.from('https://g\u0456thub.com')))), /unreadable/],
    'an empty name': [leafWith(sanOf(encodeDer(0x86, Buffer.alloc(0)))), /unreadable/],
    'a constructed name': [leafWith(sanOf(encodeDer(0xa6, URI))), /unreadable/],
  }
  for (const [name, [judged, detail]] of Object.entries(cases))
    t.match(await judged(), { kind: 'invalid', why: 'signature-invalid', detail }, name)
  t.match(
    await leafWith({ basicConstraints: { ca: false } })(),
    { kind: 'attested' },
    'one that says it is no authority',
  )
})

t.test('the leaf as a whole is what RFC 5280 describes', async t => {
  const { der } = await world.leaf(IDENTITY)
  const [signed, algorithm, signature] = ASN1Obj.parseBuffer(Buffer.from(der)).subs.map(part => part.toDER())
  if (signed === undefined || algorithm === undefined || signature === undefined) throw new Error('not a certificate')
  const sequence = (...parts: readonly Buffer[]) => encodeDer(0x30, Buffer.concat(parts))
  const judged = (certificate: Buffer) => () => assertLeafProfile(RememberingCertificate.read(Buffer.from(certificate)))
  t.doesNotThrow(judged(der))
  t.doesNotThrow(judged(sequence(signed, algorithm, signature)))
  // version [0] { INTEGER 2 } is v3
  const older = Buffer.from(signed)
  const version = older.indexOf(Buffer.from([0xa0, 0x03, 0x02, 0x01, 0x02]))
  older.writeUInt8(1, version + 4)
  t.throws(judged(sequence(older, algorithm, signature)), { message: /is X\.509 v2, expected v3/ })
  const withParameters = sequence(algorithm.subarray(2), Buffer.from([0x05, 0x00]))
  t.throws(judged(sequence(signed, withParameters, signature)), { message: /two signature algorithms/ })
  const bits = Buffer.from(signature)
  bits.writeUInt8(1, bits.length - ASN1Obj.parseBuffer(Buffer.from(signature)).value.length)
  t.throws(judged(sequence(signed, algorithm, bits)), { message: /does not fill its bits/ })
  const octets = Buffer.from(signature)
  octets.writeUInt8(0x04, 0)
  t.throws(judged(sequence(signed, algorithm, octets)), { message: /does not fill its bits/ })
  t.throws(judged(sequence(signed, algorithm, signature, signature)), { message: /three parts/ })
  t.throws(judged(sequence(signed, algorithm)), { message: /three parts/ })
  t.throws(judged(Buffer.concat([der, Buffer.from([0])])), 'a byte after the end')
  // the outermost length is signed by nobody; X.690 §10.1 has one form of it
  const [tag = 0, form = 0] = der
  t.equal(form, 0x82)
  t.throws(judged(Buffer.concat([Buffer.from([tag, 0x83, 0x00]), der.subarray(2)])), {
    message: /canonical DER|non-minimal/,
  })
})
