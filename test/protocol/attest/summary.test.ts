import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { preAuthEncoding, renderEnvelope } from '../../../src/protocol/attest/envelope.ts'
import {
  holdSummary,
  readSummaryKey,
  readSummarySigner,
  type SummaryDemands,
  type SummaryFacts,
  type SummaryKey,
  signSummary,
} from '../../../src/protocol/attest/summary.ts'

const NOW = instant(Date.UTC(2026, 10, 24, 12))
const FACTS: SummaryFacts = {
  filename: 'demo-1.0-py3-none-any.whl',
  sha256: sha256Of('demo'),
  resourceUri: 'pkg:pypi/demo@1.0?file_name=demo-1.0-py3-none-any.whl',
  verifier: { id: 'https://gate.example', version: '1.2.3' },
  timeVerified: NOW,
  policy: { uri: 'urn:portcullis:policy:main', sha256: sha256Of('policy') },
  inputs: [
    { uri: 'https://gate.example/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance', sha256: sha256Of('p') },
  ],
  levels: ['SLSA_BUILD_LEVEL_UNEVALUATED', 'PORTCULLIS_ADMITTED_BY_ATTESTATION'],
}
const DEMANDS: SummaryDemands = { filename: FACTS.filename, sha256: FACTS.sha256, now: NOW }

function pems(namedCurve = 'P-256') {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  return {
    privateKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

function given(key: SummaryKey | undefined): SummaryKey {
  if (key === undefined) throw new Error('a test names keys that can be read')
  return key
}

const PAIR = pems()
const SIGNER = given(readSummarySigner(PAIR.privatePem))
const KEY = given(readSummaryKey(PAIR.publicPem))
const SUMMARY = signSummary(FACTS, SIGNER)

function wrongOf(bytes: Uint8Array, demands: Partial<SummaryDemands> = {}, key = KEY): string | undefined {
  const held = holdSummary(bytes, key, { ...DEMANDS, ...demands })
  return 'wrong' in held ? held.wrong : undefined
}

/** The envelope with another statement, signed by the same key. */
function stating(change: (statement: Record<string, unknown>, predicate: Record<string, unknown>) => void): Buffer {
  const { payload } = JSON.parse(SUMMARY.toString())
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString())
  change(statement, statement.predicate)
  return signing(JSON.stringify(statement))
}

function signing(text: string): Buffer {
  const payload = Buffer.from(text)
  const signature = sign('sha256', preAuthEncoding(payload), PAIR.privateKey)
  return renderEnvelope({ payload, keyid: SIGNER.id, signature })
}

t.test('a summary says what SLSA describes, and holds for its file', async t => {
  t.strictSame(holdSummary(SUMMARY, KEY, DEMANDS), {
    verifierId: 'https://gate.example',
    timeVerified: NOW,
    policyDigest: sha256Of('policy'),
    levels: FACTS.levels,
  })
  const { payload, payloadType, signatures } = JSON.parse(SUMMARY.toString())
  t.equal(payloadType, 'application/vnd.in-toto+json')
  t.equal(signatures.length, 1)
  t.equal(signatures[0].keyid, sha256Of(createPublicKey(PAIR.publicPem).export({ type: 'spki', format: 'der' })))
  t.strictSame(JSON.parse(Buffer.from(payload, 'base64').toString()), {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: FACTS.filename, digest: { sha256: FACTS.sha256 } }],
    predicateType: 'https://slsa.dev/verification_summary/v1',
    predicate: {
      verifier: { id: 'https://gate.example', version: { portcullis: '1.2.3' } },
      timeVerified: '2026-11-24T12:00:00.000Z',
      resourceUri: FACTS.resourceUri,
      policy: { uri: 'urn:portcullis:policy:main', digest: { sha256: sha256Of('policy') } },
      inputAttestations: [{ uri: FACTS.inputs[0]?.uri, digest: { sha256: sha256Of('p') } }],
      verificationResult: 'PASSED',
      verifiedLevels: FACTS.levels,
      slsaVersion: '1.1',
    },
  })
})

t.test('another implementation of DSSE, and openssl, verify the signature', async t => {
  const { payload, payloadType, signatures } = JSON.parse(SUMMARY.toString())
  const { dsse } = createRequire(import.meta.url)('@sigstore/core')
  const signed: Buffer = dsse.preAuthEncoding(payloadType, Buffer.from(payload, 'base64'))
  const signature = Buffer.from(signatures[0].sig, 'base64')
  t.ok(verify('sha256', signed, PAIR.publicPem, signature))
  const folder = t.testdir()
  const at = (name: string, bytes: string | Buffer): string => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const argv = ['dgst', '-sha256', '-verify', at('pub.pem', PAIR.publicPem), '-signature', at('sig', signature)]
  t.match(execFileSync('openssl', [...argv, at('signed', signed)]).toString(), 'Verified OK')
})

t.test('any byte that is another one is refused', async t => {
  for (let place = 0; place < SUMMARY.length; place += 1) {
    const bytes = Buffer.from(SUMMARY)
    bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
    if (wrongOf(bytes) === undefined) t.fail(`byte ${place}`)
  }
  for (const length of [0, 1, SUMMARY.length - 1]) t.ok(wrongOf(SUMMARY.subarray(0, length)), `${length} bytes of it`)
  t.ok(wrongOf(Buffer.concat([SUMMARY, Buffer.from(' ')])), 'a blank at its end')
})

