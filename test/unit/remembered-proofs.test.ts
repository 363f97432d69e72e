// the certificate library's own dependency wants it first
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import t from 'tap'
import { type Attestation, parseProvenance } from '../../src/protocol/provenance.ts'
import { RememberingCertificate } from '../../src/verify/certificates.ts'
import { verifyDocument } from '../../src/verify/document.ts'
import { decodeFinding, encodeFinding } from '../../src/verify/finding-codec.ts'
import { type PreparedTrust, PreparedTrusts, prepareTrust } from '../../src/verify/trust-material.ts'
import {
  type Evidence,
  productionTrust,
  realEvidence,
  vectorsSkip as skip,
  stagingEvidence,
  stagingTrust,
} from '../world/vectors.ts'

function pick(all: readonly Evidence[], ending: string): Evidence {
  const found = all.find(({ name }) => name.endsWith(ending))
  if (found === undefined) throw new Error(`no vector ${ending}`)
  return found
}

function attestationOf(evidence: Evidence): Attestation {
  return parseProvenance(evidence.bytes).bundles[0].attestations[0]
}

/** A trust root under which the leaf of `evidence` is remembered. */
function warm(evidence: Evidence): PreparedTrust {
  const trust = prepareTrust(productionTrust().json)
  const finding = verifyDocument(evidence.bytes, evidence, trust)
  if (finding.kind !== 'attested' || trust.leaves.size !== 1) throw new Error('the vector does not verify')
  return trust
}

/** The same document with one part of its attestation replaced. */
function changed(evidence: Evidence, change: (attestation: Record<string, Record<string, unknown>>) => void): Buffer {
  const document = JSON.parse(evidence.bytes.toString('utf8'))
  change(document.attestation_bundles[0].attestations[0])
  return Buffer.from(JSON.stringify(document))
}

t.test('a leaf that differs in one byte from a remembered one starts from nothing', { skip }, async t => {
  const evidence = pick(realEvidence(), 'whl-provenance.json')
  const trust = warm(evidence)
  const der = attestationOf(evidence).certificate
  for (const position of [der.length - 1, der.length - 40, 30, 300]) {
    const forged = Buffer.from(der)
    forged.writeUInt8(forged.readUInt8(position) ^ 1, position)
    const bytes = changed(evidence, ({ verification_material: material = {} }) => {
      material['certificate'] = forged.toString('base64')
    })
    const finding = verifyDocument(bytes, evidence, trust)
    t.match(
      finding,
      { kind: 'invalid', why: 'signature-invalid', detail: /certificate|it cannot be read/ },
      `byte ${position}`,
    )
  }
  t.equal(trust.leaves.size, 1, 'nothing that failed is remembered')
})

t.test('a remembered leaf is outside its window at another time', { skip }, async t => {
  const evidence = pick(realEvidence(), 'whl-provenance.json')
  const trust = warm(evidence)
  const signed = Number(attestationOf(evidence).entries[0].integratedTime)
  for (const [seconds, detail] of [
    [3600, /certificate does not lead to the trust root at the signed time/],
    [-3600, /certificate does not lead to the trust root at the signed time/],
    [1, /signed entry timestamp does not verify/],
  ] as const) {
    const bytes = changed(evidence, ({ verification_material: material = {} }) => {
      const [entry] = Array.isArray(material['transparency_entries']) ? material['transparency_entries'] : []
      entry.integratedTime = String(signed + seconds)
    })
    t.match(
      verifyDocument(bytes, evidence, trust),
      { kind: 'invalid', why: 'signature-invalid', detail },
      `${seconds} s`,
    )
  }
})

