// the certificate library's own dependency wants it first
import 'reflect-metadata'
import { generateKeyPairSync, sign, webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { ASN1Obj } from '@sigstore/core'
import fc from 'fast-check'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { type Attestation, parseProvenance } from '../../../src/protocol/attest/provenance.ts'
import { RememberingCertificate } from '../../../src/verify/evidence/certificates.ts'
import { decodeFinding, encodeFinding } from '../../../src/verify/evidence/finding-codec.ts'
import { type PreparedTrust, PreparedTrusts, prepareTrust } from '../../../src/verify/evidence/trust-material.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { verifyAlone } from '../../world/judging/roots.ts'
import { encodeDer, type Leaf } from '../../world/signing/certificate-authority.ts'
import type { SigningIdentity } from '../../world/signing/identity.ts'
import { type AttestationJson, createSigningWorld } from '../../world/signing/signing.ts'
import {
  distFilename,
  type Evidence,
  productionTrust,
  realEvidence,
  vectorsSkip as skip,
  stagingEvidence,
  stagingTrust,
} from '../../world/vectors/vectors.ts'

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
  const finding = verifyAlone(evidence.bytes, evidence, trust)
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
    const finding = verifyAlone(bytes, evidence, trust)
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
    t.match(verifyAlone(bytes, evidence, trust), { kind: 'invalid', why: 'signature-invalid', detail }, `${seconds} s`)
  }
})

t.test(
  'another file of the release verifies with the remembered leaf, and only with its own statement',
  { skip },
  async t => {
    const wheel = pick(realEvidence(), 'abi3info-2024.10.8-py3-none-any.whl.provenance')
    const sdist = pick(realEvidence(), 'abi3info-2024.10.8.tar.gz.provenance')
    const trust = warm(wheel)
    t.equal(verifyAlone(sdist.bytes, sdist, trust).kind, 'attested')
    t.equal(trust.leaves.size, 1, 'both share one leaf')
    t.match(verifyAlone(wheel.bytes, sdist, trust), { kind: 'invalid', why: 'subject-mismatch' })
    // the sibling's signature and log entry around this statement
    const mixed = changed(wheel, attestation => {
      const other = JSON.parse(sdist.bytes.toString('utf8')).attestation_bundles[0].attestations[0]
      attestation['verification_material'] = other.verification_material
      attestation['envelope'] = { ...attestation['envelope'], signature: other.envelope.signature }
    })
    t.match(verifyAlone(mixed, wheel, trust), { kind: 'invalid', why: 'signature-invalid' })
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
  t.ok(real.certificate.verify(), 'signed by itself')
  t.notOk(real.certificate.verify(forged.certificate), 'which says nothing about another')
  t.notOk(forged.certificate.verify(real.certificate))
  t.ok(forged.certificate.verify())
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
  t.equal(verifyAlone(evidence.bytes, evidence, trusts.prepare(production)).kind, 'attested')
  const intermediate = attestationIssuer(production.json)
  const forged = await authority(intermediate)
  const replaced = JSON.stringify(
    edited(production.json, root => {
      for (const { certChain } of root.certificateAuthorities)
        certChain.certificates = [{ rawBytes: forged.certificate.der.toString('base64') }]
    }),
  )
  t.match(
    verifyAlone(evidence.bytes, evidence, trusts.prepare({ digest: 'replaced', json: replaced })),
    { kind: 'invalid', why: 'signature-invalid', detail: /certificate/ },
    'an authority with the same name and key identifier',
  )
  t.equal(verifyAlone(evidence.bytes, evidence, trusts.prepare(production)).kind, 'attested')
})

// ---------------------------------------------------------------- a Sigstore of this test's own

const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }
const WHEEL = makeWheel({ name: 'demo', version: '1.0' })
const FILE = { filename: distFilename(WHEEL.filename), sha256: sha256Of(WHEEL.bytes) }

