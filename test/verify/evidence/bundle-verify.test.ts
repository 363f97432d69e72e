import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { prepareTrust } from '../../../src/verify/evidence/trust-material.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { verifyAlone } from '../../world/judging/roots.ts'
import { rebuilt } from '../../world/signing/der.ts'
import type { SigningIdentity } from '../../world/signing/identity.ts'
import { createFirstLog } from '../../world/signing/rekor-v1.ts'
import { createSecondLog } from '../../world/signing/rekor-v2.ts'
import {
  type AttestationJson,
  type AttestRequest,
  createSigningWorld,
  type TransparencyEntry,
} from '../../world/signing/signing.ts'
import { cosigned, createWitness, noteLine } from '../../world/signing/witness.ts'
import { distFilename } from '../../world/vectors/vectors.ts'

/**
 * What github.com/sigstore/sigstore-conformance expects of `bundle-verify`, as far as a PEP 740 document can say it, made
 * anew in a Sigstore of this test's own. The names are the suite's; those without one are ours.
 */

const DAY = 86_400_000
const world = await createSigningWorld()
const elsewhere = await createSigningWorld()
const firstLog = createFirstLog(new Date(Date.now() - DAY))
const secondLog = createSecondLog(new Date(Date.now() - DAY))
const strangeLog = createSecondLog(new Date(Date.now() - DAY))
const ROOT = firstLog.trustedBy(secondLog.trustedBy(world.trustedRootJson))
const [alice, bob] = [createWitness('witness.test/alice'), createWitness('bob.test')]

const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }
const WHEEL = makeWheel({ name: 'demo', version: '1.0' })
const FILE = { filename: distFilename(WHEEL.filename), sha256: sha256Of(WHEEL.bytes) }

async function attest(request: Partial<AttestRequest> = {}): Promise<AttestationJson> {
  return await world.attest({ filename: WHEEL.filename, sha256: WHEEL.sha256, identity: IDENTITY, ...request })
}

const GOOD = await attest()
const STAMPED = await attest({ stamped: 'stamped' })
const SECOND = secondLog.relog(STAMPED, 'hashedrekord')
const [STAMP = ''] = STAMPED.verification_material.timestamps ?? []
const [OTHER_STAMP = ''] = (await attest({ stamped: 'stamped' })).verification_material.timestamps ?? []

const STATEMENTS = {
  missing: await attest({ alter: { statement: statement => ({ ...statement, _type: undefined }) } }),
  unknown: await attest({
    alter: { statement: statement => ({ ...statement, _type: 'https://in-toto.io/Statement/v9' }) },
  }),
}

/** Of a Sigstore whose clock stood a month back, before its time stamp authority had a certificate. */
const past = new Date(Date.now() - 30 * DAY)
const earlier = await createSigningWorld({ at: past })
const earlierLog = createSecondLog(new Date(past.getTime() - DAY))
const EARLY_ROOT = earlierLog.trustedBy(earlier.trustedRootJson)
const EARLY = earlierLog.relog(
  await earlier.attest({ filename: WHEEL.filename, sha256: WHEEL.sha256, identity: IDENTITY, stamped: 'stamped' }),
  'hashedrekord',
)

// ---------------------------------------------------------------- bending

function withMaterial(
  attestation: AttestationJson,
  changes: Partial<AttestationJson['verification_material']>,
): AttestationJson {
  return { ...attestation, verification_material: { ...attestation.verification_material, ...changes } }
}

function entryOf(attestation: AttestationJson): TransparencyEntry {
  const [entry] = attestation.verification_material.transparency_entries
  if (entry === undefined) throw new Error('no entry')
  return entry
}

function withEntry(attestation: AttestationJson, change: (entry: TransparencyEntry) => object): AttestationJson {
  return withMaterial(attestation, { transparency_entries: [change(entryOf(attestation)) as TransparencyEntry] })
}

function envelopeOf(attestation: AttestationJson): string {
  return entryOf(attestation).inclusionProof.checkpoint.envelope
}

function withEnvelope(attestation: AttestationJson, change: (envelope: string) => string): AttestationJson {
  return withEntry(attestation, entry => ({
    ...entry,
    inclusionProof: { ...entry.inclusionProof, checkpoint: { envelope: change(envelopeOf(attestation)) } },
  }))
}

/** The note with its blank line, and the log's signature line. */
function partsOf(envelope: string): { readonly note: string; readonly line: string } {
  const end = envelope.indexOf('\n\n') + 2
  return { note: envelope.slice(0, end), line: envelope.slice(end) }
}