t.test(
  'another file of the release verifies with the remembered leaf, and only with its own statement',
  { skip },
  async t => {
    const wheel = pick(realEvidence(), 'abi3info-2024.10.8-py3-none-any.whl.provenance')
    const sdist = pick(realEvidence(), 'abi3info-2024.10.8.tar.gz.provenance')
    const trust = warm(wheel)
    t.equal(verifyDocument(sdist.bytes, sdist, trust).kind, 'attested')
    t.equal(trust.leaves.size, 1, 'both share one leaf')
    t.match(verifyDocument(wheel.bytes, sdist, trust), { kind: 'invalid', why: 'subject-mismatch' })
    // the sibling's signature and log entry around this statement
    const mixed = changed(wheel, attestation => {
      const other = JSON.parse(sdist.bytes.toString('utf8')).attestation_bundles[0].attestations[0]
      attestation['verification_material'] = other.verification_material
      attestation['envelope'] = { ...attestation['envelope'], signature: other.envelope.signature }
    })
    t.match(verifyDocument(mixed, wheel, trust), { kind: 'invalid', why: 'signature-invalid' })
  },
)

t.test('a forged neighbour of a certificate authority does not profit from what is remembered', async t => {
  const real = await authority()
  const forged = await authority()
  const ours = await leafOf(real)
  const theirs = await leafOf(forged)
  t.ok(ours.verify(real.certificate))
  t.ok(theirs.verify(forged.certificate))
  for (let round = 0; round < 2; round += 1) {
    t.notOk(theirs.verify(real.certificate), 'same names, same serial, same key identifier, other key')
    t.notOk(ours.verify(forged.certificate), 'and the other way round')
  }
  t.notOk(real.certificate.equals(forged.certificate))
  t.ok(real.certificate.equals(RememberingCertificate.read(Buffer.from(real.certificate.der))))
  const altered = Buffer.from(ours.der)
  altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1)
  t.notOk(RememberingCertificate.read(altered).verify(real.certificate), 'same leaf, other signature')
})

t.test('what one trust root proved is nothing under another', { skip }, async t => {
  const evidence = pick(realEvidence(), 'whl-provenance.json')
  const trusts = new PreparedTrusts()
  const production = productionTrust()
  t.equal(verifyDocument(evidence.bytes, evidence, trusts.prepare(production)).kind, 'attested')
  const intermediate = attestationIssuer(production.json)
  const forged = await authority(intermediate)
  const replaced = JSON.stringify(
    edited(production.json, root => {
      for (const { certChain } of root.certificateAuthorities)
        certChain.certificates = [{ rawBytes: forged.certificate.der.toString('base64') }]
    }),
  )
  t.match(
    verifyDocument(evidence.bytes, evidence, trusts.prepare({ digest: 'replaced', json: replaced })),
    { kind: 'invalid', why: 'signature-invalid', detail: /certificate/ },
    'an authority with the same name and key identifier',
  )
  t.equal(verifyDocument(evidence.bytes, evidence, trusts.prepare(production)).kind, 'attested')
})

t.test('the windows of authorities and logs are compared with the signed time', { skip }, async t => {
  const evidence = pick(realEvidence(), 'whl-provenance.json')
  const json = productionTrust().json
  for (const [name, root] of [
    ['certificate authority', edited(json, it => end(it.certificateAuthorities))],
    ['transparency log', edited(json, it => end(it.tlogs.map(log => log.publicKey)))],
    ['CT log', edited(json, it => end(it.ctlogs.map(log => log.publicKey)))],
  ] as const)
    t.match(
      verifyDocument(evidence.bytes, evidence, prepareTrust(JSON.stringify(root))),
      { kind: 'invalid', why: 'signature-invalid' },
      name,
    )
  // a Rekor v2 entry has no time of its own: the time stamp's counts for its log too
  const second = pick(stagingEvidence(), 'with_rekor2_timestamp')
  const staging = edited(stagingTrust().json, it => end(it.tlogs.map(log => log.publicKey)))
  t.match(verifyDocument(second.bytes, second, prepareTrust(JSON.stringify(staging))), {
    detail: /not in force at the signed time/,
  })
})

