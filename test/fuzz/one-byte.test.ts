// the certificate library's own dependency wants it first
import 'reflect-metadata'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import { parseDistFilename, sameDistribution } from '../../src/domain/packaging/filename.ts'
import { type PreparedTrust, prepareTrust } from '../../src/verify/evidence/trust-material.ts'
import { makeWheel } from '../world/index/distributions.ts'
import { verifyAlone } from '../world/judging/roots.ts'
import type { SigningIdentity } from '../world/signing/identity.ts'
import { createSecondLog, type SecondKind } from '../world/signing/rekor-v2.ts'
import { createSigningWorld } from '../world/signing/signing.ts'
import {
  distFilename,
  type Evidence,
  productionTrust,
  realEvidence,
  stagingEvidence,
  stagingTrust,
  vectorsSkip,
} from '../world/vectors/vectors.ts'

// the work is measured in changes, whatever time a busy machine takes for them
t.setTimeout(0)

/** A string of the document that cryptography has to hold still. */
interface Field {
  readonly region: string
  readonly path: readonly (string | number)[]
  readonly text: string
}

const MATERIAL = ['attestation_bundles', 0, 'attestations', 0, 'verification_material'] as const
const ENVELOPE = ['attestation_bundles', 0, 'attestations', 0, 'envelope'] as const
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_. \n!"\u2014'

/** Where a character may be changed; each is shown to have been hit. */
const REGIONS: Readonly<Record<string, readonly (string | number)[]>> = {
  certificate: [...MATERIAL, 'certificate'],
  'log entry': [...MATERIAL, 'transparency_entries'],
  'time stamp': [...MATERIAL, 'timestamps'],
  signature: [...ENVELOPE, 'signature'],
  statement: [...ENVELOPE, 'statement'],
}

/** What is changed, and every how many characters. */
interface Subject {
  readonly name: string
  readonly skip: string | false
  readonly evidence: () => Evidence | undefined
  readonly trust: () => PreparedTrust
  readonly stride: number
}

const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }

/** A Sigstore of this test's own: where the shared vectors are absent, the property is shown all the same. */
async function minted(): Promise<readonly Subject[]> {
  const world = await createSigningWorld()
  const secondLog = createSecondLog(new Date(Date.now() - 86_400_000))
  const root = secondLog.trustedBy(world.trustedRootJson)
  const wheel = makeWheel({ name: 'demo', version: '1.0' })
  const request = { filename: wheel.filename, sha256: wheel.sha256, identity: IDENTITY }
  const stamped = await world.attest({ ...request, stamped: 'stamped' })
  const subject = (name: string, attestation: typeof stamped): Subject => ({
    name: `${name}, minted`,
    skip: false,
    evidence: () => ({
      name,
      bytes: world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [attestation] }]),
      filename: distFilename(wheel.filename),
      sha256: sha256Of(wheel.bytes),
    }),
    trust: () => prepareTrust(root),
    stride: 11,
  })
  const second = (kind: SecondKind): Subject =>
    subject(`a Rekor v2 entry of the kind ${kind} with a time stamp`, secondLog.relog(stamped, kind))
  return [
    subject('a Rekor v1 entry', await world.attest(request)),
    subject('a Rekor v1 entry with a time stamp', stamped),
    second('hashedrekord'),
    second('dsse'),
  ]
}

const real = (name: string, all: () => readonly Evidence[], ending: string, json: () => string, stride: number) => ({
  name,
  skip: vectorsSkip,
  evidence: () => all().find(evidence => evidence.name.endsWith(ending)),
  trust: () => prepareTrust(json()),
  stride,
})

const subjects: readonly Subject[] = [
  real('a Rekor v1 entry, production', realEvidence, 'whl-provenance.json', () => productionTrust().json, 2),
  real(
    'a Rekor v1 entry with an RFC 3161 time stamp, production',
    realEvidence,
    'publish.attestation.with_timestamp',
    () => productionTrust().json,
    9,
  ),
  real(
    'a Rekor v2 entry with an RFC 3161 time stamp, staging',
    stagingEvidence,
    'rekor2_timestamp',
    () => stagingTrust().json,
    4,
  ),
  ...(await minted()),
]

/** How often each region was hit. */
class Hits {
  readonly #counts = new Map<string, number>()

  add(region: string): void {
    this.#counts.set(region, (this.#counts.get(region) ?? 0) + 1)
  }

