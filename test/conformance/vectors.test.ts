import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { decide } from '../../src/domain/decide/decide.ts'
import type { Verdict } from '../../src/domain/decide/verdict.ts'
import { type Finding, VerifiedAttestation } from '../../src/domain/identity/attestation.ts'
import { matchPublisher } from '../../src/domain/identity/publisher.ts'
import { NO_HISTORY } from '../../src/domain/memory/history.ts'
import type { TrustMaterial } from '../../src/ports/trust.ts'
import { RememberingCertificate } from '../../src/verify/evidence/certificates.ts'
import { readClaims } from '../../src/verify/evidence/claims.ts'
import { createInlineVerifier } from '../../src/verify/workers/inline.ts'
import { rootsOf } from '../world/judging/roots.ts'
import {
  artifactOf,
  bundleToProvenance,
  distFilename,
  type Evidence,
  mintedTrust,
  type PublisherText,
  policyNaming,
  productionTrust,
  type RealEvidence,
  readVector,
  realEvidence,
  vectorsSkip as skip,
  stagingEvidence,
  stagingTrust,
  vectorCases,
} from '../world/vectors/vectors.ts'

const verifier = createInlineVerifier()
const now = instant(Date.parse('2026-11-24T00:00:00Z'))

function why(finding: Finding): string {
  return finding.kind === 'invalid' ? `${finding.why}: ${finding.detail}` : finding.kind
}

function outcome(verdict: Verdict): string {
  return verdict.kind === 'admitted' ? 'admitted' : verdict.code
}

// ---------------------------------------------------------------- the manifests

/** What each case is refused for; the others are admitted. */
const REFUSED: Readonly<Record<string, string>> = {
  'provenance-malformed': 'd06 d10 d11 d12 d13 d14 d16 d17 d18 d19 d21 d24 d28 d29 d30 d31 d32 d33 m62 m63',
  'signature-invalid': 'd07 d20 d22 d23 d25 d26 d27 m80 m81 m83 m84 m86 m88 m90 m92',
  'subject-mismatch': 'd15 m50 m53 m55 m56',
  'digest-mismatch': 'm57 m59',
  'publisher-object-mismatch': 'd02 d03 d04 d34 m16 m18 m20 m25 m32 m41',
  'publisher-mismatch': 'd37 m03 m05 m06 m07 m10 m12 m13 m23',
  'predicate-not-allowed': 'm60',
  'predicate-mismatch': 'm71',
}
const CODES = new Map(
  Object.entries(REFUSED).flatMap(([code, names]) => names.split(' ').map(name => [name, code] as const)),
)
/** Refused for what the index or the predicate says; the signer is the one whom the rule names. */
const SIGNED_BY_OURS = new Set(['d02', 'd34', 'm60', 'm71'])

for (const [set, count] of [
  ['derived', 37],
  ['minted', 40],
] as const)
  t.test(`all ${count} ${set} cases come out as their manifest says, each for its own reason`, { skip }, async t => {
    const trust = set === 'derived' ? productionTrust() : mintedTrust()
    const cases = vectorCases(set)
    t.equal(cases.length, count)
    for (const vector of cases) {
      const number = vector.name.slice(0, 3)
      const finding = await verifier.verify(vector, rootsOf(trust))
      const verdict = decide(vector.artifact, finding, vector.policy, NO_HISTORY, now)
      t.equal(verdict.kind, vector.expect === 'allow' ? 'admitted' : 'refused', `${vector.name}: ${why(finding)}`)
      t.equal(outcome(verdict), CODES.get(number) ?? 'admitted', `${vector.name}: ${vector.why}`)
      if (vector.expect === 'allow' || finding.kind !== 'attested') continue
      // not the index's unsigned word alone: the certificate itself is not the rule's publisher
      const [publisher] = vector.policy.ruleFor(vector.filename.project)?.publishers ?? []
      const ours =
        publisher !== undefined && matchPublisher(publisher, finding.bundles[0].attestations[0].facts).matched
      t.equal(ours, SIGNED_BY_OURS.has(number), vector.name)
    }
    t.comment(`${cases.length} cases`)
  })

