import t from 'tap'
import type { Finding } from '../../src/domain/attestation.ts'
import { decide } from '../../src/domain/decide.ts'
import { sha256Of } from '../../src/domain/digest.ts'
import { instant } from '../../src/domain/instant.ts'
import { createInlineVerifier } from '../../src/verify/inline.ts'
import {
  artifactOf,
  bundleToProvenance,
  distFilename,
  type Evidence,
  mintedTrust,
  policyWith,
  productionTrust,
  readVector,
  realEvidence,
  vectorsSkip as skip,
  stagingEvidence,
  stagingTrust,
  vectorCases,
} from '../world/vectors.ts'

const verifier = createInlineVerifier()
const now = instant(Date.parse('2026-11-24T00:00:00Z'))
const stranger = policyWith({ kind: 'google', label: 'stranger', email: 'stranger@example.com' })

/** Cases that cryptography and structure let through: only who signed, or what the predicate says, denies them. */
const DENIED_BY_IDENTITY = new Set(
  `d02 d03 d04 d34 d37 m03 m05 m06 m07 m10 m12 m13 m16 m18 m20 m23 m25 m32 m41 m60 m71`.split(' '),
)

function why(finding: Finding): string {
  return finding.kind === 'invalid' ? `${finding.why}: ${finding.detail}` : finding.kind
}

for (const [set, count] of [
  ['derived', 37],
  ['minted', 40],
] as const)
  t.test(`all ${count} ${set} cases come out as their manifest says`, { skip }, async t => {
    const trust = set === 'derived' ? productionTrust() : mintedTrust()
    const cases = vectorCases(set)
    t.equal(cases.length, count)
    for (const vector of cases) {
      const finding = await verifier.verify(vector, trust)
      const verdict = decide(vector.artifact, finding, vector.policy, now)
      t.equal(verdict.kind, vector.expect === 'allow' ? 'admitted' : 'refused', `${vector.name}: ${why(finding)}`)
      const stands = vector.expect === 'allow' || DENIED_BY_IDENTITY.has(vector.name.slice(0, 3))
      t.equal(finding.kind, stands ? 'attested' : 'invalid', `${vector.name}: ${why(finding)}`)
    }
  })

t.test('real files verify under the production root', { skip }, async t => {
  for (const evidence of realEvidence()) {
    const finding = await verifier.verify(evidence, productionTrust())
    t.equal(finding.kind, 'attested', `${evidence.name}: ${why(finding)}`)
    if (finding.kind !== 'attested') continue
    t.equal(finding.provenanceSha256, sha256Of(evidence.bytes))
    const verdict = decide(artifactOf(evidence.filename, evidence.sha256), finding, stranger, now)
    t.equal(verdict.kind, 'refused', `${evidence.name}: nobody’s identity but the signer’s admits`)
  }
})

t.test('a real file with another digest, or another name, is refused', { skip }, async t => {
  const other = sha256Of('other bytes')
  for (const evidence of realEvidence()) {
    const otherBytes = await verifier.verify({ ...evidence, sha256: other }, productionTrust())
    t.match(otherBytes, { kind: 'invalid', why: 'digest-mismatch' }, evidence.name)
    const otherName = distFilename(evidence.filename.text.replace(/-\d/, '-9!9'))
    t.match(
      await verifier.verify({ ...evidence, filename: otherName }, productionTrust()),
      { kind: 'invalid', why: 'subject-mismatch' },
      evidence.name,
    )
  }
})

t.test('what the staging instance signed is nothing under the production root', { skip }, async t => {
  for (const evidence of stagingEvidence()) {
    const staged = await verifier.verify(evidence, stagingTrust())
    t.equal(staged.kind, 'attested', `${evidence.name}: ${why(staged)}`)
    t.match(await verifier.verify(evidence, productionTrust()), { kind: 'invalid', why: 'signature-invalid' })
  }
})

t.test('compressed wheel tags may stand in another order', { skip }, async t => {
  const [, , spt3g] = stagingEvidence()
  if (spt3g === undefined) throw new Error('the vector is missing')
  for (const text of [
    'spt3g-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    'spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
  ])
    t.match(
      await verifier.verify({ ...spt3g, filename: distFilename(text) }, stagingTrust()),
      { kind: 'attested' },
      text,
    )
})

t.test('each mutation of a real Sigstore bundle is refused, the bundle itself verifies', { skip }, async t => {
  const [whl] = realEvidence().filter(({ name }) => name.endsWith('whl-provenance.json'))
  if (whl === undefined) throw new Error('the vector is missing')
  const wrapped = (path: string): Evidence => ({ ...whl, bytes: bundleToProvenance(readVector(path)) })
  const good = await verifier.verify(
    wrapped('artifact-keeper/pypi-sigstore-4.5.0-whl-bundle-v0.3.json'),
    productionTrust(),
  )
  t.equal(good.kind, 'attested', why(good))
  for (const mutation of [
    'flipped-payload-byte',
    'flipped-signature-byte',
    'forged-inclusion-proof',
    'forged-merkle-path',
    'forged-set-and-proof',
    'integrated-time-out-of-window',
    'no-inclusion-proof',
    'roothash-vs-checkpoint-mismatch',
    'tampered-tlog-body',
  ]) {
    const finding = await verifier.verify(
      wrapped(`artifact-keeper/mutations/pypi-whl-bundle--${mutation}.json`),
      productionTrust(),
    )
    t.equal(finding.kind, 'invalid', `${mutation}: ${why(finding)}`)
  }
})