/** Its clocks stand at `at`, which a test may set forward. */
async function createMint() {
  const at = new Date(Math.floor(Date.now() / 1000) * 1000 - 86_400_000)
  const world = await createSigningWorld({ at })
  const attest = async (leaf?: Leaf): Promise<AttestationJson> =>
    await world.attest({
      filename: WHEEL.filename,
      sha256: WHEEL.sha256,
      identity: IDENTITY,
      ...(leaf === undefined ? {} : { leaf }),
    })
  const documentOf = (...attestations: readonly AttestationJson[]): Buffer =>
    world.provenance(
      attestations.map(attestation => ({ publisher: world.publisher(IDENTITY), attestations: [attestation] })),
    )
  return { at, world, attest, documentOf, newTrust: () => prepareTrust(world.trustedRootJson) }
}

const sequence = (...parts: readonly Buffer[]): Buffer => encodeDer(0x30, Buffer.concat(parts))

/** The same certificate, to the serial number and key identifiers, signed by a key of somebody else's. */
function resigned(leaf: Leaf, change: (signed: Buffer) => Buffer = signed => signed): Leaf {
  const [signed, algorithm] = ASN1Obj.parseBuffer(Buffer.from(leaf.der)).subs.map(part => part.toDER())
  if (signed === undefined || algorithm === undefined) throw new Error('not a certificate')
  const forger = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const changed = change(signed)
  const signature = sign('sha384', changed, forger)
  const bits = encodeDer(0x03, Buffer.concat([Buffer.from([0]), signature]))
  return { der: sequence(changed, algorithm, bits), privateKey: leaf.privateKey }
}

/** With the forger's own key in it, and that key to sign with. */
function withOwnKey(leaf: Leaf): Leaf {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const theirs = new X509Certificate(leaf.der).publicKey.export({ format: 'der', type: 'spki' })
  const forged = resigned(leaf, signed => {
    const changed = Buffer.from(signed)
    spki.copy(changed, changed.indexOf(theirs))
    return changed
  })
  return { ...forged, privateKey }
}

t.test('a forged neighbour of a remembered leaf, all its names and numbers the same, is refused', async t => {
  const { world, attest, documentOf, newTrust } = await createMint()
  const leaf = await world.leaf(IDENTITY)
  const genuine = documentOf(await attest(leaf))
  const forgeries = [documentOf(await attest(resigned(leaf))), documentOf(await attest(withOwnKey(leaf)))]
  const warmed = newTrust()
  t.equal(verifyAlone(genuine, FILE, warmed).kind, 'attested')
  for (let round = 0; round < 3; round += 1) {
    for (const forged of forgeries)
      t.match(verifyAlone(forged, FILE, warmed), {
        why: 'signature-invalid',
        detail: /does not lead to the trust root/,
      })
    t.equal(verifyAlone(genuine, FILE, warmed).kind, 'attested')
  }
  t.equal(warmed.leaves.size, 1)
  // and the other way round: a forgery that comes first spoils nothing
  const cold = newTrust()
  for (const forged of forgeries) t.equal(verifyAlone(forged, FILE, cold).kind, 'invalid')
  t.equal(verifyAlone(genuine, FILE, cold).kind, 'attested')
})

t.test('a remembered leaf signs other statements only with its key, and only in its log', async t => {
  const { world, attest, documentOf, newTrust } = await createMint()
  const leaf = await world.leaf(IDENTITY)
  const trust = newTrust()
  const genuine = await attest(leaf)
  t.equal(verifyAlone(documentOf(genuine), FILE, trust).kind, 'attested')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  t.match(verifyAlone(documentOf(await attest({ ...leaf, privateKey })), FILE, trust), {
    why: 'signature-invalid',
    detail: /signature over the statement/,
  })
  // a wholly valid attestation of another leaf, with the remembered certificate in its place
  const other = await attest()
  const borrowed = {
    ...other,
    verification_material: { ...other.verification_material, certificate: leaf.der.toString('base64') },
  }
  t.match(verifyAlone(documentOf(borrowed), FILE, trust), { why: 'signature-invalid' })
  // its own statement and signature, with the other's log entry
  const { transparency_entries } = other.verification_material
  const unlogged = {
    ...genuine,
    verification_material: { ...genuine.verification_material, transparency_entries },
  }
  t.match(verifyAlone(documentOf(unlogged), FILE, trust), { why: 'signature-invalid' })
})

