import { existsSync, readFileSync } from 'node:fs'
import type { Artifact, FilePath, UpstreamUrl } from '../../src/domain/artifact.ts'
import { type Sha256, sha256Of } from '../../src/domain/digest.ts'
import { type DistFilename, parseDistFilename } from '../../src/domain/filename.ts'
import type { Policy, Rule } from '../../src/domain/policy.ts'
import type { Publisher } from '../../src/domain/publisher.ts'
import type { TrustMaterial } from '../../src/ports.ts'
import { vectorsFolder } from './vectors-folder.ts'

/** For `t.test(name, { skip })`: false, or why there is nothing to run on. */
export const vectorsSkip: string | false = existsSync(new URL('INDEX.md', vectorsFolder))
  ? false
  : 'the shared vectors are not here'

export function readVector(path: string): Buffer {
  return readFileSync(new URL(path, vectorsFolder))
}

/** A document and the file it is held against. */
export interface Evidence {
  readonly name: string
  readonly bytes: Buffer
  readonly filename: DistFilename
  readonly sha256: Sha256
}

export const productionTrust = trust('trusted-roots/production.sigstore-tuf-5.0.1-seed.trusted_root.json')
export const stagingTrust = trust('trusted-roots/staging.sigstore-python.trusted_root.json')
export const mintedTrust = trust('minted/trusted_root.json')

function trust(path: string): () => TrustMaterial {
  return () => {
    const json = readVector(path).toString('utf8')
    return { digest: sha256Of(json), json }
  }
}

// ---------------------------------------------------------------- real files

/** Real PyPI documents that verify under the production root: path of the document, and the file's name and bytes if stored. */
const REAL: readonly (readonly [document: string, filename?: string, file?: string])[] = [
  ['pypi-attestations/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation'],
  ['pypi-attestations/pypi_attestation_models-0.0.4a2.tar.gz.attestation'],
  ['pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance'],
  ['pypi-attestations/pypi_attestations-0.0.19.tar.gz.publish.attestation'],
  ['pypi-attestations/pypi_attestations-0.0.19.tar.gz.slsa.attestation'],
  ['pypi-attestations-history/pypi_attestations-0.0.16.tar.gz.attestation'],
  ['pypi-attestations-history/sigstore-3.6.1.tar.gz.provenance'],
  ['pypi-attestations-newer/gcb_attestation_test-0.0.0.tar.gz.provenance'],
  ['pypi-attestations-newer/pypi_attestations-0.0.19.tar.gz.publish.attestation.with_timestamp'],
  ['warehouse/pep740-sampleproject-1.0.0.tar.gz.provenance'],
  ['warehouse/sampleproject-3.0.0.tar.gz.publish.attestation'],
  ['warehouse/sampleproject-4.0.0.tar.gz.provenance'],
  ['warehouse-docs/attestation-internals.md.sampleproject-4.0.0-py3-none-any.whl.publish.attestation.json'],
  ['warehouse-docs/integrity.md.sampleproject-4.0.0.tar.gz.provenance.json'],
  [
    'artifact-keeper/pypi-sigstore-4.5.0-whl-provenance.json',
    'sigstore-4.5.0-py3-none-any.whl',
    'artifact-keeper/pypi-sigstore-4.5.0-py3-none-any.whl',
  ],
  [
    'artifact-keeper/pypi-sigstore-4.5.0-sdist-provenance.json',
    'sigstore-4.5.0.tar.gz',
    'artifact-keeper/pypi-sigstore-4.5.0.tar.gz',
  ],
  ['pip-plugin-pep740/abi3info-2024.10.3-py3-none-any.whl.provenance'],
  ['pip-plugin-pep740/abi3info-2024.10.8-py3-none-any.whl.provenance'],
  ['pip-plugin-pep740/abi3info-2024.10.8.tar.gz.provenance'],
]

const STAGING = [
  'pypi-attestations/rfc8785-0.1.2-py3-none-any.whl.attestation',
  'pypi-attestations/rfc8785-0.1.2-py3-none-any.whl.publish.attestation',
  'pypi-attestations/spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl.publish.attestation',
  'pypi-attestations-newer/pypi_attestations-0.0.19.tar.gz.publish.attestation.with_rekor2_timestamp',
]

export function realEvidence(): readonly Evidence[] {
  return REAL.map(([path, filename, file]) => evidenceFrom(path, filename, file))
}

export function stagingEvidence(): readonly Evidence[] {
  return STAGING.map(path => evidenceFrom(path))
}

/** The name and digest of the stored file; where no file is stored, those of the statement. */
function evidenceFrom(path: string, filename?: string, file?: string): Evidence {
  const document = toProvenance(readVector(path))
  const subject = subjectOf(document)
  const stored = file ?? path.replace(/(\.tar\.gz|\.whl)\..*$/, '$1')
  const sha256 = existsSync(new URL(stored, vectorsFolder)) ? sha256Of(readVector(stored)) : (subject.sha256 as Sha256)
  const served =
    filename ?? (existsSync(new URL(stored, vectorsFolder)) ? stored.slice(stored.lastIndexOf('/') + 1) : subject.name)
  return { name: path, bytes: document, filename: distFilename(served), sha256 }
}

