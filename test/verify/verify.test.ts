// the certificate library's own dependency wants it first
import 'reflect-metadata'
import { createHash } from 'node:crypto'
import { KeyUsageFlags } from '@peculiar/x509'
import { ASN1Obj } from '@sigstore/core'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import type { AttestationFacts } from '../../src/domain/identity/attestation.ts'
import { RememberingCertificate } from '../../src/verify/evidence/certificates.ts'
import type { ProvenanceFinding } from '../../src/verify/evidence/document.ts'
import { assertLeafProfile } from '../../src/verify/evidence/leaf-profile.ts'
import { prepareTrust } from '../../src/verify/evidence/trust-material.ts'
import { createInlineVerifier } from '../../src/verify/workers/inline.ts'
import { encodeDer, type LeafDraft } from '../world/certificate-authority.ts'
import { rebuilt } from '../world/der.ts'
import { makeWheel } from '../world/distributions.ts'
import { type SigningIdentity, slsaPredicate, spellIdentity } from '../world/identity.ts'
import { createFirstLog } from '../world/rekor-v1.ts'
import { createSecondLog, type SecondKind } from '../world/rekor-v2.ts'
import { verifyAlone } from '../world/roots.ts'
import {
  type Alterations,
  type AttestationJson,
  type AttestRequest,
  createSigningWorld,
  type LogBody,
  type StatementJson,
  type TransparencyEntry,
} from '../world/signing.ts'
import { distFilename } from '../world/vectors.ts'

/** A Sigstore of this test's own, with a log of either generation; everything below is wholly signed by it. */
const world = await createSigningWorld()
const secondLog = createSecondLog(new Date(Date.now() - 86_400_000))
const firstLog = createFirstLog(new Date(Date.now() - 86_400_000))
const rootJson = firstLog.trustedBy(secondLog.trustedBy(world.trustedRootJson))
const trust = prepareTrust(rootJson)

const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }
const WHEEL = makeWheel({ name: 'demo', version: '1.0' })
const FILE = { filename: distFilename(WHEEL.filename), sha256: sha256Of(WHEEL.bytes) }

const FULCIO = '1.3.6.1.4.1.57264.1.'

function judge(...attestations: readonly unknown[]): ProvenanceFinding {
  const document = { version: 1, attestation_bundles: [{ publisher: world.publisher(IDENTITY), attestations }] }
  return verifyAlone(Buffer.from(JSON.stringify(document)), FILE, trust)
}

async function attest(request: Partial<AttestRequest> = {}): Promise<AttestationJson> {
  return await world.attest({ filename: WHEEL.filename, sha256: WHEEL.sha256, identity: IDENTITY, ...request })
}

async function judgeAltered(alter: Alterations, request: Partial<AttestRequest> = {}): Promise<ProvenanceFinding> {
  return judge(await attest({ ...request, alter }))
}

t.test('an attestation that is right in everything verifies', async t => {
  t.match(judge(await attest()), { kind: 'attested' })
  t.match(judge(await attest({ stamped: 'stamped' })), { kind: 'attested' })
  t.match(judge(await attest(), await attest({ predicate: 'slsa' })), { kind: 'attested' })
})

// ---------------------------------------------------------------- the document

/** A document with one thing of the first attestation replaced. */
function edited(attestation: AttestationJson, path: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = structuredClone(attestation)
  const parent = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy)
  Reflect.set(Object(parent), path.at(-1) ?? '', value)
  return copy
}

const MATERIAL = ['verification_material'] as const
const ENTRY = [...MATERIAL, 'transparency_entries', 0] as const
const PROOF = [...ENTRY, 'inclusionProof'] as const
const CHECKPOINT = [...PROOF, 'checkpoint', 'envelope'] as const

t.test('types before cryptography: a value that a lenient reader would coerce is malformed', async t => {
  const good = await attest()
  const [entry] = good.verification_material.transparency_entries
  const envelope = entry?.inclusionProof.checkpoint.envelope ?? ''
  const time = entry?.integratedTime ?? ''
  const cases: readonly (readonly [path: readonly (string | number)[], values: readonly unknown[]])[] = [
    [['version'], [undefined, true, '1', 2, [1], 1.5, null]],
    [['verification_material'], [undefined, null, [], 'x']],
    [['envelope'], [undefined, null, []]],
    [
      ['envelope', 'signature'],
      ['', undefined, 1, ['AAAA'], 'AAA', 'AAAA\n', ' AAAA', 'A_-=', 'AAAB=', 'AB=='],
    ],
    [
      ['envelope', 'statement'],
      ['', undefined, 1, 'AAA', `${good.envelope.statement}\n`, `${good.envelope.statement}=`],
    ],
    [
      [...MATERIAL, 'certificate'],
      ['', undefined, 1, [good.verification_material.certificate], 'AAA'],
    ],
    [
      [...MATERIAL, 'transparency_entries'],
      [undefined, null, {}, [], 'x', [null], [entry, entry, entry, entry, entry]],
    ],
    [
      [...MATERIAL, 'timestamps'],
      [{}, 'AAAA', [1], ['AAA'], [''], Array(9).fill('AAAA')],
    ],
    [
      [...ENTRY, 'logIndex'],
      [0, ['0'], '', ' 0', '00', '-1', '0x0', '1e3', '9007199254740992'],
    ],
    [
      [...ENTRY, 'integratedTime'],
      [Number(time), [time], `${time} `, `0${time}`, `+${time}`, '1.5'],
    ],
    [
      [...ENTRY, 'logId'],
      [undefined, null, 'x', {}],
    ],
    [
      [...ENTRY, 'logId', 'keyId'],
      ['', 1, undefined, 'AAA'],
    ],
    [
      [...ENTRY, 'kindVersion'],
      [undefined, null, 'dsse/0.0.1'],
    ],
    [
      [...ENTRY, 'kindVersion', 'kind'],
      [['dsse'], undefined, null, 1],
    ],
    [
      [...ENTRY, 'kindVersion', 'version'],
      [['0.0.1'], undefined, null, 1],
    ],
    [
      [...ENTRY, 'inclusionPromise'],
      [null, 'x', [], undefined],
    ],
    [
      [...ENTRY, 'inclusionPromise', 'signedEntryTimestamp'],
      [undefined, '', 1, 'AAA'],
    ],
    [
      [...ENTRY, 'canonicalizedBody'],
      [undefined, '', 1, {}, 'AAA'],
    ],
    [PROOF, [undefined, null, 'x', []]],
    [
      [...PROOF, 'logIndex'],
      [0, ['0'], '00', ' 0'],
    ],
    [
      [...PROOF, 'treeSize'],
      [undefined, 1, '2', ['1'], '01', '1 '],
    ],
    [
      [...PROOF, 'rootHash'],
      [undefined, '', 'AAAA', 1],
    ],
    [
      [...PROOF, 'hashes'],
      [{}, ['AAAA'], [1], Array(65).fill(entry?.inclusionProof.rootHash)],
    ],
    [
      [...PROOF, 'checkpoint'],
      [undefined, null, 'x', {}],
    ],
    [
      CHECKPOINT,
      [
        undefined,
        1,
        [envelope],
        '',
        `${envelope} `,
        `${envelope}\n`,
        envelope.slice(0, -1),
        envelope.replace('\n\n', '\n'),
        envelope.replace('\n\n', '\n\n\n'),
        envelope.replaceAll('\n', '\r\n'),
        envelope.replace('\n1\n', '\n01\n'),
        envelope.replace('\n1\n', '\n+1\n'),
        envelope.replace('\u2014', '-'),
        envelope.replace('\u2014 ', '\u2014  '),
        `\n${envelope}`,
        envelope + envelope,
        envelope + envelope.slice(envelope.indexOf('\u2014')),
        `${envelope.slice(0, -2)}\n`,
        envelope.slice(envelope.indexOf('\u2014')),
      ],
    ],
  ]
  for (const [path, values] of cases)
    for (const value of values) {
      const finding = judge(edited(good, path, value))
      const name = `${path.join('.')} = ${JSON.stringify(value)?.slice(-40)}`
      t.match(finding, { kind: 'invalid', why: 'provenance-malformed' }, name)
    }
})