const withLines = (attestation: AttestationJson, lines: (line: string, note: string) => string) =>
  withEnvelope(attestation, envelope => {
    const { note, line } = partsOf(envelope)
    return note + lines(line, note.slice(0, -1))
  })

const withoutLine = (attestation: AttestationJson, number: number) =>
  withEnvelope(attestation, envelope => envelope.split('\n').toSpliced(number, 1).join('\n'))

/** The log's line with other bytes after its name: `change` gets the key id and the signature. */
function relined(line: string, change: (bytes: Buffer) => Buffer, name = line.split(' ')[1] ?? ''): string {
  const bytes = change(Buffer.from(line.trimEnd().split(' ')[2] ?? '', 'base64'))
  return noteLine(name, bytes.subarray(0, 4), bytes.subarray(4))
}

const flipped = (at: number) => (bytes: Buffer) => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const withStamps = (attestation: AttestationJson, ...timestamps: readonly string[]) =>
  withMaterial(attestation, { timestamps: [...timestamps] })

const withBody = (key: string, value: unknown) =>
  secondLog.relog(STAMPED, 'hashedrekord', body =>
    JSON.parse(JSON.stringify(body), (name, inner) => (name === key ? value : inner)),
  )

/** The stamp with these certificates in it. */
function embedding(certificates: readonly { readonly rawBytes: string }[]): string {
  const all = certificates.map(({ rawBytes }) => Buffer.from(rawBytes, 'base64'))
  return rebuilt(Buffer.from(STAMP, 'base64'), [1, 1, 0, 3], () => all).toString('base64')
}

const chainOf = ({ trustedRootJson }: typeof world) =>
  JSON.parse(trustedRootJson).timestampAuthorities[0].certChain.certificates

type Root = Readonly<Record<string, readonly { readonly [key: string]: unknown }[]>>

/** The root with one list of it changed. */
function rootWith(name: string, change: (item: object) => object, more: readonly object[] = []): string {
  const root: Root = JSON.parse(ROOT)
  return JSON.stringify({ ...root, [name]: [...(root[name] ?? []).map(change), ...more] })
}

const authoritiesOf = ({ trustedRootJson }: typeof world): readonly object[] =>
  JSON.parse(trustedRootJson).timestampAuthorities

const logsUntil = (end: Date) =>
  rootWith('tlogs', log => {
    const { publicKey } = JSON.parse(JSON.stringify(log))
    return { ...log, publicKey: { ...publicKey, validFor: { ...publicKey.validFor, end: end.toISOString() } } }
  })

const stampsWithin = (start: Date, end: Date, more: readonly object[] = []) =>
  rootWith(
    'timestampAuthorities',
    authority => ({ ...authority, validFor: { start: start.toISOString(), end: end.toISOString() } }),
    more,
  )

const signedAt = new Date(Number(entryOf(STAMPED).integratedTime) * 1000)
const moment = (seconds: number) => new Date(signedAt.getTime() + seconds * 1000)

/** Stamped and logged now, under a leaf of another time. */
async function attestAside(seconds: number): Promise<AttestationJson> {
  const shifted = (at: Date) => new Date(at.getTime() + seconds * 1000)
  return await attest({
    stamped: 'stamped',
    alter: {
      leaf: draft => ({ ...draft, notBefore: shifted(draft.notBefore), notAfter: shifted(draft.notAfter) }),
    },
  })
}

// ---------------------------------------------------------------- what is expected

interface Row {
  readonly name: string
  readonly attestation: AttestationJson
  /** default: the world's, with a log of either generation */
  readonly root?: string
}

interface Refused extends Row {
  readonly why: 'provenance-malformed' | 'signature-invalid'
  readonly detail: RegExp
}

