// guards: src/verify/evidence/document.ts src/verify/evidence/invalid-evidence.ts
// guards: src/verify/evidence/bundle.ts
import { createHash } from 'node:crypto'
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { parseProvenance } from '../../../src/protocol/attest/provenance.ts'
import { assertLogInForce } from '../../../src/verify/evidence/log-entry.ts'
import { prepareTrust } from '../../../src/verify/evidence/trust-material.ts'
import { verifyAlone } from '../../world/judging/roots.ts'
import { createSecondLog, type SecondKind } from '../../world/signing/rekor-v2.ts'
import type { Alterations, AttestationJson, LogBody, TransparencyEntry } from '../../world/signing/signing.ts'
import {
  attest,
  CHECKPOINT,
  edited,
  FILE,
  IDENTITY,
  judge,
  judgeAltered,
  MATERIAL,
  PROOF,
  rootJson,
  STRANGE_LEAF,
  secondLog,
  trust,
  WHEEL,
  world,
} from './signed-attestations.ts'

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

t.test('a log that the trust root does not name was in force at no time', async t => {
  const attestation = await attest()
  const document = world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [attestation] }])
  const [entry] = parseProvenance(document).bundles[0].attestations[0].entries
  const times = [instant(Date.now())]
  t.doesNotThrow(() => assertLogInForce(entry, times, trust.logs))
  const others = trust.logs.filter(({ logID }) => !logID.equals(entry.keyId))
  t.ok(others.length > 0 && others.length < trust.logs.length)
  for (const logs of [[], others])
    t.throws(() => assertLogInForce(entry, times, logs), { message: /the trust root does not name/ })
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