t.test('what protobuf’s JSON leaves out, or writes as null, is its default', async t => {
  const good = await attest()
  const [first] = good.verification_material.transparency_entries
  t.match(first, { inclusionProof: { logIndex: '0', hashes: [] } }, 'the one entry of its log')
  for (const nothing of [undefined, null]) {
    const judged = (path: readonly (string | number)[], attestation = good) => judge(edited(attestation, path, nothing))
    t.match(judged([...MATERIAL, 'timestamps']), { kind: 'attested' }, 'no time stamp')
    t.match(judged([...PROOF, 'hashes']), { kind: 'attested' }, 'no hash')
    t.match(judged([...PROOF, 'logIndex']), { kind: 'attested' }, 'the first place')
    // the log signed another number
    for (const name of ['logIndex', 'integratedTime'])
      t.match(judged([...ENTRY, name]), { kind: 'invalid', why: 'signature-invalid' }, name)
    t.match(judged([...ENTRY, 'inclusionPromise']), { why: 'provenance-malformed', detail: /integratedTime/ })
    t.match(judged([...PROOF, 'treeSize']), { why: 'provenance-malformed' }, 'no tree is empty')
    for (const kind of ['hashedrekord', 'dsse'] as const) {
      const second = secondLog.relog(await attest({ stamped: 'stamped' }), kind)
      t.match(judged([...ENTRY, 'integratedTime'], second), { kind: 'attested' }, 'a time stamp tells the time')
      t.match(judged([...ENTRY, 'inclusionPromise'], second), { kind: 'attested' }, 'and nothing was promised')
      for (const name of ['logIndex', 'hashes'])
        t.match(judged([...PROOF, name], second), { kind: 'invalid', why: 'signature-invalid' }, name)
      const alone = secondLog.relog(await attest(), kind)
      t.match(judged([...ENTRY, 'integratedTime'], alone), { detail: /no signed time/ }, 'nothing else tells it')
    }
  }
})

t.test('the document itself: its type, its version, its bundles and how many there may be', async t => {
  const good = await attest()
  const publisher = world.publisher(IDENTITY)
  const bundle = { publisher, attestations: [good] }
  const read = (document: unknown) => {
    const bytes = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document))
    return verifyAlone(bytes, FILE, trust)
  }
  const document = { version: 1, attestation_bundles: [bundle] }
  t.match(read(document), { kind: 'attested' })
  t.match(read({ ...document, attestation_bundles: Array(16).fill(bundle) }), { kind: 'attested' }, 'sixteen bundles')
  t.match(read({ ...document, more: 1, attestation_bundles: [{ ...bundle, more: 1 }] }), { kind: 'attested' })
  const text = JSON.stringify(document)
  const deep = `${'['.repeat(40)}${']'.repeat(40)}`
  const wrong: readonly (readonly [name: string, document: unknown])[] = [
    ['a list', [document]],
    ['null', null],
    ['text', 'x'],
    ['nothing', Buffer.alloc(0)],
    ['two documents', Buffer.from(text + text)],
    ['a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['not UTF-8', Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')])],
    ['over 1 MiB', Buffer.from(text + ' '.repeat(1024 * 1024))],
    ['nested without end', Buffer.from(text.replace('{', `{"x":${deep},`))],
    ['a key twice', Buffer.from(text.replace('{', '{"version":1,'))],
    ['a key twice, spelled otherwise', Buffer.from(text.replace('{', '{"\\u0076ersion":1,'))],
    ['a version of text', { ...document, version: '1' }],
    ['a later version', { ...document, version: 2 }],
    ['no version', { attestation_bundles: [bundle] }],
    ['no bundle', { ...document, attestation_bundles: [] }],
    ['bundles by name', { ...document, attestation_bundles: { 0: bundle } }],
    ['seventeen bundles', { ...document, attestation_bundles: Array(17).fill(bundle) }],
    ['a bundle that is null', { ...document, attestation_bundles: [bundle, null] }],
    ['no attestation', { ...document, attestation_bundles: [{ publisher, attestations: [] }] }],
    [
      'no attestation in the second bundle',
      { ...document, attestation_bundles: [bundle, { publisher, attestations: [] }] },
    ],
    ['nine attestations', { ...document, attestation_bundles: [{ publisher, attestations: Array(9).fill(good) }] }],
    ['an attestation that is null', { ...document, attestation_bundles: [{ publisher, attestations: [null] }] }],
    ['no publisher', { ...document, attestation_bundles: [{ attestations: [good] }] }],
    ['a publisher of text', { ...document, attestation_bundles: [{ ...bundle, publisher: 'GitHub' }] }],
    ...[undefined, null, 1, ['GitHub']].map(
      kind =>
        [
          `a publisher of the kind ${JSON.stringify(kind)}`,
          { ...document, attestation_bundles: [{ ...bundle, publisher: { ...publisher, kind } }] },
        ] as const,
    ),
    ...['repository', 'workflow', 'environment'].map(
      key =>
        [
          `a publisher whose ${key} is a number`,
          { ...document, attestation_bundles: [{ ...bundle, publisher: { ...publisher, [key]: 1 } }] },
        ] as const,
    ),
    ['two attestations of one type', { ...document, attestation_bundles: [{ publisher, attestations: [good, good] }] }],
  ]
  for (const [name, value] of wrong) t.match(read(value), { kind: 'invalid', why: 'provenance-malformed' }, name)
})