export function distFilename(text: string): DistFilename {
  const filename = parseDistFilename(text)
  if (filename === undefined) throw new Error(`not a distribution: ${text}`)
  return filename
}

/** Bare attestations are wrapped; provenance documents are as they are. */
export function toProvenance(bytes: Buffer): Buffer {
  const value = JSON.parse(bytes.toString('utf8'))
  return 'attestation_bundles' in value ? bytes : wrap(value)
}

/** A Sigstore bundle v0.3 as the provenance document that would carry it. */
export function bundleToProvenance(bytes: Buffer): Buffer {
  const { verificationMaterial: material, dsseEnvelope } = JSON.parse(bytes.toString('utf8'))
  return wrap({
    version: 1,
    verification_material: {
      certificate: material.certificate.rawBytes,
      transparency_entries: material.tlogEntries,
    },
    envelope: { statement: dsseEnvelope.payload, signature: dsseEnvelope.signatures[0].sig },
  })
}

function wrap(attestation: unknown): Buffer {
  const publisher = { kind: 'GitHub', repository: 'someone/something', workflow: 'release.yml', environment: null }
  return Buffer.from(JSON.stringify({ version: 1, attestation_bundles: [{ publisher, attestations: [attestation] }] }))
}

function subjectOf(document: Buffer): { readonly name: string; readonly sha256: string } {
  const { attestation_bundles } = JSON.parse(document.toString('utf8'))
  const statement = Buffer.from(attestation_bundles[0].attestations[0].envelope.statement, 'base64').toString('utf8')
  const [subject] = JSON.parse(statement).subject
  return { name: subject.name, sha256: subject.digest.sha256 }
}

// ---------------------------------------------------------------- manifests

interface ManifestEntry {
  readonly name: string
  readonly artifact: string
  readonly policy: Readonly<Record<string, unknown>>
  readonly expect: 'allow' | 'deny'
  readonly why: string
}

/** One line of a manifest, ready to be judged. */
export interface VectorCase extends Evidence {
  readonly expect: 'allow' | 'deny'
  readonly why: string
  readonly artifact: Artifact
  readonly policy: Policy
}

/** `derived`: real attestations in a changed wrapper, production root. `minted`: a throw-away instance, `mintedTrust`. */
export function vectorCases(set: 'derived' | 'minted'): readonly VectorCase[] {
  const entries: readonly ManifestEntry[] = JSON.parse(readVector(`${set}/manifest.json`).toString('utf8'))
  return entries.map(entry => {
    const [path = '', served] = entry.artifact.replace(')', '').split(' (serve as ')
    const filename = distFilename(served ?? path.slice(path.lastIndexOf('/') + 1))
    const sha256 = sha256Of(readVector(path))
    return {
      name: entry.name,
      bytes: readVector(`${set}/${entry.name}`),
      filename,
      sha256,
      expect: entry.expect,
      why: entry.why,
      artifact: artifactOf(filename, sha256),
      policy: policyWith(publisherOf(entry)),
    }
  })
}

export function artifactOf(filename: DistFilename, sha256: Sha256): Artifact {
  const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename.text}` as FilePath
  return {
    project: filename.project,
    filename,
    path,
    sha256,
    size: undefined,
    url: `https://files.example${path}` as UpstreamUrl,
    uploaded: undefined,
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: 'offered',
  }
}

/** A policy whose one rule, for every project, names this publisher. */
export function policyWith(publisher: Publisher): Policy {
  const rule: Rule = {
    ref: { id: 'projects[0]', file: 'vectors.yaml', line: 1 },
    match: '*',
    attestation: 'required',
    publishers: [publisher],
    predicates: { require: [], allow: ['publish/v1', 'slsa-provenance/v1'] },
    deny: undefined,
    yanked: 'allow',
    status: { archived: 'allow', deprecated: 'allow' },
  }
  return { digest: 'vectors', files: ['vectors.yaml'], warnings: [], ruleFor: () => rule, exemptionsFor: () => [] }
}

function publisherOf({ name, policy }: ManifestEntry): Publisher {
  const text = (key: string): string | undefined => (typeof policy[key] === 'string' ? policy[key] : undefined)
  const ref = text('ref')
  const demands = {
    label: 'the manifest’s',
    refs: ref === undefined ? undefined : ([ref] as const),
    environment: text('environment'),
    repositoryId: text('repositoryId'),
    ownerId: text('ownerId'),
    visibility: text('visibility') === 'public' ? ('public' as const) : undefined,
    runner: text('runner'),
    triggers: undefined,
  }
  if (policy['kind'] === 'Google') return { kind: 'google', label: demands.label, email: text('email') ?? '' }
  if (policy['kind'] === 'GitLab')
    return { kind: 'gitlab', ...demands, project: text('repository') ?? '', config: text('workflowFilepath') ?? '' }
  const builder = text('requireBuilder')?.replace('https://github.com/', '')
  // what the manifest calls a required builder is, for m72, a rule with `signer`
  const signer =
    name.startsWith('m72') && builder !== undefined ? { workflow: builder, refs: ['refs/tags/v*'] as const } : undefined
  return {
    kind: 'github',
    ...demands,
    repository: text('repository') ?? '',
    workflows: [text('workflow') ?? ''],
    signer,
  }
}