t.test(
  'several bundles: one that passes wholly admits, whatever its place; one that fails refuses all',
  { skip },
  async t => {
    const cases = vectorCases('derived')
    const find = (number: string) => cases.find(({ name }) => name.startsWith(number))
    const judge = async (number: string, bytes?: Buffer): Promise<Verdict> => {
      const vector = find(number)
      if (vector === undefined) throw new Error(`no vector ${number}`)
      const finding = await verifier.verify({ ...vector, bytes: bytes ?? vector.bytes }, rootsOf(productionTrust()))
      return decide(vector.artifact, finding, vector.policy, NO_HISTORY, now)
    }
    for (const number of ['d08', 'd09']) {
      const verdict = await judge(number)
      t.match(
        verdict,
        { kind: 'admitted', facts: { identity: { repository: 'trailofbits/pypi-attestations' } } },
        number,
      )
    }
    const bundlesOf = (number: string): readonly unknown[] =>
      JSON.parse(find(number)?.bytes.toString('utf8') ?? '').attestation_bundles
    const joined = (...numbers: readonly string[]): Buffer =>
      Buffer.from(JSON.stringify({ version: 1, attestation_bundles: numbers.flatMap(bundlesOf) }))
    // a bundle of unknown kind cannot admit, and does not keep the good one from admitting; nor does a kind that lies
    const unknown = (document: Buffer) => Buffer.from(document.toString('utf8').replaceAll('CircleCI', 'ActiveState'))
    for (const kind of [(document: Buffer) => document, unknown]) {
      t.equal(outcome(await judge('d34', kind(joined('d34', 'd05')))), 'admitted')
      t.equal(outcome(await judge('d34', kind(joined('d05', 'd34')))), 'admitted')
    }
    t.equal(outcome(await judge('d34', unknown(joined('d34', 'd34')))), 'publisher-unknown')
    t.equal(outcome(await judge('d34', joined('d34', 'd34'))), 'publisher-object-mismatch')
    // one whose object lies cannot admit either
    t.equal(outcome(await judge('d03', joined('d03', 'd05'))), 'admitted')
    t.equal(outcome(await judge('d03', joined('d03', 'd34'))), 'publisher-object-mismatch')
    // cryptography that fails refuses the document, whoever it names
    t.equal(outcome(await judge('d07', joined('d05', 'd22'))), 'signature-invalid')
    t.equal(outcome(await judge('d07', joined('d22', 'd05'))), 'signature-invalid')
  },
)

t.test('pull_request_target is refused where a rule names no ref and no trigger', { skip }, async t => {
  const vector = vectorCases('minted').find(({ name }) => name.startsWith('m13'))
  if (vector === undefined) throw new Error('no vector m13')
  const finding = await verifier.verify(vector, rootsOf(mintedTrust()))
  const rule = { kind: 'github', repository: 'acme/pkg', workflow: 'release.yml' }
  const judge = (publisher: PublisherText) => decide(vector.artifact, finding, policyNaming(publisher), NO_HISTORY, now)
  t.match(judge(rule), { code: 'publisher-mismatch', detail: /trigger \(\.20\)/ })
  t.equal(outcome(judge({ ...rule, trigger: 'pull_request_target' })), 'admitted')
})