t.test('one attestation that fails refuses the document, wherever it stands', async t => {
  const good = await attest()
  const bad = await attest({ alter: { payloadType: 'application/json' } })
  const publisher = world.publisher(IDENTITY)
  const bundles = (...each: readonly AttestationJson[]) =>
    verifyAlone(world.provenance(each.map(attestation => ({ publisher, attestations: [attestation] }))), FILE, trust)
  t.match(bundles(good, good), { kind: 'attested' })
  t.match(bundles(good, bad), { kind: 'invalid', why: 'signature-invalid', detail: /of bundle 2/ })
  t.match(bundles(bad, good), { kind: 'invalid', why: 'signature-invalid', detail: /of bundle 1/ })
  const slsa = await attest({ predicate: 'slsa' })
  t.match(judge(slsa, bad), { kind: 'invalid', detail: /attestation 2/ })
  t.match(judge(bad, slsa), { kind: 'invalid', detail: /attestation 1/ })
})

// ---------------------------------------------------------------- the leaf certificate

const leafWith = (changes: Partial<LeafDraft>) => async (): Promise<ProvenanceFinding> =>
  await judgeAltered({ leaf: draft => ({ ...draft, ...changes }) })

const later = (draft: LeafDraft, seconds: number): Date => new Date(draft.notBefore.getTime() + seconds * 1000)

/** A raw Fulcio extension in the place of the right one. */
const rawClaim = (number: number, der: Buffer) => async (): Promise<ProvenanceFinding> =>
  await judgeAltered({
    leaf: draft => ({
      ...draft,
      claims: { ...draft.claims, [number]: undefined },
      extensions: [{ oid: `${FULCIO}${number}`, critical: false, der }],
    }),
  })

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
})

t.test('Fulcio’s extensions are DER to the last byte', async t => {
  const text = Buffer.from('https://github.com/acme/demo')
  const cases: Readonly<Record<string, readonly [number, Buffer, RegExp]>> = {
    'raw text': [12, text, /not one DER UTF8String/],
    'an IA5String': [12, encodeDer(0x16, text), /not one DER UTF8String/],
    'a byte after the end': [12, Buffer.concat([encodeDer(0x0c, text), Buffer.from([0])]), /not one DER UTF8String/],
    'a length beyond the end': [12, Buffer.concat([Buffer.from([0x0c, text.length + 1]), text]), /UTF8String|read/],
    'a length in a longer form': [
      12,
      Buffer.concat([Buffer.from([0x0c, 0x81, text.length]), text]),
      /UTF8String|it cannot be read/,
    ],
    'an indefinite length': [12, Buffer.concat([Buffer.from([0x0c, 0x80]), text, Buffer.alloc(2)]), /UTF8String|read/],
    'a length in three bytes': [
      12,
      Buffer.concat([Buffer.from([0x0c, 0x83, 0x01, 0x00, 0x00]), Buffer.alloc(65_536, 'a')]),
      /UTF8String/,
    ],
    'a length of two bytes that fits in one': [
      12,
      Buffer.concat([Buffer.from([0x0c, 0x82, 0x00, text.length]), text]),
      /UTF8String|read/,
    ],
    'no text': [12, encodeDer(0x0c, Buffer.alloc(0)), /empty or has control characters/],
    'nothing at all': [12, Buffer.alloc(0), /UTF8String|read/],
    'a control character': [12, encodeDer(0x0c, Buffer.from('https://github.com/acme/demo\n')), /control characters/],
    'a NUL': [14, encodeDer(0x0c, Buffer.from('refs/tags/v1\0')), /control characters/],
    'a C1 control character': [14, encodeDer(0x0c, Buffer.from('refs/tags/v1\u0085')), /control characters/],
    'not UTF-8': [14, encodeDer(0x0c, Buffer.from([0x72, 0xff])), /not UTF-8/],
    'an overlong encoding': [14, encodeDer(0x0c, Buffer.from([0x72, 0xc0, 0xaf])), /not UTF-8/],
    'another issuer in .1': [1, Buffer.from('https://gitlab.com'), /names two issuers/],
    'an issuer in .1 as DER': [1, encodeDer(0x0c, Buffer.from('https://token.actions.githubusercontent.com')), /two/],
  }
  for (const [name, [number, der, detail]] of Object.entries(cases))
    t.match(await rawClaim(number, der)(), { kind: 'invalid', why: 'signature-invalid', detail }, name)
  const noIssuer = await judgeAltered({ leaf: draft => ({ ...draft, claims: { ...draft.claims, 8: undefined } }) })
  t.match(noIssuer, { kind: 'invalid', why: 'signature-invalid', detail: /has no issuer/ })
  const onlyNew = await judgeAltered({ leaf: draft => ({ ...draft, claims: { ...draft.claims, 1: undefined } }) })
  t.match(onlyNew, { kind: 'attested' }, 'the deprecated issuer may be absent')
  for (const length of [127, 128, 255, 256, 2000]) {
    const ref = `refs/tags/${'v'.repeat(length - 10)}`
    const long = await judgeAltered({ leaf: draft => ({ ...draft, claims: { ...draft.claims, 14: ref } }) })
    const claims = { sourceRepositoryRef: ref }
    t.match(long, { kind: 'attested', bundles: [{ attestations: [{ facts: { claims } }] }] }, `${length} bytes`)
  }
})

