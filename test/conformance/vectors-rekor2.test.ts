import { verify } from 'node:crypto'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { decide } from '../../src/domain/decide/decide.ts'
import type { Verdict } from '../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../src/domain/memory/history.ts'
import type { Policy } from '../../src/domain/policy/policy.ts'
import type { TrustMaterial } from '../../src/ports/trust.ts'
import { parseCheckpoint } from '../../src/protocol/attest/checkpoint.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { prepareTrust } from '../../src/verify/evidence/trust-material.ts'
import { noRoots, verifyAlone } from '../world/judging/roots.ts'
import {
  artifactOf,
  distFilename,
  productionTrust,
  readVector,
  vectorsSkip as skip,
  stagingTrust,
  toProvenance,
} from '../world/vectors/vectors.ts'
import { vectorsFolder } from '../world/vectors/vectors-folder.ts'

const now = instant(Date.parse('2026-11-28T00:00:00Z'))

function policyIn(path: string, change = (text: string) => text): Policy {
  const text = change(readVector(path).toString('utf8'))
  const loaded = loadPolicy([{ path, text }], now, noRoots)
  if ('diagnostics' in loaded) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  return loaded.policy
}

function trustIn(path: string): TrustMaterial {
  const json = readVector(path).toString('utf8')
  return { digest: sha256Of(json), json }
}

function judge(path: string, file: string, trust: TrustMaterial, policy: Policy): Verdict {
  const [folder = ''] = path.split('/')
  const filename = distFilename(file)
  const sha256 = sha256Of(readVector(`${folder}/${file}`))
  const finding = verifyAlone(readVector(path), { filename, sha256 }, prepareTrust(trust.json))
  return decide(artifactOf(filename, sha256), finding, policy, NO_HISTORY, now)
}

const outcome = (verdict: Verdict): string =>
  verdict.kind === 'admitted' ? 'admitted' : `${verdict.code}: ${verdict.detail}`

t.test(
  'cosigned checkpoints, absent times, SLSA of other builders: every row of their table is admitted',
  { skip },
  t => {
    const readme = readVector('rekor2/README.md').toString('utf8')
    const rows = readme.split('\n').flatMap(line => /^\| ([a-z]\d\d) \| (.*) \|$/.exec(line)?.slice(1) ?? [])
    const names = rows.filter((_, index) => index % 2 === 0)
    const documents = readdirSync(new URL('rekor2/', vectorsFolder)).filter(name => name.endsWith('.provenance'))
    t.strictSame(names.map(name => `${name}.provenance`).sort(), documents.sort(), 'and every document has its row')
    for (const [index, name] of names.entries()) {
      const trust = trustIn('rekor2/trusted_root.json')
      const verdict = judge(`rekor2/${name}.provenance`, 'pkg-1.0.0.tar.gz', trust, policyIn('rekor2/pol.yaml'))
      t.equal(outcome(verdict), 'admitted', `${name}: ${rows[2 * index + 1]}`)
    }
    t.comment(`${names.length} documents`)
    t.end()
  },
)

t.test('under a rule that asks for SLSA, a predicate that cannot be compared is refused', { skip }, t => {
  const slsa = '    slsa: { builders: [{ workflow: acme/pkg/.github/workflows/release.yml, ref: "refs/tags/*" }] }\n'
  const policy = policyIn('rekor2/pol.yaml', text => `${text.trimEnd()}\n${slsa}`)
  const trust = trustIn('rekor2/trusted_root.json')
  const verdict = judge('rekor2/s23.provenance', 'pkg-1.0.0.tar.gz', trust, policy)
  const failed = verdict.kind === 'refused' ? verdict.steps.filter(({ mark }) => mark === 'fail') : []
  t.match(failed.map(({ check, found }) => `${check}: ${found}`).join(', '), /predicates agree .* is not known/)
  t.end()
})

t.test(
  'a real wheel of 2024 with the SLSA provenance of its day is admitted under a rule without slsa',
  { skip },
  t => {
    const file = 'github_provenance_demo-0.0.0-py3-none-any.whl'
    const path = 'real-slsa-2024/doc.provenance'
    t.equal(outcome(judge(path, file, productionTrust(), policyIn('real-slsa-2024/pol.yaml'))), 'admitted')
    const elsewhere = policyIn('real-slsa-2024/pol.yaml', text => text.replace('malancas/', 'stranger/'))
    t.match(outcome(judge(path, file, productionTrust(), elsewhere)), /^publisher-mismatch/)
    t.match(outcome(judge(path, file, stagingTrust(), policyIn('real-slsa-2024/pol.yaml'))), /^signature-invalid/)
    t.end()
  },
)

t.test('real attestations of 2025 and 2026 verify under the root of their instance alone', { skip }, t => {
  const names = readdirSync(new URL('wild-2026/', vectorsFolder)).filter(name => /\.(?:att|prov)$/.test(name))
  t.equal(names.length, 5)
  for (const name of names) {
    const bytes = toProvenance(readVector(`wild-2026/${name}`))
    const [bundle] = JSON.parse(bytes.toString('utf8')).attestation_bundles
    const statement = JSON.parse(Buffer.from(bundle.attestations[0].envelope.statement, 'base64').toString('utf8'))
    const [{ name: subject, digest }] = statement.subject
    const file = { filename: distFilename(subject), sha256: digest.sha256 }
    const judged = (trust: TrustMaterial) => verifyAlone(bytes, file, prepareTrust(trust.json))
    const [its, other] = name.startsWith('pulp')
      ? [stagingTrust(), productionTrust()]
      : [productionTrust(), stagingTrust()]
    t.match(judged(its), { kind: 'attested' }, name)
    t.match(judged(other), { kind: 'invalid', why: 'signature-invalid' }, name)
  }
  t.end()
})

t.test('a checkpoint of production that a witness cosigned is read, the log’s line and the witness’s', { skip }, t => {
  const readme = readVector('rekor2/README.md').toString('utf8')
  const text = readme
    .split('\n')
    .filter(line => line.startsWith('    '))
    .map(line => `${line.slice(4)}\n`)
    .join('')
  const checkpoint = parseCheckpoint(text)
  t.match(checkpoint, { origin: 'log2025-1.rekor.sigstore.dev', treeSize: '139911860' })
  t.strictSame(
    checkpoint?.signatures.map(({ name }) => name),
    ['log2025-1.rekor.sigstore.dev', 'witness.stagemole.eu'],
  )
  const [own, witness] = checkpoint?.signatures ?? []
  const logs = prepareTrust(productionTrust().json).logs
  const verifies = (line: typeof own) =>
    logs.some(
      ({ logID, publicKey }) =>
        line?.keyId.equals(logID.subarray(0, 4)) === true &&
        verify(null, Buffer.from(checkpoint?.note ?? ''), publicKey, line.signature),
    )
  t.ok(verifies(own), 'the log signed it')
  t.notOk(verifies(witness), 'and nobody knows the witness')
  t.end()
})