t.test('a reusable workflow signs only where the rule names it, and at the refs it names', { skip }, async t => {
  const vector = vectorCases('minted').find(({ name }) => name.startsWith('m72'))
  if (vector === undefined) throw new Error('no vector m72')
  const finding = await verifier.verify(vector, rootsOf(mintedTrust()))
  const rule = { kind: 'github', repository: 'acme/pkg', workflow: 'release.yml' }
  const workflow = 'slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml'
  const judge = (publisher: PublisherText) =>
    outcome(decide(vector.artifact, finding, policyNaming(publisher), NO_HISTORY, now))
  t.equal(judge(rule), 'publisher-mismatch')
  t.equal(judge({ ...rule, signer: { workflow, ref: 'refs/tags/v*' } }), 'admitted')
  t.equal(judge({ ...rule, signer: { workflow, ref: 'refs/heads/*' } }), 'publisher-mismatch')
  const other = workflow.replace('generic', 'container')
  t.equal(judge({ ...rule, signer: { workflow: other, ref: 'refs/tags/v*' } }), 'publisher-mismatch')
})

// ---------------------------------------------------------------- real files

/** The publisher with one thing wrong at a time. */
function neighbours(publisher: PublisherText): readonly PublisherText[] {
  const demands = [
    { ref: 'refs/tags/nowhere' },
    { environment: 'nowhere' },
    { owner_id: '1' },
    { visibility: 'internal' },
    { trigger: 'schedule' },
    { runner: 'self-hosted' },
  ]
  switch (publisher['kind']) {
    case 'google':
      return [{ ...publisher, email: 'stranger@example.com' }, github('stranger/pkg')]
    case 'gitlab':
      return [
        { ...publisher, project: `${String(publisher['project'])}x` },
        { ...publisher, config: `ci/${String(publisher['config'])}` },
        ...[...demands, { project_id: '1' }].map(demand => ({ ...publisher, ...demand })),
        github(String(publisher['project'])),
      ]
    default: {
      const [owner, name] = String(publisher['repository']).split('/')
      return [
        { ...publisher, repository: `stranger/${name}` },
        { ...publisher, repository: `${owner}/${name}x` },
        { ...publisher, repository: `${owner}/${name?.slice(0, -1)}` },
        { ...publisher, repository: `${owner}/${name?.toUpperCase()}` },
        { ...publisher, workflow: 'release.yaml' },
        ...[...demands, { repository_id: '1' }].map(demand => ({ ...publisher, ...demand })),
        { kind: 'google', email: 'stranger@example.com' },
      ]
    }
  }
}

function github(repository: string): PublisherText {
  return { kind: 'github', repository, workflow: 'release.yml' }
}

async function judge(evidence: Evidence, publisher: PublisherText): Promise<Verdict> {
  const finding = await verifier.verify(evidence, rootsOf(productionTrust()))
  return decide(artifactOf(evidence.filename, evidence.sha256), finding, policyNaming(publisher), NO_HISTORY, now)
}

t.test(
  'each real file is admitted under its publisher, and under nobody that differs in one thing',
  { skip },
  async t => {
    let neighbourly = 0
    for (const evidence of realEvidence()) {
      const { name, publisher } = evidence
      if (publisher === undefined) continue
      t.equal(outcome(await judge(evidence, publisher)), 'admitted', name)
      for (const neighbour of neighbours(publisher)) {
        const verdict = await judge(evidence, neighbour)
        t.equal(outcome(verdict), 'publisher-mismatch', `${name}: ${JSON.stringify(neighbour)}`)
        neighbourly += 1
      }
    }
    t.comment(`${realEvidence().length} real documents, ${neighbourly} wrong identities`)
  },
)

t.test('each real file with what its certificate says pinned is admitted', { skip }, async t => {
  for (const evidence of realEvidence()) {
    const { name, publisher } = evidence
    if (publisher === undefined || publisher['kind'] === 'google') continue
    const finding = await verifier.verify(evidence, rootsOf(productionTrust()))
    if (finding.kind !== 'attested') throw new Error(why(finding))
    const { claims } = finding.bundles[0].attestations[0].facts
    const id = publisher['kind'] === 'github' ? 'repository_id' : 'project_id'
    const pinned = {
      ...publisher,
      [id]: claims.sourceRepositoryId,
      owner_id: claims.sourceRepositoryOwnerId,
      ref: claims.sourceRepositoryRef,
      visibility: claims.sourceRepositoryVisibility,
      trigger: claims.buildTrigger,
      runner: claims.runnerEnvironment,
    }
    t.equal(outcome(await judge(evidence, pinned)), 'admitted', name)
  }
})