t.test('every claim is read from its own extension', async t => {
  const claims = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [index + 8, `claim ${index + 8}`]))
  const finding = await judgeAltered({ leaf: draft => ({ ...draft, claims }) })
  t.match(finding, {
    bundles: [
      {
        attestations: [
          {
            facts: {
              claims: {
                issuer: 'claim 8',
                buildSignerUri: 'claim 9',
                buildSignerDigest: 'claim 10',
                runnerEnvironment: 'claim 11',
                sourceRepositoryUri: 'claim 12',
                sourceRepositoryDigest: 'claim 13',
                sourceRepositoryRef: 'claim 14',
                sourceRepositoryId: 'claim 15',
                sourceRepositoryOwnerUri: 'claim 16',
                sourceRepositoryOwnerId: 'claim 17',
                buildConfigUri: 'claim 18',
                buildConfigDigest: 'claim 19',
                buildTrigger: 'claim 20',
                runInvocationUri: 'claim 21',
                sourceRepositoryVisibility: 'claim 22',
                deploymentEnvironment: 'claim 23',
                tokenSubject: 'claim 24',
              },
            },
          },
        ],
      },
    ],
  })
})

// ---------------------------------------------------------------- log entries and times

const [STRANGE_LEAF] = [await world.leaf(IDENTITY)]

function pemOf(der: Buffer, label = 'CERTIFICATE'): string {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n')
  return Buffer.from(`-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`).toString('base64')
}

function withVerifier(body: LogBody, verifier: unknown): object {
  return { ...body, spec: { ...body.spec, signatures: body.spec.signatures.map(one => ({ ...one, verifier })) } }
}

t.test('an entry of the first generation must be about this certificate, signature and statement', async t => {
  const [signature] = ['AAAA']
  const cases: Readonly<Record<string, readonly [Alterations['logBody'], RegExp]>> = {
    'another certificate': [body => withVerifier(body, pemOf(STRANGE_LEAF.der)), /another certificate/],
    'a bare key': [body => withVerifier(body, pemOf(STRANGE_LEAF.der, 'PUBLIC KEY')), /names no certificate/],
    'no verifier': [body => withVerifier(body, undefined), /names no certificate/],
    'a verifier that is no text': [body => withVerifier(body, 1), /names no certificate/],
    'a verifier that is no base64': [body => withVerifier(body, '%%%'), /names no certificate/],
    'another signature': [
      body => ({
        ...body,
        spec: { ...body.spec, signatures: body.spec.signatures.map(one => ({ ...one, signature })) },
      }),
      /about another statement or signature/,
    ],
    'two signatures': [
      body => ({ ...body, spec: { ...body.spec, signatures: [...body.spec.signatures, ...body.spec.signatures] } }),
      /about another statement or signature/,
    ],
    'another statement': [
      body => ({ ...body, spec: { ...body.spec, payloadHash: { algorithm: 'sha256', value: 'a'.repeat(64) } } }),
      /about another statement or signature/,
    ],
    'another kind': [body => ({ ...body, kind: 'intoto' }), /about another statement or signature/],
  }
  for (const [name, [logBody, detail]] of Object.entries(cases)) {
    const alter = logBody === undefined ? {} : { logBody }
    t.match(await judgeAltered(alter), { kind: 'invalid', why: 'signature-invalid', detail }, name)
  }
})

t.test('an entry of another kind is refused, though the library accepts it', async t => {
  const payloadType = 'application/vnd.in-toto+json'
  const preAuth = (payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])
  // the log must hold the very statement that is signed: both are made twice, the second time with the first's payload
  const statement = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: WHEEL.filename, digest: { sha256: WHEEL.sha256 } }],
    predicateType: 'https://docs.pypi.org/attestations/publish/v1',
    predicate: null,
  })
  const hash = createHash('sha256')
    .update(preAuth(Buffer.from(statement)))
    .digest('hex')
  const hashedrekord = await attest({
    alter: {
      statement: () => statement,
      logBody: ({ spec }) => ({
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: { algorithm: 'sha256', value: hash } },
          signature: {
            content: spec.signatures[0]?.signature,
            publicKey: { content: spec.signatures[0]?.verifier },
          },
        },
      }),
      attestation: attestation => withKind(attestation, 'hashedrekord', '0.0.1'),
    },
  })
  t.match(judge(hashedrekord), { why: 'signature-invalid', detail: /is of kind "hashedrekord\/0\.0\.1"/ })
  const intoto = await attest({
    alter: {
      logBody: ({ spec }) => ({
        apiVersion: '0.0.2',
        kind: 'intoto',
        spec: {
          content: {
            envelope: {
              signatures: [{ sig: Buffer.from(spec.signatures[0]?.signature ?? '').toString('base64') }],
            },
            payloadHash: spec.payloadHash,
          },
        },
      }),
      attestation: attestation => withKind(attestation, 'intoto', '0.0.2'),
    },
  })
  t.match(judge(intoto), { why: 'signature-invalid', detail: /is of kind "intoto\/0\.0\.2"/ })
})

function withKind(attestation: AttestationJson, kind: string, version: string): AttestationJson {
  return withEntry(attestation, entry => ({ ...entry, kindVersion: { kind, version } }))
}

function withEntry(
  attestation: AttestationJson,
  change: (entry: TransparencyEntry) => TransparencyEntry,
): AttestationJson {
  const { verification_material: material } = attestation
  return {
    ...attestation,
    verification_material: { ...material, transparency_entries: material.transparency_entries.map(change) },
  }
}

t.test('unsigned copies in an entry must be copies', async t => {
  const good = await attest()
  const rename = (checkpoint: string) => (name: string) => checkpoint.replace(/\u2014 \S+ /, `\u2014 ${name} `)
  const envelope = good.verification_material.transparency_entries[0]?.inclusionProof.checkpoint.envelope ?? ''
  const signer = /\u2014 (\S+) /.exec(envelope)?.[1] ?? ''
  t.match(judge(edited(good, [...PROOF, 'rootHash'], Buffer.alloc(32).toString('base64'))), {
    why: 'signature-invalid',
    detail: /rootHash that is not the checkpoint/,
  })
  // the library finds a log by any part of its URL
  for (const name of [signer.slice(1), signer.slice(0, 3), 'https:'])
    t.match(judge(edited(good, CHECKPOINT, rename(envelope)(name))), { why: 'signature-invalid' }, name)
  const origin = envelope.split('\n', 1)[0] ?? ''
  t.ok(origin === signer || origin.startsWith(`${signer} - `))
})