t.test('what is no provenance document is malformed', { skip }, async t => {
  const file = { filename: distFilename('rfc8785-0.1.2-py3-none-any.whl'), sha256: sha256Of('') }
  for (const path of [
    'pypi-attestations/pypi_attestation_models-0.0.4a2.tar.gz.sigstore',
    'pypi-attestations/rfc8785-0.1.2-py3-none-any.whl.publish.attestation',
    'pypi-attestations-history/rfc8785-0.0.2-py3-none-any.whl.json',
    'pypi-attestations-history/rfc8785-0.1.2-py3-none-any.whl.json',
    'artifact-keeper/npm-sigstore-5.0.0-attestations.json',
  ])
    t.match(
      await verifier.verify({ ...file, bytes: readVector(path) }, productionTrust()),
      { kind: 'invalid', why: 'provenance-malformed' },
      path,
    )
})

t.test('types before cryptography: a value that a lenient reader would coerce is malformed', { skip }, async t => {
  const [whl] = realEvidence().filter(({ name }) => name.endsWith('whl-provenance.json'))
  if (whl === undefined) throw new Error('the vector is missing')
  const entry = ['attestation_bundles', 0, 'attestations', 0, 'verification_material', 'transparency_entries', 0]
  const envelope = String(
    at(JSON.parse(whl.bytes.toString('utf8')), [...entry, 'inclusionProof', 'checkpoint', 'envelope']),
  )
  const cases: readonly (readonly [path: readonly (string | number)[], value: unknown])[] = [
    [[...entry, 'logIndex'], 1],
    [[...entry, 'logIndex'], ['1']],
    [[...entry, 'integratedTime'], '1733354041 '],
    [[...entry, 'integratedTime'], '01733354041'],
    [[...entry, 'inclusionProof', 'treeSize'], undefined],
    [[...entry, 'inclusionProof', 'treeSize'], '1'],
    [[...entry, 'inclusionProof', 'hashes'], ['AAAA']],
    [[...entry, 'inclusionProof', 'checkpoint', 'envelope'], `${envelope} `],
    [[...entry, 'inclusionProof', 'checkpoint', 'envelope'], envelope.slice(0, -1)],
    [[...entry, 'inclusionProof', 'checkpoint', 'envelope'], `${envelope}${envelope}`],
    [[...entry, 'inclusionProof', 'checkpoint', 'envelope'], envelope + envelope.slice(envelope.indexOf('\u2014'))],
    [[...entry, 'kindVersion', 'kind'], ['dsse']],
    [[...entry, 'inclusionPromise'], null],
    [['version'], undefined],
    [['version'], true],
    [['attestation_bundles', 0, 'publisher', 'environment'], 1],
    [['attestation_bundles', 0, 'publisher', 'kind'], undefined],
    [['attestation_bundles', 0, 'attestations', 0, 'version'], true],
    [['attestation_bundles', 0, 'attestations', 0, 'envelope', 'signature'], ''],
  ]
  for (const [path, value] of cases) {
    const document = JSON.parse(whl.bytes.toString('utf8'))
    set(document, path, value)
    const finding = await verifier.verify({ ...whl, bytes: Buffer.from(JSON.stringify(document)) }, productionTrust())
    t.match(
      finding,
      { kind: 'invalid', why: 'provenance-malformed' },
      `${path.join('.')} = ${JSON.stringify(value)?.slice(-40)}`,
    )
  }
  const bom = Buffer.concat([Buffer.from('\uFEFF'), whl.bytes])
  t.match(
    await verifier.verify({ ...whl, bytes: bom }, productionTrust()),
    { why: 'provenance-malformed' },
    'byte order mark',
  )
  const huge = Buffer.concat([whl.bytes, Buffer.alloc(1024 * 1024, ' ')])
  t.match(
    await verifier.verify({ ...whl, bytes: huge }, productionTrust()),
    { why: 'provenance-malformed' },
    'over 1 MiB',
  )
})

t.test('a trust root that cannot be used says nothing about the document', { skip }, async t => {
  const [evidence] = realEvidence()
  if (evidence === undefined) throw new Error('the vector is missing')
  for (const json of ['', '{}', '[]', '{"tlogs":[]}'])
    await t.rejects(createInlineVerifier().verify(evidence, { digest: json, json }), { code: 'unknown-trust' })
})

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), value)
}

function set(document: unknown, path: readonly (string | number)[], value: unknown): void {
  const last = path.at(-1)
  if (last !== undefined) Reflect.set(Object(at(document, path.slice(0, -1))), last, value)
}