t.test('a real signature by somebody whom no policy can name admits nothing', { skip }, async t => {
  const [stranger, ...others] = realEvidence().filter(({ publisher }) => publisher === undefined)
  if (stranger === undefined) throw new Error('no vector')
  t.same(others, [])
  const finding = await verifier.verify(stranger, rootsOf(productionTrust()))
  t.match(finding, {
    kind: 'attested',
    bundles: [{ attestations: [{ facts: { claims: { san: { kind: 'email' } } } }] }],
  })
  for (const publisher of [github('trailofbits/pypi-attestations'), { kind: 'google', email: 'jku@goto.fi' }])
    t.not(outcome(await judge(stranger, publisher)), 'admitted')
})

t.test('each real file with another digest, or under another name, is refused', { skip }, async t => {
  const other = sha256Of('other bytes')
  const documents = [
    ...realEvidence().map(evidence => [evidence, productionTrust()] as const),
    ...stagingEvidence().map(evidence => [evidence, stagingTrust()] as const),
  ]
  for (const [evidence, trust] of documents) {
    t.match(
      await verifier.verify({ ...evidence, sha256: other }, rootsOf(trust)),
      { kind: 'invalid', why: 'digest-mismatch' },
      evidence.name,
    )
    const filename = distFilename(evidence.filename.text.replace(/-\d/, '-9!9'))
    t.match(
      await verifier.verify({ ...evidence, filename }, rootsOf(trust)),
      { kind: 'invalid', why: 'subject-mismatch' },
      evidence.name,
    )
  }
  t.comment(`${documents.length} real documents`)
})

// ---------------------------------------------------------------- everything that INDEX.md lists

interface Row {
  readonly path: string
  readonly expected: string
}

/** Rows of the tables of real files: path, digest, what a proxy must say. */
function indexRows(): readonly Row[] {
  return readVector('INDEX.md')
    .toString('utf8')
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
    .flatMap(([, path = '', sha256 = '', expected = '']) =>
      /^[0-9a-f]{12}$/.test(sha256) && expected !== 'data' ? [{ path, expected }] : [],
    )
}

/** As the document that would carry it, held against the file that it is about. */
function presented({ path }: Row): readonly [Evidence, TrustMaterial] | undefined {
  const found = realEvidence().find(({ name }) => name === path)
  if (found !== undefined) return [found, productionTrust()]
  const wheel: RealEvidence | undefined = realEvidence().find(({ name }) => name.endsWith('whl-provenance.json'))
  if (wheel === undefined) return undefined
  if (path.startsWith('artifact-keeper/pypi-sigstore-4.5.0-whl-bundle') || path.includes('/mutations/'))
    return [{ ...wheel, bytes: bundleToProvenance(readVector(path)) }, productionTrust()]
  return [{ ...wheel, bytes: readVector(path) }, productionTrust()]
}