for (const kind of ['hashedrekord', 'dsse'] as const satisfies readonly SecondKind[])
  t.test(`an entry of the second generation, ${kind}`, async t => {
    const stamped = await attest({ stamped: 'stamped' })
    const strange = {
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      x509Certificate: { rawBytes: STRANGE_LEAF.der.toString('base64') },
    }
    const good = secondLog.relog(stamped, kind)
    t.match(judge(good), { kind: 'attested' }, 'with a time stamp it verifies')
    const refusals: Readonly<Record<string, readonly [AttestationJson, RegExp]>> = {
      'without a time stamp there is no time': [secondLog.relog(await attest(), kind), /no signed time/],
      'another certificate': [
        secondLog.relog(stamped, kind, body => replaced(body, 'verifier', strange)),
        /another certificate/,
      ],
      'no certificate': [
        secondLog.relog(stamped, kind, body => replaced(body, 'verifier', { publicKey: { rawBytes: 'AAAA' } })),
        /names no certificate/,
      ],
      'another signature': [
        secondLog.relog(stamped, kind, body => replaced(body, 'content', 'AAAA')),
        /about another statement or signature/,
      ],
      'another statement': [
        secondLog.relog(stamped, kind, body => replaced(body, 'digest', Buffer.alloc(32).toString('base64'))),
        /about another statement or signature/,
      ],
      'an empty body': [
        secondLog.relog(stamped, kind, () => ({ apiVersion: '0.0.2', kind, spec: {} })),
        /another|read/,
      ],
      'a later version': [
        withKind(
          secondLog.relog(stamped, kind, body => ({ ...body, apiVersion: '0.0.3' })),
          kind,
          '0.0.3',
        ),
        new RegExp(`is of kind "${kind}/0\\.0\\.3"`),
      ],
      'two log indexes': [withEntry(good, entry => ({ ...entry, logIndex: '2' })), /two log indexes/],
      'another place in the tree': [
        withEntry(good, entry => ({
          ...entry,
          logIndex: '0',
          inclusionProof: { ...entry.inclusionProof, logIndex: '0' },
        })),
        /inclusion proof/,
      ],
      'another neighbour in the tree': [
        withEntry(good, entry => ({
          ...entry,
          inclusionProof: { ...entry.inclusionProof, hashes: [Buffer.alloc(32).toString('base64')] },
        })),
        /inclusion proof/,
      ],
      'the key id of the other log': [
        withEntry(good, entry => ({
          ...entry,
          logId: stamped.verification_material.transparency_entries[0]?.logId ?? entry.logId,
        })),
        /inclusion proof/,
      ],
      'a log that the root does not name': [
        createSecondLog(new Date(0)).relog(stamped, kind),
        /inclusion proof|does not name/,
      ],
      'a time that the log does not know': [
        withEntry(good, entry => ({ ...entry, integratedTime: '1' })),
        /0 where there is no inclusionPromise/,
      ],
    }
    for (const [name, [attestation, detail]] of Object.entries(refusals))
      t.match(judge(attestation), { kind: 'invalid', detail }, name)
    // the first generation's entry and the second's may stand together, and each must be right
    const [first] = stamped.verification_material.transparency_entries
    const [second] = good.verification_material.transparency_entries
    const both = (...entries: readonly unknown[]) => edited(stamped, [...MATERIAL, 'transparency_entries'], entries)
    t.match(judge(both(first, second)), { kind: 'attested' })
    const foreign = secondLog.relog(await attest({ stamped: 'stamped' }), kind)
    t.match(judge(both(first, foreign.verification_material.transparency_entries[0])), { why: 'signature-invalid' })
    t.match(judge(both(second, second)), { why: 'signature-invalid' }, 'one entry twice')
    const strangers = secondLog.relog(stamped, kind, body => replaced(body, 'verifier', strange))
    const [stranger] = strangers.verification_material.transparency_entries
    t.match(judge(both(first, stranger)), { why: 'signature-invalid', detail: /another certificate/ })
    t.match(judge(both(stranger, first)), { why: 'signature-invalid', detail: /another certificate/ })
  })

function replaced(value: object, key: string, by: unknown): object {
  return JSON.parse(JSON.stringify(value), (name, inner) => (name === key ? by : inner))
}

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

t.test('every time is verified, and the signed time is the latest', async t => {
  const good = await attest()
  const [entry] = good.verification_material.transparency_entries
  if (entry === undefined) throw new Error('no entry')
  const logged = Number(entry.integratedTime) * 1000
  const both = (seconds: number, order: 'first' | 'last' = 'last') => {
    const second = firstLog.enter(entry, new Date(logged + seconds * 1000))
    return judge(
      edited(good, [...MATERIAL, 'transparency_entries'], order === 'last' ? [entry, second] : [second, entry]),
    )
  }
  const signedAt = (finding: ProvenanceFinding) => {
    if (finding.kind !== 'attested') throw new Error(finding.detail)
    return finding.bundles[0].attestations[0].facts.signedAt
  }
  t.equal(signedAt(judge(good)), logged)
  for (const order of ['first', 'last'] as const) {
    t.equal(signedAt(both(300, order)), logged + 300_000)
    t.match(both(700, order), { why: 'signature-invalid', detail: /at the signed time/ }, 'one after the leaf’s life')
    t.match(both(-700, order), { why: 'signature-invalid', detail: /at the signed time/ }, 'one before it')
    t.match(both(-2 * 86_400, order), { why: 'signature-invalid' }, 'one before the log’s key')
  }
  const alone = (seconds: number) =>
    judge(
      edited(good, [...MATERIAL, 'transparency_entries'], [firstLog.enter(entry, new Date(logged + seconds * 1000))]),
    )
  t.match(alone(60), { kind: 'attested' })
  t.match(alone(700), { why: 'signature-invalid' })
  const promised = firstLog.enter(entry, new Date(logged))
  t.match(judge(edited(good, ENTRY, { ...promised, integratedTime: String(logged / 1000 + 1) })), {
    detail: /signed entry timestamp does not verify/,
  })
  t.match(judge(edited(good, ENTRY, { ...promised, inclusionPromise: undefined, integratedTime: '0' })), {
    detail: /no signed time/,
  })
})