const ACCEPTED: readonly Row[] = [
  { name: 'happy-path', attestation: GOOD },
  { name: 'rekor2-happy-path', attestation: SECOND },
  { name: 'rekor2-dsse-happy-path', attestation: secondLog.relog(STAMPED, 'dsse') },
  { name: 'rekor2-timestamp-without-embedded-cert', attestation: withStamps(SECOND, STAMP) },
  { name: 'rekor2-timestamp-with-embedded-cert', attestation: withStamps(SECOND, embedding(chainOf(world))) },
  {
    name: 'rekor2-checkpoint-cosigned',
    attestation: withEnvelope(SECOND, envelope => cosigned(envelope, [alice])),
  },
  {
    name: 'rekor2-checkpoint-multiple-cosigs',
    attestation: withEnvelope(SECOND, envelope => cosigned(envelope, [alice, bob])),
  },
  {
    name: 'rekor2-checkpoint-origin-not-first',
    attestation: withLines(SECOND, (line, note) => alice.cosign(note) + line),
  },
  {
    name: 'rekor2-checkpoint-two-sigs-from-origin: another key under the log’s name is nobody’s that is known',
    attestation: withLines(SECOND, line => line + relined(line, flipped(0))),
  },
  {
    name: 'rekor2-checkpoint-two-sigs-cosigned',
    attestation: withLines(SECOND, (line, note) => relined(line, flipped(3)) + bob.cosign(note) + line),
  },
  {
    name: 'another name over the log’s key id is nobody’s that is known',
    attestation: withLines(SECOND, line => line + relined(line, flipped(9), 'bob.test')),
  },
  {
    name: 'sixteen witnesses with signatures of 5 kB',
    attestation: withLines(SECOND, line =>
      [...Array(16).keys()].reduce(
        (lines, n) => lines + noteLine(`pq.test/${n}`, Buffer.alloc(4, n), Buffer.alloc(5000, n)),
        line,
      ),
    ),
  },
  {
    name: 'a first log’s checkpoint, cosigned',
    attestation: withEnvelope(GOOD, envelope => cosigned(envelope, [alice])),
  },
  {
    name: 'both logs, cosigned',
    attestation: withMaterial(STAMPED, {
      transparency_entries: [STAMPED, SECOND].map(one =>
        entryOf(withEnvelope(one, text => cosigned(text, [alice, bob]))),
      ),
    }),
  },
  {
    name: 'integratedTime absent',
    attestation: withEntry(SECOND, entry => ({ ...entry, integratedTime: undefined })),
  },
  { name: 'integratedTime null', attestation: withEntry(SECOND, entry => ({ ...entry, integratedTime: null })) },
  {
    name: 'trust-root-tlog-validity-end-inclusive',
    attestation: GOOD,
    root: logsUntil(new Date(Number(entryOf(GOOD).integratedTime) * 1000)),
  },
  { name: 'trust-root-tsa-validity-end-inclusive', attestation: SECOND, root: stampsWithin(moment(-DAY), moment(2)) },
]

const { line: LOG_LINE } = partsOf(envelopeOf(SECOND))

