import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import type { sha256Of } from '../../src/domain/base/digest.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { verifyDocument } from '../../src/verify/evidence/document.ts'
import { type PreparedTrust, prepareTrust } from '../../src/verify/evidence/trust-material.ts'
import type { Measured } from '../figures.ts'
import type { Group, Stage } from '../stage/stage.ts'

const VECTORS =
  process.env['PORTCULLIS_VECTORS'] === undefined
    ? new URL('../../../shared/vectors/', import.meta.url)
    : new URL(`file://${process.env['PORTCULLIS_VECTORS']}/`)
const ROOT = 'trusted-roots/production.sigstore-tuf-5.0.1-seed.trusted_root.json'
/** Real documents of GitHub, GitLab and Google, with the file they are about. */
const DOCUMENTS = [
  ['warehouse/sampleproject-4.0.0.tar.gz.provenance', 'sampleproject-4.0.0.tar.gz'],
  ['artifact-keeper/pypi-sigstore-4.5.0-whl-provenance.json', 'sigstore-4.5.0-py3-none-any.whl'],
  ['warehouse/pep740-sampleproject-1.0.0.tar.gz.provenance', undefined],
  ['pypi-attestations-newer/gcb_attestation_test-0.0.0.tar.gz.provenance', 'gcb_attestation_test-0.0.0.tar.gz'],
] as const
const ROUND_MS = 400

interface Case {
  readonly bytes: Buffer
  readonly filename: NonNullable<ReturnType<typeof parseDistFilename>>
  readonly sha256: ReturnType<typeof sha256Of>
}

/**
 * Verifications in a second of a processor, strict parsing and every check of ours included, beside a loop over plain
 * `@sigstore/verify`, in turn. Of this checkout alone. No rows where the vectors are absent.
 */
export const VERIFY: Group = {
  name: 'verify',
  about: 'verifications beside plain @sigstore/verify',
  run: benchVerify,
}

async function benchVerify({ rounds, options, warn }: Stage): Promise<readonly Measured[]> {
  if (!existsSync(new URL('INDEX.md', VECTORS))) {
    warn('verify: the shared vectors are not here')
    return []
  }
  const json = readFileSync(new URL(ROOT, VECTORS), 'utf8')
  const cases = DOCUMENTS.map(([path, name]) => readCase(path, name))
  const trust = prepareTrust(json)
  const library = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(json))))

  const plain: number[] = []
  const fresh: number[] = []
  const known: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    plain.push(perSecond(cases, item => verifyPlainly(item, library)))
    fresh.push(perSecond(cases, item => verifyFresh(item, trust)))
    known.push(perSecond(cases, item => verify(item, trust)))
  }
  const row = (scenario: string, values: readonly number[], atLeast?: number): Measured => ({
    scenario: `verifications in a second of a processor: ${scenario}`,
    unit: '/s',
    gates: [values],
    peer: { name: 'plain @sigstore/verify', values: plain },
    better: 'more',
    ...(atLeast === undefined ? {} : { goal: { atLeast } }),
  })
  const python = await pythonPerSecond(options.python ?? process.env['PYTHON'] ?? 'python3')
  return [
    row('new leaf', fresh, 2),
    row('another file of the release', known, 4.5),
    ...(python === undefined ? [] : [row('pypi-attestations, in process, not ours', [python])]),
  ]
}

function readCase(path: string, name: string | undefined): Case {
  const bytes = readFileSync(new URL(path, VECTORS))
  const { statement } = JSON.parse(bytes.toString('utf8')).attestation_bundles[0].attestations[0].envelope
  const [subject] = JSON.parse(Buffer.from(statement, 'base64').toString('utf8')).subject
  const filename = parseDistFilename(name ?? subject.name)
  if (filename === undefined) throw new Error(`${path}: not a distribution`)
  return { bytes, filename, sha256: subject.digest.sha256 }
}

function verify(item: Case, trust: PreparedTrust): void {
  const finding = verifyDocument(item.bytes, item, { sigstore: trust, custom: new Map() })
  if (finding.kind !== 'attested') throw new Error(finding.detail)
}

/** CA paths stay proved, as they do for the life of a trust root; leaves are forgotten. */
function verifyFresh(item: Case, trust: PreparedTrust): void {
  trust.leaves.clear()
  verify(item, trust)
}

function verifyPlainly(item: Case, library: Verifier): void {
  const attestation = JSON.parse(item.bytes.toString('utf8')).attestation_bundles[0].attestations[0]
  const { certificate, transparency_entries: tlogEntries, timestamps = [] } = attestation.verification_material
  const bundle = bundleFromJSON({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: certificate },
      tlogEntries,
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map((signedTimestamp: string) => ({ signedTimestamp })),
      },
    },
    dsseEnvelope: {
      payload: attestation.envelope.statement,
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: attestation.envelope.signature, keyid: '' }],
    },
  })
  library.verify(toSignedEntity(bundle))
}

function perSecond(cases: readonly Case[], run: (item: Case) => void): number {
  const start = process.cpuUsage()
  let count = 0
  let elapsed = 0
  while (elapsed < ROUND_MS) {
    for (const item of cases) run(item)
    count += cases.length
    const { user, system } = process.cpuUsage(start)
    elapsed = (user + system) / 1000
  }
  return (count * 1000) / elapsed
}

/** The Python client of PyPI on the same documents, in its own process but without its start-up; nothing where it is not installed. */
async function pythonPerSecond(python: string): Promise<number | undefined> {
  const script = new URL('../children/pypi_attestations_loop.py', import.meta.url).pathname
  const documents = DOCUMENTS.map(([path]) => new URL(path, VECTORS).pathname)
  try {
    const { stdout } = await promisify(execFile)(python, [script, new URL(ROOT, VECTORS).pathname, ...documents])
    return JSON.parse(stdout).per_second
  } catch {
    return undefined
  }
}