t.test('the key of a log must have been in force at every signed time', async t => {
  const stamped = await attest({ stamped: 'stamped' })
  const second = secondLog.relog(stamped, 'hashedrekord')
  const under = (validFor: unknown) => {
    const root = JSON.parse(rootJson)
    for (const { publicKey } of root.tlogs) Object.assign(publicKey, { validFor })
    const prepared = prepareTrust(JSON.stringify(root))
    return (attestation: AttestationJson) =>
      verifyAlone(
        world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [attestation] }]),
        FILE,
        prepared,
      )
  }
  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString()
  for (const [name, window, kind] of [
    ['open', { start: day(-1) }, 'attested'],
    ['around', { start: day(-1), end: day(1) }, 'attested'],
    ['ended', { start: day(-2), end: day(-1) }, 'invalid'],
    ['to begin', { start: day(1) }, 'invalid'],
    ['to begin and end', { start: day(1), end: day(2) }, 'invalid'],
  ] as const)
    for (const attestation of [stamped, second]) t.match(under(window)(attestation), { kind }, name)
})

// ---------------------------------------------------------------- the statement

const statementWith = (change: (statement: StatementJson) => unknown) => async (): Promise<ProvenanceFinding> =>
  await judgeAltered({ statement: change })

const subjectWith = (...subject: readonly unknown[]) => statementWith(statement => ({ ...statement, subject }))

t.test('a statement that is not about exactly this file is refused', async t => {
  const digest = { sha256: WHEEL.sha256 }
  const named = (name: unknown) => subjectWith({ name, digest })
  const mismatch: Readonly<Record<string, () => Promise<ProvenanceFinding>>> = {
    'no subject': subjectWith(),
    'two subjects': subjectWith({ name: WHEEL.filename, digest }, { name: WHEEL.filename, digest }),
    'a subject of text': subjectWith(WHEEL.filename),
    'a subject that is null': subjectWith(null),
    'no name': subjectWith({ digest }),
    'a name in a list': named([WHEEL.filename]),
    'no distribution': named('demo'),
    'another project': named('demo2-1.0-py3-none-any.whl'),
    'another version': named('demo-1.0.1-py3-none-any.whl'),
    'another build': named('demo-1.0-1-py3-none-any.whl'),
    'other tags': named('demo-1.0-py2-none-any.whl'),
    'more tags': named('demo-1.0-py2.py3-none-any.whl'),
    'the source distribution': named('demo-1.0.tar.gz'),
    'a path': named(`./${WHEEL.filename}`),
    'a space': named(` ${WHEEL.filename}`),
    'something after it': named(`${WHEEL.filename}.sig`),
    'a NUL after it': named(`${WHEEL.filename}\0`),
  }
  for (const [name, judged] of Object.entries(mismatch))
    t.match(await judged(), { kind: 'invalid', why: 'subject-mismatch' }, name)

  const digests: Readonly<Record<string, unknown>> = {
    'another digest': { sha256: 'a'.repeat(64) },
    'in capitals': { sha256: WHEEL.sha256.toUpperCase() },
    'with a prefix': { sha256: `sha256:${WHEEL.sha256}` },
    'in a list': { sha256: [WHEEL.sha256] },
    'of another kind': { sha512: WHEEL.sha256 },
    none: {},
    'no object': WHEEL.sha256,
    absent: undefined,
  }
  for (const [name, value] of Object.entries(digests))
    t.match(
      await subjectWith({ name: WHEEL.filename, digest: value })(),
      { kind: 'invalid', why: 'digest-mismatch' },
      name,
    )

  for (const name of ['demo-1.0.0-py3-none-any.whl', 'Demo-1-py3-none-any.whl'])
    t.match(await named(name)(), { kind: 'attested' }, `${name} is the same file`)
  t.match(await subjectWith({ name: WHEEL.filename, digest: { ...digest, sha512: 'x' } })(), { kind: 'attested' })
})

t.test('a statement of another form is malformed', async t => {
  const cases: Readonly<Record<string, (statement: StatementJson) => unknown>> = {
    'not JSON': () => 'hello',
    'a list': statement => JSON.stringify([statement]),
    null: () => 'null',
    'an older type': statement => ({ ...statement, _type: 'https://in-toto.io/Statement/v0.1' }),
    'no type': statement => ({ ...statement, _type: undefined }),
    'a type in a list': statement => ({ ...statement, _type: [statement._type] }),
    'a subject by name': statement => ({ ...statement, subject: { 0: statement.subject[0] } }),
    'no subjects': statement => ({ ...statement, subject: undefined }),
    'no predicate type': statement => ({ ...statement, predicateType: undefined }),
    'a predicate type in a list': statement => ({ ...statement, predicateType: [statement.predicateType] }),
    'an endless predicate type': statement => ({ ...statement, predicateType: `https://${'x'.repeat(300)}` }),
    'a subject twice': statement => {
      const text = JSON.stringify(statement)
      return `${text.slice(0, -1)},"subject":${JSON.stringify(statement.subject)}}`
    },
    'a byte order mark': statement => `\uFEFF${JSON.stringify(statement)}`,
    'two statements': statement => JSON.stringify(statement) + JSON.stringify(statement),
  }
  for (const [name, change] of Object.entries(cases))
    t.match(await statementWith(change)(), { kind: 'invalid', why: 'provenance-malformed' }, name)
})

t.test('a signature over another payload type is none over the statement', async t => {
  for (const payloadType of ['application/json', 'application/vnd.in-toto+json ', ''])
    t.match(await judgeAltered({ payloadType }), { why: 'signature-invalid', detail: /signature over the statement/ })
})

// ---------------------------------------------------------------- predicates

function contradictionOf(finding: ProvenanceFinding): string | undefined {
  if (finding.kind !== 'attested') throw new Error(finding.detail)
  return finding.bundles[0].attestations[0].facts.contradiction
}

t.test('a publish predicate is empty', async t => {
  const judged = async (predicate: unknown) =>
    contradictionOf(await statementWith(statement => ({ ...statement, predicate }))())
  for (const predicate of [null, {}, undefined]) t.equal(await judged(predicate), undefined)
  for (const predicate of [{ builder: 'x' }, [], '', 0, false])
    t.match(await judged(predicate), /expected null or \{\}/)
})