t.test('what it is held against is all of it', async t => {
  t.match(wrongOf(SUMMARY, { filename: 'demo-1.1-py3-none-any.whl' }), 'it is about demo-1.0-py3-none-any.whl')
  t.match(wrongOf(SUMMARY, { sha256: sha256Of('another') }), 'sha256')
  t.match(wrongOf(SUMMARY, {}, given(readSummaryKey(pems().publicPem))), 'it is signed with the key')
  t.equal(wrongOf(SUMMARY, { policyDigest: sha256Of('policy') }), undefined)
  t.match(wrongOf(SUMMARY, { policyDigest: sha256Of('policies') }), 'under the policy')
  t.equal(wrongOf(SUMMARY, { verifierId: 'https://gate.example' }), undefined)
  t.match(wrongOf(SUMMARY, { verifierId: 'https://gate.example/' }), 'made by https://gate.example')
  t.equal(wrongOf(SUMMARY, { now: instant(NOW + 3_600_000), maxAgeMs: 3_600_000 }), undefined)
  t.match(wrongOf(SUMMARY, { now: instant(NOW + 3_600_001), maxAgeMs: 3_600_000 }), 'too long ago')
  t.equal(wrongOf(SUMMARY, { now: instant(NOW - 60_000) }), undefined, 'a clock that is a minute late')
  t.match(wrongOf(SUMMARY, { now: instant(NOW - 60_001) }), 'yet to come')
})

t.test('an envelope that says the same in another way, or more, is none', async t => {
  const text = SUMMARY.toString().trim()
  const { payload, payloadType, signatures } = JSON.parse(text)
  const [signature] = signatures
  const envelope = { payload, payloadType, signatures }
  const hostile: Readonly<Record<string, string>> = {
    'two signatures': JSON.stringify({ ...envelope, signatures: [signature, signature] }),
    'no signature': JSON.stringify({ ...envelope, signatures: [] }),
    'another payload type': JSON.stringify({ ...envelope, payloadType: 'application/json' }),
    'a payload type in capitals': JSON.stringify({ ...envelope, payloadType: payloadType.toUpperCase() }),
    'a member twice': text.replace('{"payload":', '{"payload":"e30=","payload":'),
    'a member twice, escaped': text.replace('{"payload":', '{"p\\u0061yload":"e30=","payload":'),
    'a member more': JSON.stringify({ ...envelope, more: 1 }),
    'no key id': JSON.stringify({ ...envelope, signatures: [{ sig: signature.sig }] }),
    'another key id': JSON.stringify({ ...envelope, signatures: [{ ...signature, keyid: sha256Of('k') }] }),
    padding: JSON.stringify({ ...envelope, payload: `${payload.replace(/=+$/, '')}====` }),
    'no padding': JSON.stringify({ ...envelope, signatures: [{ ...signature, sig: `${signature.sig}=` }] }),
    'base64 for URLs': JSON.stringify({ ...envelope, payload: payload.replace(/.$/, '_') }),
    'a list': `[${text}]`,
    'a byte order mark': `\uFEFF${text}`,
    'a megabyte': JSON.stringify({ ...envelope, payload: 'A'.repeat(1024 * 1024) }),
    'nested deep': `${'['.repeat(5000)}${']'.repeat(5000)}`,
  }
  for (const [what, bytes] of Object.entries(hostile)) t.ok(wrongOf(Buffer.from(`${bytes}\n`)), what)
})

t.test('a statement that is signed and says something else is refused', async t => {
  t.equal(wrongOf(stating(() => {})), undefined)
  const others: Readonly<Record<string, Buffer>> = {
    FAILED: stating((_, predicate) => {
      predicate['verificationResult'] = 'FAILED'
    }),
    passed: stating((_, predicate) => {
      predicate['verificationResult'] = 'passed'
    }),
    'no result': stating((_, predicate) => {
      predicate['verificationResult'] = undefined
    }),
    'another predicate': stating(statement => {
      statement['predicateType'] = 'https://slsa.dev/provenance/v1'
    }),
    'another statement': stating(statement => {
      statement['_type'] = 'https://in-toto.io/Statement/v0.1'
    }),
    'two subjects': stating(statement => {
      const [subject] = statement['subject'] as readonly unknown[]
      statement['subject'] = [subject, { name: 'x', digest: { sha256: sha256Of('x') } }]
    }),
    'no subject': stating(statement => {
      statement['subject'] = []
    }),
    'no time': stating((_, predicate) => {
      predicate['timeVerified'] = 'yesterday'
    }),
    'a result twice': signing(
      JSON.stringify({}).replace('{}', '{"_type":"x","_type":"https://in-toto.io/Statement/v1"}'),
    ),
  }
  for (const [what, bytes] of Object.entries(others)) t.ok(wrongOf(bytes), what)
})

t.test('a key is P-256 in PEM, and each half is taken where it belongs', async t => {
  const { privateKey, privatePem, publicPem } = PAIR
  t.ok(readSummarySigner(privatePem.replaceAll('\n', '\r\n')))
  const no: Readonly<Record<string, string>> = {
    'P-384': pems('P-384').privatePem,
    Ed25519: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    RSA: generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    'SEC 1': privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'with a password': privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString(),
    'the public half': publicPem,
    'cut off': privatePem.slice(0, 80),
    empty: '',
  }
  for (const [what, pem] of Object.entries(no)) t.equal(readSummarySigner(pem), undefined, what)
  t.equal(readSummarySigner(`${privatePem}${PAIR.privatePem}`), undefined, 'two: nobody knows which')
  for (const pem of [privatePem, pems('P-384').publicPem, '', `${publicPem}${privatePem}`])
    t.equal(readSummaryKey(pem), undefined)
})