t.test('the window of a remembered leaf is compared with the time of each attestation', async t => {
  const { at, world, attest, documentOf, newTrust } = await createMint()
  const leaf = await world.leaf(IDENTITY)
  const first = documentOf(await attest(leaf))
  at.setTime(at.getTime() + 600_000)
  const last = documentOf(await attest(leaf))
  at.setTime(at.getTime() + 1_000)
  const late = documentOf(await attest(leaf))
  const trust = newTrust()
  for (let round = 0; round < 2; round += 1) {
    t.equal(verifyAlone(first, FILE, trust).kind, 'attested')
    t.equal(verifyAlone(last, FILE, trust).kind, 'attested', 'its last second is within')
    t.match(verifyAlone(late, FILE, trust), { why: 'signature-invalid', detail: /at the signed time/ })
  }
  t.match(verifyAlone(late, FILE, newTrust()), { why: 'signature-invalid' }, 'as without memory')
})

t.test('a leaf remembered under one root is nothing under a root that misses one of its witnesses', async t => {
  const { world, attest, documentOf } = await createMint()
  const stranger = await createMint()
  const document = documentOf(await attest())
  const root = JSON.parse(world.trustedRootJson)
  const other = JSON.parse(stranger.world.trustedRootJson)
  const trusts = new PreparedTrusts()
  const under = (json: string) => verifyAlone(document, FILE, trusts.prepare({ digest: sha256Of(json), json }))
  for (const part of ['certificateAuthorities', 'ctlogs', 'tlogs']) {
    t.equal(under(world.trustedRootJson).kind, 'attested')
    t.match(under(JSON.stringify({ ...root, [part]: other[part] })), { why: 'signature-invalid' }, part)
    const both = JSON.stringify({ ...root, [part]: [...other[part], ...root[part]] })
    t.equal(under(both).kind, 'attested', `${part}, one more`)
  }
  // the same intermediate, its root certificate another's: the path does not end in an anchor
  const [authority] = root.certificateAuthorities
  const [foreign] = other.certificateAuthorities
  const crossed = {
    ...authority,
    certChain: { certificates: [authority.certChain.certificates[0], foreign.certChain.certificates[1]] },
  }
  t.match(under(JSON.stringify({ ...root, certificateAuthorities: [crossed] })), { why: 'signature-invalid' })
  t.equal(under(world.trustedRootJson).kind, 'attested')
})

t.test('what is looked up often stays what it was: SCTs, extensions, bytes', async t => {
  const { world, attest, documentOf, newTrust } = await createMint()
  const leaf = await world.leaf(IDENTITY)
  const document = documentOf(await attest(leaf))
  const trust = newTrust()
  for (let round = 0; round < 5; round += 1) t.equal(verifyAlone(document, FILE, trust).kind, 'attested')
  const [remembered] = [...trust.leaves.values()]
  const fresh = RememberingCertificate.read(Buffer.from(leaf.der))
  t.ok(remembered?.certificate.equals(fresh))
  t.equal(remembered?.certificate.extensions.length, fresh.extensions.length)
  t.ok(remembered?.certificate.clone().root.toDER().equals(leaf.der))
  t.not(remembered?.certificate.clone(), remembered?.certificate)
  for (const read of ['publicKey', 'notAfter', 'subject', 'issuer', 'serialNumber', 'signatureValue'] as const)
    t.same(remembered?.certificate[read], fresh[read], read)
  for (const read of ['extKeyUsage', 'extSubjectKeyID', 'extAuthorityKeyID', 'extBasicConstraints'] as const)
    t.same(remembered?.certificate[read]?.value, fresh[read]?.value, read)
})

t.test('memory changes no answer, whatever comes in whatever order', async t => {
  const { at, world, attest, documentOf, newTrust } = await createMint()
  const stranger = await createMint()
  const leaf = await world.leaf(IDENTITY)
  const first = await attest(leaf)
  const second = await attest(leaf)
  const documents = [
    documentOf(first),
    documentOf(second),
    documentOf(first, await attest()),
    documentOf(await attest(resigned(leaf))),
    documentOf(await attest(withOwnKey(leaf))),
    documentOf(first, await attest(resigned(leaf))),
    documentOf({ ...first, envelope: second.envelope }),
    documentOf({ ...first, verification_material: second.verification_material }),
    stranger.documentOf(await stranger.attest()),
    stranger.documentOf(await stranger.attest(leaf)),
    documentOf(await world.attest({ filename: WHEEL.filename, sha256: 'a'.repeat(64), identity: IDENTITY, leaf })),
  ]
  at.setTime(at.getTime() + 3_600_000)
  documents.push(documentOf(await attest(leaf)), documentOf(await attest()))
  const answers = documents.map(document => JSON.stringify(verifyAlone(document, FILE, newTrust())))
  t.ok(answers.filter(answer => answer.includes('"attested"')).length >= 4)
  t.ok(answers.filter(answer => answer.includes('"invalid"')).length >= 7)
  const order = fc.array(fc.nat({ max: documents.length - 1 }), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(order, indexes => {
      const trust = newTrust()
      return indexes.every(index => {
        const document = documents[index]
        return document !== undefined && JSON.stringify(verifyAlone(document, FILE, trust)) === answers[index]
      })
    }),
    { numRuns: 60 },
  )
})