const REFUSED: readonly Refused[] = [
  {
    name: 'rekor2-checkpoint-missing-log-signature_fail',
    attestation: withLines(SECOND, (_, note) => alice.cosign(note)),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'no signature at all',
    attestation: withLines(SECOND, () => ''),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  {
    name: 'rekor2-checkpoint-missing-origin_fail',
    attestation: withoutLine(SECOND, 0),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  {
    name: 'rekor2-checkpoint-missing-size_fail',
    attestation: withoutLine(SECOND, 1),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  {
    name: 'rekor2-checkpoint-missing-root-hash_fail',
    attestation: withoutLine(SECOND, 2),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  {
    name: 'rekor2-checkpoint-no-matching-signature_fail',
    attestation: withLines(SECOND, line => relined(line, bytes => bytes, 'log3.rekor.test')),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'checkpoint-bad-keyhint_fail',
    attestation: withLines(SECOND, line => relined(line, flipped(0))),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'checkpoint-bad-keyhint_fail, cosigned',
    attestation: withLines(SECOND, (line, note) => relined(line, flipped(0)) + alice.cosign(note)),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'invalid-checkpoint-signature_fail',
    attestation: withLines(SECOND, line => relined(line, flipped(20))),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'a line of the log that fails beside one that verifies',
    attestation: withLines(SECOND, line => line + relined(line, flipped(20))),
    why: 'signature-invalid',
    detail: /signature of its log that does not verify/,
  },
  {
    name: 'a line of the log that fails before one that verifies',
    attestation: withLines(SECOND, line => relined(line, flipped(20)) + line),
    why: 'signature-invalid',
    detail: /signature of its log that does not verify/,
  },
  {
    // the library finds a log by any part of its URL
    name: 'the log’s signature under a part of its name, cosigned',
    attestation: withLines(SECOND, (line, note) => relined(line, bytes => bytes, 'rekor') + alice.cosign(note)),
    why: 'signature-invalid',
    detail: /has not signed in the name of its origin/,
  },
  {
    name: 'the log’s signature under a part of its name, beside a broken one under its own',
    attestation: withLines(SECOND, line => relined(line, bytes => bytes, 'rekor') + relined(line, flipped(20))),
    why: 'signature-invalid',
    detail: /signature of its log that does not verify/,
  },
  {
    name: 'one line twice',
    attestation: withLines(SECOND, line => line + line),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  ...(
    [
      ['without an em dash', LOG_LINE.replace('\u2014', '-')],
      ['without a key id', '\u2014 witness.test AAA=\n'],
      ['without a signature', '\u2014 witness.test AAAAAA==\n'],
      ['that is no base64', '\u2014 witness.test AAAAAA!=\n'],
      ['in another base64', '\u2014 witness.test __________8=\n'],
      ['with stray bits', '\u2014 witness.test AAAAAAB=\n'],
      ['without a name', '\u2014  AAAAAAAA\n'],
      ['with a plus in its name', '\u2014 witness+test AAAAAAAA\n'],
      ['with a space in its name', '\u2014 wit ness AAAAAAAA\n'],
      ['with a Unicode space in its name', '\u2014 wit\u2003ness AAAAAAAA\n'],
      ['with something after it', '\u2014 witness.test AAAAAAAA x\n'],
      ['without its newline', '\u2014 witness.test AAAAAAAA'],
      ['with a carriage return', '\u2014 witness.test AAAAAAAA\r\n'],
      ['with half a character', '\u2014 witness\ud800 AAAAAAAA\n'],
      ['after a blank one', '\n\u2014 witness.test AAAAAAAA\n'],
      ['that is empty', '\n'],
    ] as const
  ).map(
    ([name, more]): Refused => ({
      name: `a line below the log’s ${name}`,
      attestation: withLines(SECOND, line => line + more),
      why: 'provenance-malformed',
      detail: /expected a signed note/,
    }),
  ),
  {
    name: 'more lines than anybody reads',
    attestation: withLines(
      SECOND,
      line => line + [...Array(64).keys()].map(n => noteLine(`w${n}`, Buffer.alloc(4), Buffer.alloc(64))).join(''),
    ),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  {
    name: 'a line longer than anybody reads',
    attestation: withLines(SECOND, line => line + noteLine('w', Buffer.alloc(4), Buffer.alloc(256 * 1024))),
    why: 'provenance-malformed',
    detail: /expected a signed note/,
  },
  {
    name: 'checkpoint-wrong-roothash_fail',
    attestation: withEntry(SECOND, entry => ({
      ...entry,
      inclusionProof: {
        ...entry.inclusionProof,
        checkpoint: entryOf(secondLog.relog(GOOD, 'hashedrekord')).inclusionProof.checkpoint,
      },
    })),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'inclusion-proof-corrupted-hash_fail',
    attestation: withEntry(SECOND, entry => ({
      ...entry,
      inclusionProof: { ...entry.inclusionProof, hashes: [Buffer.alloc(32).toString('base64')] },
    })),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'rekor2-no-inclusion-proof_fail',
    attestation: withEntry(SECOND, entry => ({ ...entry, inclusionProof: undefined })),
    why: 'provenance-malformed',
    detail: /inclusionProof: expected an object/,
  },
  {
    name: 'a log that the root does not name',
    attestation: strangeLog.relog(STAMPED, 'hashedrekord'),
    why: 'signature-invalid',
    detail: /inclusion proof does not verify/,
  },
  {
    name: 'rekor2-no-timestamp_fail',
    attestation: withMaterial(SECOND, { timestamps: [] }),
    why: 'signature-invalid',
    detail: /no signed time/,
  },
  {
    name: 'rekor2-no-timestamp_fail, integratedTime absent',
    attestation: withEntry(withMaterial(SECOND, { timestamps: [] }), entry => ({
      ...entry,
      integratedTime: undefined,
    })),
    why: 'signature-invalid',
    detail: /no signed time/,
  },
  {
    name: 'integratedTime absent where the log promised one',
    attestation: withEntry(STAMPED, entry => ({ ...entry, integratedTime: undefined })),
    why: 'signature-invalid',
    detail: /signed entry timestamp does not verify/,
  },
  {
    name: 'integratedTime without a promise',
    attestation: withEntry(SECOND, entry => ({ ...entry, integratedTime: entryOf(STAMPED).integratedTime })),
    why: 'provenance-malformed',
    detail: /0 where there is no inclusionPromise/,
  },
  {
    name: 'set-invalid-signature_fail',
    attestation: withEntry(GOOD, entry => ({
      ...entry,
      inclusionPromise: { signedEntryTimestamp: entryOf(STAMPED).inclusionPromise?.signedEntryTimestamp },
    })),
    why: 'signature-invalid',
    detail: /signed entry timestamp does not verify/,
  },
  {
    name: 'integrated-time-in-future_fail',
    attestation: withEntry(GOOD, entry => firstLog.enter(entry, new Date(Date.now() + DAY))),
    why: 'signature-invalid',
    detail: /at the signed time/,
  },
  {
    name: 'rekor2-timestamp-payload-mismatch_fail',
    attestation: withStamps(SECOND, OTHER_STAMP),
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail',
    attestation: SECOND,
    root: rootWith('timestampAuthorities', authority => authority).replace(
      JSON.stringify(authoritiesOf(world)),
      JSON.stringify(authoritiesOf(elsewhere)),
    ),
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail',
    attestation: withStamps(SECOND, embedding(chainOf(world))),
    root: rootWith('timestampAuthorities', authority => authority).replace(
      JSON.stringify(authoritiesOf(world)),
      JSON.stringify(authoritiesOf(elsewhere)),
    ),
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'a trusted stamp with a stranger’s certificates in it',
    attestation: withStamps(SECOND, embedding(chainOf(elsewhere))),
    why: 'signature-invalid',
    detail: /certificate that is not its authority/,
  },
  {
    name: 'rekor2-timestamp-outside-tsa-cert-validity_fail',
    attestation: EARLY,
    root: EARLY_ROOT,
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'rekor2-timestamp-outside-trust-root-tsa-validity_fail',
    attestation: SECOND,
    root: stampsWithin(moment(-2 * DAY), moment(-DAY)),
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'rekor2-timestamp-wrong-tsa-validity-borrow_fail',
    attestation: SECOND,
    root: stampsWithin(moment(-2 * DAY), moment(-DAY), authoritiesOf(elsewhere)),
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'rekor2-timestamp-with-incorrect-time_fail: before the leaf',
    attestation: secondLog.relog(await attestAside(3600), 'hashedrekord'),
    why: 'signature-invalid',
    detail: /at the signed time/,
  },
  {
    name: 'rekor2-timestamp-with-incorrect-time_fail: after the leaf',
    attestation: secondLog.relog(await attestAside(-3600), 'hashedrekord'),
    why: 'signature-invalid',
    detail: /at the signed time/,
  },
  {
    name: 'intoto-tsa-timestamp-outside-cert-validity_fail: a promise in time beside a stamp that is not',
    attestation: withEntry(await attestAside(-3600), entry => firstLog.enter(entry, moment(-3000))),
    why: 'signature-invalid',
    detail: /at the signed time/,
  },
  {
    name: 'rekor2-multiple-timestamps-one-outside-cert-validity_fail: one that fails beside one that verifies',
    attestation: withStamps(SECOND, STAMP, OTHER_STAMP),
    why: 'signature-invalid',
    detail: /no signed time could be verified/,
  },
  {
    name: 'rekor2-dsse-invalid-sig_fail',
    attestation: secondLog.relog(
      { ...STAMPED, envelope: { ...STAMPED.envelope, signature: GOOD.envelope.signature } },
      'hashedrekord',
    ),
    why: 'signature-invalid',
    detail: /verif/,
  },
  {
    name: 'rekor2-dsse-mismatch-sig_fail',
    attestation: withBody('content', GOOD.envelope.signature),
    why: 'signature-invalid',
    detail: /another statement or signature/,
  },
  {
    name: 'rekor2-dsse-mismatch-envelope_fail',
    attestation: withBody('digest', Buffer.alloc(32).toString('base64')),
    why: 'signature-invalid',
    detail: /another statement or signature/,
  },
  {
    name: 'cve-2022-36056-swapped-tlog-entry_fail',
    attestation: withEntry(GOOD, () => entryOf(STAMPED)),
    why: 'signature-invalid',
    detail: /another statement or signature|another certificate/,
  },
  {
    name: 'invalid-ct-key_fail',
    attestation: SECOND,
    root: ROOT.replace(
      JSON.stringify(JSON.parse(ROOT).ctlogs),
      JSON.stringify(JSON.parse(elsewhere.trustedRootJson).ctlogs),
    ),
    why: 'signature-invalid',
    detail: /does not lead to the trust root/,
  },
  ...(['missing', 'unknown'] as const).map(
    (which): Refused => ({
      name: `dsse-statement-${which}-type_fail`,
      attestation: STATEMENTS[which],
      why: 'provenance-malformed',
      detail: /_type/,
    }),
  ),
]

for (const { name, attestation, root = ROOT } of ACCEPTED)
  t.test(`accepted: ${name}`, async t => t.match(judge(attestation, root), { kind: 'attested' }))

for (const { name, attestation, root = ROOT, why, detail } of REFUSED)
  t.test(`refused: ${name}`, async t => t.match(judge(attestation, root), { kind: 'invalid', why, detail }))

function judge(attestation: AttestationJson, root: string) {
  const document = world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [attestation] }])
  return verifyAlone(document, FILE, prepareTrust(root))
}