t.test('an unknown predicate type proves who signed and nothing else', async t => {
  const finding = await statementWith(statement => ({ ...statement, predicateType: 'https://example.com/v1' }))()
  const predicateType = { unknown: 'https://example.com/v1' }
  t.match(finding, { kind: 'attested', bundles: [{ attestations: [{ facts: { predicateType } }] }] })
  for (const name of ['constructor', '__proto__', 'toString'])
    t.match(await statementWith(statement => ({ ...statement, predicateType: name }))(), {
      bundles: [{ attestations: [{ facts: { predicateType: { unknown: name } } }] }],
    })
})

/** The SLSA predicate of GitHub's action with one thing of it replaced, as it comes out. */
async function judgePredicate(
  path: readonly (string | number)[],
  value: unknown,
  identity: SigningIdentity = IDENTITY,
  predicate?: unknown,
): Promise<Pick<AttestationFacts, 'contradiction' | 'uncompared'>> {
  const attestation = await attest({
    identity,
    predicate: 'slsa',
    alter: {
      statement: statement => {
        const copy = structuredClone(predicate === undefined ? statement : { ...statement, predicate })
        const parent = path
          .slice(0, -1)
          .reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy.predicate)
        if (path.length > 0) Reflect.set(Object(parent), path.at(-1) ?? '', value)
        return copy
      },
    },
  })
  const finding = judge(attestation)
  if (finding.kind !== 'attested') throw new Error(finding.detail)
  return finding.bundles[0].attestations[0].facts
}

const BUILD_TYPE = ['buildDefinition', 'buildType'] as const
const DEPENDENCIES = ['buildDefinition', 'resolvedDependencies'] as const
const BUILDER = ['runDetails', 'builder', 'id'] as const
const GITHUB_PARAMETERS = ['buildDefinition', 'internalParameters', 'github'] as const
const WORKFLOW = ['buildDefinition', 'externalParameters', 'workflow'] as const
const CONFIRMED = { contradiction: undefined, uncompared: undefined }

t.test('a SLSA predicate that says one thing otherwise than the certificate contradicts it', async t => {
  const judged = async (path: readonly (string | number)[], value: unknown): Promise<string | undefined> =>
    (await judgePredicate(path, value)).contradiction
  t.match(await judgePredicate([], undefined), CONFIRMED, 'the predicate that GitHub’s action writes')
  // the build type demands it, it may be left out, or older generators did leave it out
  type Absence = 'contradicts' | 'uncompared' | 'agrees'
  const fields: readonly (readonly [path: readonly (string | number)[], other: unknown, absence: Absence])[] = [
    [BUILD_TYPE, ['https://actions.github.io/buildtypes/workflow/v1'], 'contradicts'],
    [BUILD_TYPE, '', 'contradicts'],
    [[...WORKFLOW, 'repository'], 'https://github.com/acme/other', 'contradicts'],
    [[...WORKFLOW, 'ref'], 'refs/tags/v2.0.0', 'contradicts'],
    [[...WORKFLOW, 'ref'], 'a'.repeat(40), 'contradicts'],
    [[...WORKFLOW, 'path'], '.github/workflows/other.yml', 'contradicts'],
    [[...WORKFLOW, 'path'], ['.github/workflows/release.yml'], 'contradicts'],
    [[...GITHUB_PARAMETERS, 'repository_id'], '999', 'uncompared'],
    [[...GITHUB_PARAMETERS, 'repository_id'], 111, 'uncompared'],
    [[...GITHUB_PARAMETERS, 'repository_owner_id'], '999', 'uncompared'],
    [[...GITHUB_PARAMETERS, 'event_name'], 'pull_request', 'uncompared'],
    [[...GITHUB_PARAMETERS, 'runner_environment'], 'self-hosted', 'agrees'],
    [[...DEPENDENCIES, 0, 'digest', 'gitCommit'], 'b'.repeat(40), 'uncompared'],
    [BUILDER, 'https://github.com/slsa-framework/slsa-github-generator/x@refs/tags/v2', 'contradicts'],
    [BUILDER, 'https://github.com/actions/runner/github-hosted', 'contradicts'],
    [['runDetails', 'metadata', 'invocationId'], 'https://github.com/acme/demo/actions/runs/2', 'agrees'],
  ]
  for (const [path, other, absence] of fields) {
    t.type(await judged(path, other), 'string', `${path.join('.')} = ${JSON.stringify(other)}`)
    for (const nothing of [undefined, null]) {
      const { contradiction, uncompared } = await judgePredicate(path, nothing)
      const said = `${path.join('.')} is ${nothing}`
      t.type(contradiction, absence === 'contradicts' ? 'string' : 'undefined', said)
      t.type(uncompared, absence === 'uncompared' ? 'string' : 'undefined', said)
    }
  }
  t.type(await judged(['buildDefinition'], null), 'string')
  t.type(await judged(DEPENDENCIES, {}), 'string')
  t.type(await judged(GITHUB_PARAMETERS, '111'), 'string')
  t.type(await judged(['runDetails'], []), 'string')
})

t.test('what a SLSA predicate leaves out contradicts nothing, and is not compared', async t => {
  for (const path of [DEPENDENCIES, ['buildDefinition', 'internalParameters'], GITHUB_PARAMETERS])
    for (const nothing of [undefined, null, path === DEPENDENCIES ? [] : {}]) {
      const { contradiction, uncompared } = await judgePredicate(path, nothing)
      t.equal(contradiction, undefined, `${path.join('.')} = ${JSON.stringify(nothing)}`)
      t.match(uncompared, /is absent$/, `${path.join('.')} = ${JSON.stringify(nothing)}`)
    }
})

t.test('of a build type that nobody here knows nothing is compared', async t => {
  for (const type of [
    'https://slsa.dev/container-based-build/v0.1',
    'https://docs.gitlab.com/ci/runners/provenance',
    'x',
  ])
    t.match(await judgePredicate(BUILD_TYPE, type), {
      contradiction: undefined,
      uncompared: `buildDefinition.buildType ${JSON.stringify(type)} is not known`,
    })
})