// ---------------------------------------------------------------- windows, storage

t.test('the windows of authorities and logs are compared with the signed time', { skip }, async t => {
  const evidence = pick(realEvidence(), 'whl-provenance.json')
  const json = productionTrust().json
  for (const [name, root] of [
    ['certificate authority', edited(json, it => end(it.certificateAuthorities))],
    ['transparency log', edited(json, it => end(it.tlogs.map(log => log.publicKey)))],
    ['CT log', edited(json, it => end(it.ctlogs.map(log => log.publicKey)))],
  ] as const)
    t.match(
      verifyAlone(evidence.bytes, evidence, prepareTrust(JSON.stringify(root))),
      { kind: 'invalid', why: 'signature-invalid' },
      name,
    )
  // a Rekor v2 entry has no time of its own: the time stamp's counts for its log too
  const second = pick(stagingEvidence(), 'with_rekor2_timestamp')
  const staging = edited(stagingTrust().json, it => end(it.tlogs.map(log => log.publicKey)))
  t.match(verifyAlone(second.bytes, second, prepareTrust(JSON.stringify(staging))), {
    detail: /not in force at the signed time/,
  })
})

t.test('a finding survives storage, and only as it was written', { skip }, async t => {
  const finding = verifyAlone(...withTrust(pick(realEvidence(), 'slsa.attestation')))
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

t.test('a stored finding with anything of another type, missing or besides is none', async t => {
  const { world, attest, documentOf, newTrust } = await createMint()
  const strange = await world.attest({
    filename: WHEEL.filename,
    sha256: WHEEL.sha256,
    identity: IDENTITY,
    alter: { statement: statement => ({ ...statement, predicateType: 'https://example.com/v1', predicate: {} }) },
  })
  const finding = verifyAlone(documentOf(await attest(), strange), FILE, newTrust())
  t.same(decodeFinding(encodeFinding(finding)), finding)
  const stored: unknown = JSON.parse(encodeFinding(finding))
  const optional = /claims\.(?!san|issuer)|publisher\.(?!kind)|contradiction/
  let tried = 0
  for (const path of pathsIn(stored)) {
    const name = path.join('.')
    const before = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), stored)
    for (const value of [null, true, 1.5, '', 'x', [], {}, [before], { x: before }]) {
      // text is text: what it says is not the codec's to judge, where it has no grammar
      if (typeof value === 'string' && typeof before === 'string' && !/kind|Sha256|predicateType$/.test(name)) continue
      if (name.endsWith('publisher.kind') && typeof value === 'string') continue
      t.equal(decodeFinding(JSON.stringify(put(stored, path, value))), undefined, `${name} = ${JSON.stringify(value)}`)
      tried += 1
    }
    if (typeof path.at(-1) === 'string' && !optional.test(name))
      t.equal(decodeFinding(JSON.stringify(put(stored, path, undefined))), undefined, `${name} is absent`)
    if (typeof before === 'object' && !Array.isArray(before))
      t.equal(decodeFinding(JSON.stringify(put(stored, [...path, 'more'], 'x'))), undefined, `${name} has more`)
  }
  t.ok(tried > 200, `${tried} changes`)
})

function pathsIn(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value)
  const inner = keys.flatMap(key => pathsIn(Reflect.get(value, key), [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

function put(document: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(document)
  const parent = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy)
  Reflect.set(Object(parent), path.at(-1) ?? '', value)
  return copy
}

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
