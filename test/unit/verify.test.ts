import t from 'tap'
import { createInlineVerifier } from '../../src/verify/inline.ts'
import { productionTrust, realEvidence, vectorsSkip as skip } from '../world/vectors.ts'

const verifier = createInlineVerifier()
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