t.test('a finding survives storage, and only as it was written', { skip }, async t => {
  const finding = verifyDocument(...withTrust(pick(realEvidence(), 'slsa.attestation')))
  const text = encodeFinding(finding)
  t.same(decodeFinding(text), finding)
  t.match(finding, { kind: 'attested' })
  for (const other of [
    { kind: 'invalid', why: 'digest-mismatch', detail: 'other bytes' },
    { kind: 'unattested', said: 'integrity' },
  ] as const)
    t.same(decodeFinding(encodeFinding(other)), other)
  const stored = JSON.parse(text)
  for (const broken of [
    '',
    'null',
    '[]',
    text.slice(0, -1),
    JSON.stringify({ ...stored, format: 0 }),
    JSON.stringify({ ...stored, more: 1 }),
    JSON.stringify({ ...stored, bundles: [] }),
    JSON.stringify({ ...stored, kind: 'unasked' }),
    JSON.stringify({ ...stored, provenanceSha256: 'A'.repeat(64) }),
    text.replace('"uri"', '"url"'),
    text.replace('"issuer":', '"issuers":'),
    text.replace('"signedAt":1', '"signedAt":"1'),
    text.replace('slsa-provenance/v1', 'slsa-provenance/v9'),
    '{"format":1,"kind":"invalid","why":"unattested","detail":""}',
  ])
    t.equal(decodeFinding(broken), undefined, broken.slice(0, 80))
})

function withTrust(evidence: Evidence): [Buffer, Evidence, PreparedTrust] {
  return [evidence.bytes, evidence, prepareTrust(productionTrust().json)]
}

// ---------------------------------------------------------------- certificates of our own

interface Authority {
  readonly certificate: RememberingCertificate
  readonly keys: CryptoKeyPair
  readonly x509: x509.X509Certificate
}
type CryptoKeyPair = Awaited<ReturnType<typeof newKeys>>

async function newKeys() {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
}

const KEY_ID = '0102030405060708090a0b0c0d0e0f1011121314'
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' }
const LIFE = { notBefore: new Date('2022-01-01T00:00:00Z'), notAfter: new Date('2031-01-01T00:00:00Z') }

async function authority(like?: { readonly subject: string; readonly keyId: string }): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto)
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: like?.subject ?? 'CN=authority',
    keys,
    signingAlgorithm: SIGNING,
    ...LIFE,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.SubjectKeyIdentifierExtension(like?.keyId ?? KEY_ID),
    ],
  })
  return { certificate: RememberingCertificate.read(Buffer.from(certificate.rawData)), keys, x509: certificate }
}

async function leafOf(issuer: Authority): Promise<RememberingCertificate> {
  const { publicKey } = await newKeys()
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=leaf',
    issuer: issuer.x509.subject,
    publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: SIGNING,
    ...LIFE,
    extensions: [new x509.AuthorityKeyIdentifierExtension(KEY_ID)],
  })
  return RememberingCertificate.read(Buffer.from(leaf.rawData))
}

interface RootDocument {
  readonly tlogs: readonly { readonly publicKey: object }[]
  readonly ctlogs: readonly { readonly publicKey: object }[]
  readonly certificateAuthorities: readonly { readonly certChain: { certificates: { readonly rawBytes: string }[] } }[]
}

/** Windows that closed before any of the vectors was signed. */
function end(windowed: readonly object[]): void {
  for (const item of windowed)
    Object.assign(item, { validFor: { start: '2021-01-01T00:00:00Z', end: '2024-01-01T00:00:00Z' } })
}

function edited(json: string, edit: (root: RootDocument) => void): RootDocument {
  const root: RootDocument = JSON.parse(json)
  edit(root)
  return root
}

/** Name and key identifier of Fulcio's intermediate in the trust root. */
function attestationIssuer(json: string): { readonly subject: string; readonly keyId: string } {
  const root: RootDocument = JSON.parse(json)
  const chain = root.certificateAuthorities.at(-1)?.certChain.certificates ?? []
  const intermediate = new x509.X509Certificate(Buffer.from(chain[0]?.rawBytes ?? '', 'base64'))
  const keyId = intermediate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId ?? ''
  return { subject: intermediate.subject, keyId }
}