t.test('every document that INDEX.md lists comes out as it says', { skip }, async t => {
  const counts = { proved: 0, staging: 0, malformed: 0, invalid: 0 }
  for (const row of indexRows()) {
    const staged = stagingEvidence().find(({ name }) => name === row.path)
    const raw = /\.sigstore$|rfc8785-[\d.]+-py3-none-any\.whl\.json$|npm-sigstore/.test(row.path)
    const [evidence, trust] = presented(row) ?? []
    if (evidence === undefined || trust === undefined) throw new Error('no vector')
    const finding = await verifier.verify(evidence, rootsOf(trust))
    if (staged !== undefined) {
      t.match(row.expected, /^deny in production \/ crypto OK in staging/, row.path)
      t.match(await verifier.verify(staged, rootsOf(stagingTrust())), { kind: 'attested' }, row.path)
      t.match(await verifier.verify(staged, rootsOf(productionTrust())), { why: 'signature-invalid' }, row.path)
      counts.staging += 1
    } else if (raw) {
      t.match(row.expected, /^deny/, row.path)
      t.match(finding, { kind: 'invalid', why: 'provenance-malformed' }, `${row.path}: ${why(finding)}`)
      counts.malformed += 1
    } else if (row.expected.startsWith('deny')) {
      t.equal(finding.kind, 'invalid', `${row.path}: ${why(finding)}`)
      counts.invalid += 1
    } else {
      t.match(row.expected, /^(?:allow|crypto OK)/, row.path)
      t.equal(finding.kind, 'attested', `${row.path}: ${why(finding)}`)
      counts.proved += 1
    }
  }
  t.same(counts, { proved: 20, staging: 4, malformed: 6, invalid: 9 })
  t.comment(JSON.stringify(counts))
})

t.test('compressed wheel tags may stand in another order', { skip }, async t => {
  const [, , spt3g] = stagingEvidence()
  if (spt3g === undefined) throw new Error('the vector is missing')
  for (const text of [
    'spt3g-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    'spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
  ])
    t.match(
      await verifier.verify({ ...spt3g, filename: distFilename(text) }, rootsOf(stagingTrust())),
      { kind: 'attested' },
      text,
    )
})

t.test(
  'a real certificate without a ref: the commit ends its workflow, and a rule with a ref refuses it',
  { skip },
  t => {
    const pem = readVector('pypi-attestations/no-source-repository-ref-extension.pem').toString('utf8')
    const der = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN'))).raw
    const claims = readClaims(RememberingCertificate.read(Buffer.from(der)))
    t.equal(claims.sourceRepositoryRef, undefined)
    t.match(claims, { sourceRepositoryUri: /swiftgalaxy$/, sourceRepositoryDigest: /^[0-9a-f]{40}$/ })
    const [repository = '', workflow = ''] = /github\.com\/([^/]+\/[^/]+)\/\.github\/workflows\/([^@]+)@/
      .exec(claims.san.value)
      ?.slice(1) ?? ['', '']
    const filename = distFilename('swiftgalaxy-1.0.tar.gz')
    const artifact = artifactOf(filename, sha256Of('swiftgalaxy'))
    const facts = {
      predicateType: 'publish/v1' as const,
      claims,
      root: 'sigstore' as const,
      signedAt: now,
      logIndex: '191974551',
      leafSha256: sha256Of(der),
      contradiction: undefined,
      uncompared: undefined,
    }
    const finding = {
      kind: 'attested',
      provenanceSha256: sha256Of('provenance'),
      bundles: [
        {
          publisher: { kind: 'GitHub', repository, workflow, email: undefined, environment: undefined },
          attestations: [VerifiedAttestation.mint(facts)],
        },
      ],
    } as const satisfies Finding
    const judged = (publisher: PublisherText) =>
      outcome(decide(artifact, finding, policyNaming(publisher), NO_HISTORY, now))
    t.equal(judged({ ...github(repository), workflow }), 'admitted')
    for (const ref of ['refs/tags/*', 'refs/heads/*'])
      t.equal(judged({ ...github(repository), workflow, ref }), 'publisher-mismatch')
    t.end()
  },
)

t.test('a real certificate of a Google account is read as an e-mail address and its issuer', { skip }, t => {
  const pem = readVector('pypi-attestations/200170367.pem').toString('utf8')
  const der = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN'))).raw
  const claims = readClaims(RememberingCertificate.read(Buffer.from(der)))
  t.match(claims, { san: { kind: 'email' }, issuer: 'https://accounts.google.com', sourceRepositoryUri: undefined })
  t.end()
})