  /** A region that is there was hit throughout, every `stride` characters or so. */
  assertEvery(t: Test, fields: readonly Field[], stride: number, what: string): void {
    for (const [region, texts] of Map.groupBy(fields, field => field.region)) {
      const length = texts.reduce((sum, { text }) => sum + text.length, 0)
      const count = this.#counts.get(region) ?? 0
      t.ok(count >= length / (2 * stride), `${count} ${what} in the ${region}`)
    }
    t.ok(this.#counts.size >= 4, [...this.#counts.keys()].join(', '))
  }
}

for (const { name, skip, evidence: find, trust: trusted, stride } of subjects) {
  t.test(`${name}: one changed character anywhere is refused`, { skip }, async t => {
    const { evidence, trust, fields } = setUp(find, trusted)
    const hits = new Hits()
    for (const field of fields)
      for (let position = 0; position < field.text.length; position += stride) {
        const replacement = CHARACTERS[(position * 31 + field.text.length) % CHARACTERS.length] ?? 'A'
        if (field.text[position] === replacement) continue
        const text = field.text.slice(0, position) + replacement + field.text.slice(position + 1)
        refuses(t, evidence, trust, { ...field, text }, position)
        hits.add(field.region)
      }
    hits.assertEvery(t, fields, stride, 'changed characters')
    t.equal(verifyAlone(evidence.bytes, evidence, trust).kind, 'attested', 'and the document itself still verifies')
  })

  t.test(`${name}: one changed bit under the base64 is refused`, { skip }, async t => {
    const { evidence, trust, fields } = setUp(find, trusted)
    const hits = new Hits()
    for (const field of fields) {
      const bytes = Buffer.from(field.text, 'base64')
      if (bytes.length < 16 || bytes.toString('base64') !== field.text) continue
      for (let position = 0; position < bytes.length; position += 2 * stride) {
        const changed = Buffer.from(bytes)
        changed[position] = (bytes[position] ?? 0) ^ (1 << (position % 8))
        refuses(t, evidence, trust, { ...field, text: changed.toString('base64') }, position)
        hits.add(field.region)
      }
    }
    hits.assertEvery(t, fields, stride * 2.8, 'changed bits')
  })

  t.test(`${name}: a character put in or taken out anywhere is refused`, { skip }, async t => {
    const { evidence, trust, fields } = setUp(find, trusted)
    const edit = fc
      .record({ field: fc.constantFrom(...fields), at: fc.nat(), insert: fc.constantFrom('', ...CHARACTERS.split('')) })
      .map(({ field, at, insert }) => {
        const position = at % field.text.length
        const text = field.text.slice(0, position) + insert + field.text.slice(position + (insert === '' ? 1 : 0))
        return { ...field, text }
      })
    fc.assert(
      fc.property(edit, field => verifyAlone(withField(evidence, field), evidence, trust).kind === 'invalid'),
      { numRuns: 500 },
    )
    t.pass('500 edits')
  })

  t.test(`${name}: one changed character in the file name or digest is refused`, { skip }, async t => {
    const { evidence, trust } = setUp(find, trusted)
    for (const [position, character] of everyChange(evidence.filename.text)) {
      const text = evidence.filename.text.slice(0, position) + character + evidence.filename.text.slice(position + 1)
      const filename = parseDistFilename(text)
      // no distribution at all, or the same one in another spelling: PEP 740 compares names by parsing
      if (filename === undefined || sameDistribution(filename, evidence.filename)) continue
      const finding = verifyAlone(evidence.bytes, { ...evidence, filename }, trust)
      if (finding.kind !== 'invalid') t.fail(`attested as ${text}`)
    }
    for (const [position, character] of everyChange(evidence.sha256)) {
      const sha256 = (evidence.sha256.slice(0, position) + character + evidence.sha256.slice(position + 1)) as Sha256
      const finding = verifyAlone(evidence.bytes, { ...evidence, sha256 }, trust)
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
  if (verifyAlone(evidence.bytes, evidence, trust).kind !== 'attested') throw new Error('the vector does not verify')
  const document: unknown = JSON.parse(evidence.bytes.toString('utf8'))
  const fields = Object.entries(REGIONS).flatMap(([region, path]) =>
    stringsIn(document, path).map(field => ({ ...field, region })),
  )
  return { evidence, trust, fields }
}

function stringsIn(document: unknown, path: readonly (string | number)[]): readonly Omit<Field, 'region'>[] {
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
  const finding = verifyAlone(withField(evidence, field), evidence, trust)
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