t.test('the build type of GitHub’s action until June 2024 is compared: its builder was the runner', async t => {
  const old = 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1'
  const predicate = JSON.parse(JSON.stringify(slsaPredicate(spellIdentity(IDENTITY))))
  const written = { ...predicate, buildDefinition: { ...predicate.buildDefinition, buildType: old } }
  const judged = (path: readonly (string | number)[], value: unknown) => judgePredicate(path, value, IDENTITY, written)
  t.match(await judged(BUILDER, 'https://github.com/actions/runner/github-hosted'), CONFIRMED)
  t.match(await judged([], undefined), CONFIRMED, 'or the workflow')
  t.match((await judged(BUILDER, 'https://github.com/actions/runner/self-hosted')).contradiction, /builder\.id/)
  t.match((await judged([...WORKFLOW, 'repository'], 'https://github.com/acme/other')).contradiction, /repository/)
})

t.test('where the certificate has no ref, or .18 ends in the commit, the predicate’s ref is the commit', async t => {
  const commit = 'a'.repeat(40)
  const uri = `https://github.com/acme/demo/.github/workflows/release.yml@${commit}`
  const rerun: SigningIdentity = { ...IDENTITY, san: uri, claims: { 9: uri, 18: uri } }
  const withoutRef: SigningIdentity = { ...rerun, claims: { ...rerun.claims, 14: undefined } }
  const spelled = JSON.parse(JSON.stringify(slsaPredicate(spellIdentity(IDENTITY))))
  const written = { ...spelled, runDetails: { ...spelled.runDetails, builder: { id: uri } } }
  const ref = async (identity: SigningIdentity, value: string) =>
    (await judgePredicate([...WORKFLOW, 'ref'], value, identity, written)).contradiction
  for (const identity of [rerun, withoutRef]) {
    t.equal(await ref(identity, commit), undefined)
    t.type(await ref(identity, 'b'.repeat(40)), 'string')
  }
  t.equal(await ref(rerun, 'refs/tags/v1.0.0'), undefined, 'the ref (.14) is as good')
  t.type(await ref(withoutRef, 'refs/tags/v1.0.0'), 'string')
})

t.test('a tag with an @ was cut off by generators of 2024', async t => {
  const identity = { ...IDENTITY, ref: 'refs/tags/demo@1.0' }
  const ref = async (value: string) => await judgePredicate([...WORKFLOW, 'ref'], value, identity)
  t.match(await ref('refs/tags/demo@1.0'), CONFIRMED)
  t.match(await ref('refs/tags/demo'), CONFIRMED)
  t.type((await ref('refs/tags/dem')).contradiction, 'string')
})

t.test('the source is the dependency that names it, wherever it stands', async t => {
  const commit = 'a'.repeat(40)
  const image = { uri: 'pkg:docker/runner@1', digest: { sha256: 'c'.repeat(64) } }
  const source = (gitCommit: string) => ({
    uri: 'git+https://github.com/acme/demo@refs/tags/v1.0.0',
    digest: { gitCommit },
  })
  t.match(await judgePredicate(DEPENDENCIES, [image, source(commit)]), CONFIRMED)
  t.match((await judgePredicate(DEPENDENCIES, [image, source('b'.repeat(40))])).contradiction, /gitCommit/)
})

t.test('what GitLab writes is compared: source, job and commit', async t => {
  const identity: SigningIdentity = {
    kind: 'gitlab',
    project: 'acme/demo',
    run: 'https://gitlab.com/acme/demo/-/jobs/412',
  }
  const commit = 'a'.repeat(40)
  const image = { uri: 'pkg:docker/runner@1', digest: { sha256: 'c'.repeat(64) } }
  for (const [buildType, digest, job] of [
    ['https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1', 'gitCommit', 412],
    ['https://gitlab.com/gitlab-org/gitlab-runner/-/blob/2147fb44/PROVENANCE.md', 'sha256', '412'],
  ] as const) {
    const written = {
      buildDefinition: {
        buildType,
        externalParameters: { source: 'https://gitlab.com/acme/demo', entryPoint: 'build' },
        internalParameters: { job, name: 'runner' },
        resolvedDependencies: [image, { uri: 'https://gitlab.com/acme/demo', digest: { [digest]: commit } }],
      },
      runDetails: { builder: { id: 'https://gitlab.com/acme/demo/-/runners/1' }, metadata: { invocationId: job } },
    }
    const judged = (path: readonly (string | number)[], value: unknown) =>
      judgePredicate(path, value, identity, written)
    t.match(await judged([], undefined), CONFIRMED, buildType)
    const others: readonly (readonly [path: readonly (string | number)[], other: unknown])[] = [
      [['buildDefinition', 'externalParameters', 'source'], 'https://gitlab.com/acme/other'],
      [['buildDefinition', 'externalParameters', 'source'], undefined],
      [['buildDefinition', 'internalParameters', 'job'], 413],
      [['runDetails', 'metadata', 'invocationId'], '413'],
      [[...DEPENDENCIES, 1, 'digest', digest], 'b'.repeat(40)],
    ]
    for (const [path, other] of others) t.type((await judged(path, other)).contradiction, 'string', path.join('.'))
    t.match(await judged(DEPENDENCIES, undefined), { contradiction: undefined, uncompared: /is absent$/ })
    t.match(
      (await judgePredicate([], undefined, IDENTITY, written)).contradiction,
      /source/,
      'under a GitHub certificate',
    )
  }
})

// ---------------------------------------------------------------- trust roots

t.test('a trust root that cannot be used says nothing about the document', async t => {
  const bytes = world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [await attest()] }])
  const without = (key: string) => JSON.stringify({ ...JSON.parse(rootJson), [key]: [] })
  const unbounded = (key: 'tlogs' | 'ctlogs' | 'certificateAuthorities' | 'timestampAuthorities') =>
    JSON.stringify(JSON.parse(rootJson), (name, value) =>
      name === key ? JSON.parse(JSON.stringify(value), (inner, window) => (inner === 'validFor' ? {} : window)) : value,
    )
  for (const json of [
    '',
    '{}',
    '[]',
    'null',
    '{"tlogs":[]}',
    without('tlogs'),
    without('ctlogs'),
    without('certificateAuthorities'),
    unbounded('tlogs'),
    unbounded('ctlogs'),
    unbounded('certificateAuthorities'),
    unbounded('timestampAuthorities'),
  ])
    await t.rejects(
      createInlineVerifier().verify({ bytes, ...FILE }, { sigstore: { digest: json, json }, custom: [] }),
      {
        code: 'unknown-trust',
      },
    )
})
