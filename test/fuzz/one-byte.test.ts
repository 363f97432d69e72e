import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Sha256 } from '../../src/domain/digest.ts'
import { parseDistFilename, sameDistribution } from '../../src/domain/filename.ts'
import { verifyDocument } from '../../src/verify/document.ts'
import { type PreparedTrust, prepareTrust } from '../../src/verify/trust-material.ts'
import {
  type Evidence,
  productionTrust,
  realEvidence,
  vectorsSkip as skip,
  stagingEvidence,
  stagingTrust,
} from '../world/vectors.ts'

/** A string of the document that cryptography has to hold still. */
interface Field {
  readonly path: readonly (string | number)[]
  readonly text: string
}

const MATERIAL = ['attestation_bundles', 0, 'attestations', 0, 'verification_material'] as const
const ENVELOPE = ['attestation_bundles', 0, 'attestations', 0, 'envelope'] as const
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_. \n!"\u2014'

const subjects: readonly (readonly [
  name: string,
  evidence: () => Evidence | undefined,
  trust: () => PreparedTrust,
  stride: number,
])[] = [
  [
    'a Rekor v1 entry, production',
    () => realEvidence().find(({ name }) => name.endsWith('whl-provenance.json')),
    () => prepareTrust(productionTrust().json),
    1,
  ],
  [
    'a Rekor v2 entry with an RFC 3161 time stamp, staging',
    () => stagingEvidence().find(({ name }) => name.endsWith('rekor2_timestamp')),
    () => prepareTrust(stagingTrust().json),
    2,
  ],
]

for (const [name, find, trusted, stride] of subjects) {
  t.test(`${name}: one changed character anywhere is refused`, { skip }, async t => {
    const { evidence, trust, fields } = setUp(find, trusted)
    let tried = 0
    for (const field of fields)
      for (let position = 0; position < field.text.length; position += stride) {
        const replacement = CHARACTERS[(position * 31 + field.text.length) % CHARACTERS.length] ?? 'A'
        if (field.text[position] === replacement) continue
        const text = field.text.slice(0, position) + replacement + field.text.slice(position + 1)
        refuses(t, evidence, trust, { ...field, text }, position)
        tried += 1
      }
    t.ok(tried > 1500, `${tried} changed characters`)
    t.equal(verifyDocument(evidence.bytes, evidence, trust).kind, 'attested', 'and the document itself still verifies')
  })

  t.test(`${name}: one changed byte under the base64 is refused`, { skip }, async t => {
    const { evidence, trust, fields } = setUp(find, trusted)
    let tried = 0
    for (const field of fields) {
      const bytes = Buffer.from(field.text, 'base64')
      if (bytes.length < 16 || bytes.toString('base64') !== field.text) continue
      for (let position = 0; position < bytes.length; position += 2 * stride) {
        const changed = Buffer.from(bytes)
        changed[position] = (bytes[position] ?? 0) ^ (1 << (position % 8))
        refuses(t, evidence, trust, { ...field, text: changed.toString('base64') }, position)
        tried += 1
      }
    }
    t.ok(tried > 600, `${tried} changed bytes`)
  })

  t.test(`${name}: a character put in or taken out anywhere is refused`, { skip }, async t => {
    const { evidence, trust, fields } = setUp(find, trusted)
    const edit = fc
      .record({ field: fc.constantFrom(...fields), at: fc.nat(), insert: fc.constantFrom('', ...CHARACTERS.split('')) })
      .map(({ field, at, insert }) => {
        const position = at % field.text.length
        const text = field.text.slice(0, position) + insert + field.text.slice(position + (insert === '' ? 1 : 0))
        return { path: field.path, text }
      })
    fc.assert(
      fc.property(edit, field => verifyDocument(withField(evidence, field), evidence, trust).kind === 'invalid'),
      { numRuns: 800 },
    )
    t.pass('800 edits')
  })

  t.test(`${name}: one changed character in the file name or digest is refused`, { skip }, async t => {
    const { evidence, trust } = setUp(find, trusted)
    for (const [position, character] of everyChange(evidence.filename.text)) {
      const text = evidence.filename.text.slice(0, position) + character + evidence.filename.text.slice(position + 1)
      const filename = parseDistFilename(text)
      // no distribution at all, or the same one in another spelling: PEP 740 compares names by parsing
      if (filename === undefined || sameDistribution(filename, evidence.filename)) continue
      const finding = verifyDocument(evidence.bytes, { ...evidence, filename }, trust)
      if (finding.kind !== 'invalid') t.fail(`attested as ${text}`)
    }
    for (const [position, character] of everyChange(evidence.sha256)) {
      const sha256 = (evidence.sha256.slice(0, position) + character + evidence.sha256.slice(position + 1)) as Sha256
      const finding = verifyDocument(evidence.bytes, { ...evidence, sha256 }, trust)
      if (finding.kind !== 'invalid') t.fail(`attested for ${sha256}`)
    }
    t.pass('all refused')
  })
}

function setUp(find: () => Evidence | undefined, trusted: () => PreparedTrust) {
  const evidence = find()
  if (evidence === undefined) throw new Error('the vector is missing')
  const trust = trusted()
  // remembered proofs must not help: the genuine leaf is known before anything is changed
  if (verifyDocument(evidence.bytes, evidence, trust).kind !== 'attested') throw new Error('the vector does not verify')
  const document: unknown = JSON.parse(evidence.bytes.toString('utf8'))
  const fields = [
    ...stringsIn(document, [...MATERIAL, 'certificate']),
    ...stringsIn(document, [...MATERIAL, 'transparency_entries']),
    ...stringsIn(document, [...ENVELOPE, 'signature']),
    ...stringsIn(document, [...ENVELOPE, 'statement']),
  ]
  return { evidence, trust, fields }
}

function stringsIn(document: unknown, path: readonly (string | number)[]): readonly Field[] {
  const value = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), document)
  if (typeof value === 'string') return [{ path, text: value }]
  return Object.keys(Object(value)).flatMap(key => stringsIn(document, [...path, key]))
}

function withField(evidence: Evidence, { path, text }: Field): Buffer {
  const document: unknown = JSON.parse(evidence.bytes.toString('utf8'))
  const parent = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), document)
  Reflect.set(Object(parent), path.at(-1) ?? '', text)
  return Buffer.from(JSON.stringify(document))
}

function refuses(t: Test, evidence: Evidence, trust: PreparedTrust, field: Field, position: number): void {
  const finding = verifyDocument(withField(evidence, field), evidence, trust)
  if (finding.kind !== 'invalid') t.fail(`${field.path.join('.')} changed at ${position} is attested`)
}

function everyChange(text: string): readonly (readonly [number, string])[] {
  return text.split('').flatMap((old, position) =>
    '09afAz-_.!'
      .split('')
      .filter(character => character !== old)
      .map(character => [position, character] as const),
  )
}
