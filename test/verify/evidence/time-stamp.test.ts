import t from 'tap'
import { assertTokenIsWhole } from '../../../src/verify/evidence/time-stamp.ts'
import { prepareTrust } from '../../../src/verify/evidence/trust-material.ts'
import { verifyAlone } from '../../world/judging/roots.ts'
import { encodeDer } from '../../world/signing/certificate-authority.ts'
import { rebuilt } from '../../world/signing/der.ts'
import { type Alterations, createSigningWorld } from '../../world/signing/signing.ts'
import {
  attest,
  edited,
  FILE,
  IDENTITY,
  judge,
  later,
  MATERIAL,
  rootJson,
  STRANGE_LEAF,
  secondLog,
  trust,
  WHEEL,
  world,
} from './signed-attestations.ts'

t.test('a time stamp must be granted, of an authority of the root, over this signature, and in force', async t => {
  const stamped = await attest({ stamped: 'stamped' })
  const [token = ''] = stamped.verification_material.timestamps ?? []
  const second = secondLog.relog(stamped, 'hashedrekord')
  const [other = ''] = (await attest({ stamped: 'stamped' })).verification_material.timestamps ?? []
  const [foreign = ''] =
    (
      await (
        await createSigningWorld()
      ).attest({ filename: WHEEL.filename, sha256: WHEEL.sha256, identity: IDENTITY, stamped: 'stamped' })
    ).verification_material.timestamps ?? []
  const rejected = Buffer.from(token, 'base64')
  // PKIStatusInfo comes first: SEQUENCE { SEQUENCE { INTEGER status } …
  const status = rejected.indexOf(Buffer.from([0x02, 0x01, 0x00]))
  rejected.writeUInt8(2, status + 2)
  const cases: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
    'over another signature': [[other], /could be verified/],
    'of another authority': [[foreign], /could be verified/],
    'not granted': [[rejected.toString('base64')], /was not granted/],
    'twice the same': [[token, token], /duplicate/],
    'one good, one not': [[token, other], /could be verified/],
    'no token at all': [[Buffer.from([0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00]).toString('base64')], /./],
    'not DER': [['AAAA'], /./],
  }
  for (const [name, [timestamps, detail]] of Object.entries(cases))
    for (const attestation of [stamped, second])
      t.match(
        judge(edited(attestation, [...MATERIAL, 'timestamps'], timestamps)),
        { kind: 'invalid', why: 'signature-invalid', detail },
        name,
      )
  // the leaf's window is compared with the stamp's time as well as with the log's
  const ended: Alterations = {
    leaf: draft => ({ ...draft, notBefore: later(draft, -1200), notAfter: later(draft, -600) }),
  }
  const late = secondLog.relog(await attest({ stamped: 'stamped', alter: ended }), 'hashedrekord')
  t.match(judge(late), { why: 'signature-invalid', detail: /at the signed time/ })
})

t.test('a time stamp token holds nothing that nobody signed', async t => {
  const stamped = await attest({ stamped: 'stamped' })
  const [token = ''] = stamped.verification_material.timestamps ?? []
  const der = Buffer.from(token, 'base64')
  const judged = (bytes: Buffer) => judge(edited(stamped, [...MATERIAL, 'timestamps'], [bytes.toString('base64')]))
  t.match(judged(rebuilt(der, [], parts => parts)), { kind: 'attested' }, 'written anew it is the same')
  const authority = JSON.parse(rootJson).timestampAuthorities[0].certChain.certificates.map(
    ({ rawBytes }: { readonly rawBytes: string }) => Buffer.from(rawBytes, 'base64'),
  )
  const signedData = [1, 1, 0]
  const withCertificates = (...certificates: readonly Buffer[]) => rebuilt(der, [...signedData, 3], () => certificates)
  t.match(judged(withCertificates(...authority)), { kind: 'attested' }, 'with its authority’s certificates')
  const nothing = Buffer.from([0x05, 0x00])
  const more = (path: readonly number[]) => rebuilt(der, path, parts => [...parts, nothing])
  const other = (path: readonly number[], at: number, part: Buffer) =>
    rebuilt(der, path, parts => parts.map((old, index) => (index === at ? part : old)))
  const sha512 = Buffer.from('300b0609608648016503040203', 'hex')
  const rsa = Buffer.from('300d06092a864886f70d0101010500', 'hex')
  const two = Buffer.from([0x02, 0x01, 0x02])
  const cases: Readonly<Record<string, Buffer>> = {
    'granted with changes': other([0], 0, Buffer.from([0x02, 0x01, 0x01])),
    'a word with the status': rebuilt(der, [0], parts => [
      ...parts,
      encodeDer(0x30, encodeDer(0x0c, Buffer.from('x'))),
    ]),
    'a part after the token': more([]),
    'a part after the signed data': more([1]),
    'a part beside the signed data': more([1, 1]),
    'another version': other(signedData, 0, two),
    'another digest in the list': other([...signedData, 1], 0, sha512),
    'a second digest in the list': rebuilt(der, [...signedData, 1], parts => [...parts, sha512]),
    'a stranger’s certificate': withCertificates(STRANGE_LEAF.der),
    'a stranger’s certificate too': withCertificates(...authority, STRANGE_LEAF.der),
    'a part within the content': more([...signedData, 2]),
    'a second signer': rebuilt(der, [...signedData, 4], parts => [...parts, ...parts]),
    'another version of the signer': other([...signedData, 4, 0], 0, two),
    'a part within the signer’s name': more([...signedData, 4, 0, 1]),
    'unsigned attributes': rebuilt(der, [...signedData, 4, 0], parts => [...parts, encodeDer(0xa1, nothing)]),
    'an unknown digest': other([...signedData, 4, 0], 2, rsa),
    'another signature algorithm': other([...signedData, 4, 0], 4, rsa),
  }
  for (const [name, bytes] of Object.entries(cases))
    t.match(judged(bytes), { kind: 'invalid', why: 'signature-invalid' }, name)
  // some of it the library notices as well; nothing of it is left to the library
  const whole = (bytes: Buffer) => () => assertTokenIsWhole(Buffer.from(bytes), trust.stampCertificates)
  t.doesNotThrow(whole(der))
  for (const [name, bytes] of Object.entries(cases)) t.throws(whole(bytes), { name: 'InvalidEvidence' }, name)
})

t.test('a time stamp of an authority whose window has closed is refused', async t => {
  const stamped = secondLog.relog(await attest({ stamped: 'stamped' }), 'dsse')
  const root = JSON.parse(rootJson)
  for (const authority of root.timestampAuthorities)
    Object.assign(authority, { validFor: { start: '2021-01-01T00:00:00Z', end: '2024-01-01T00:00:00Z' } })
  const document = world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [stamped] }])
  t.match(verifyAlone(document, FILE, prepareTrust(JSON.stringify(root))), { why: 'signature-invalid' })
  t.match(verifyAlone(document, FILE, trust), { kind: 'attested' })
})
