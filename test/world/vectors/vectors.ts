import { existsSync, readFileSync } from 'node:fs'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { PREDICATE_TYPES } from '../../../src/domain/identity/attestation.ts'
import type { Artifact, FilePath, UpstreamUrl } from '../../../src/domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import type { TrustMaterial } from '../../../src/ports/trust.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { noRoots } from '../judging/roots.ts'
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

/** Evidence of a real file, and who may publish it; `undefined` where the signer is nobody that a policy can name. */
export interface RealEvidence extends Evidence {
  readonly publisher: PublisherText | undefined
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

/** Who really signed, by the project of the file. */
const SIGNERS: Readonly<Record<string, PublisherText>> = {
  'gitlab-oidc-project': { kind: 'gitlab', project: 'facutuesca/gitlab-oidc-project', config: '.gitlab-ci.yml' },
  'pypi-attestation-models': github('trailofbits/pypi-attestation-models'),
  'pypi-attestations': github('trailofbits/pypi-attestations'),
  sigstore: github('sigstore/sigstore-python'),
  'gcb-attestation-test': google('919436158236-compute@developer.gserviceaccount.com'),
  'pep740-sampleproject': { kind: 'gitlab', project: 'pep740-example/sampleproject', config: '.gitlab-ci.yml' },
  sampleproject: github('pypa/sampleproject'),
  abi3info: github('woodruffw/abi3info'),
}

/** Files that somebody else than their publisher signed. */
const STRANGERS: Readonly<Record<string, PublisherText | undefined>> = {
  'pypi-attestations-newer/pypi_attestations-0.0.19.tar.gz.publish.attestation.with_timestamp': undefined,
  'warehouse/sampleproject-3.0.0.tar.gz.publish.attestation': google(
    '919436158236-compute@developer.gserviceaccount.com',
  ),
}

function github(repository: string): PublisherText {
  return { kind: 'github', repository, workflow: 'release.yml' }
}

function google(email: string): PublisherText {
  return { kind: 'google', email }
}

export function realEvidence(): readonly RealEvidence[] {
  return REAL.map(([path, filename, file]) => {
    const { project } = distFilename(filename ?? subjectOf(toProvenance(readVector(path))).name)
    const publisher = path in STRANGERS ? STRANGERS[path] : SIGNERS[project]
    return { ...evidenceFrom(path, filename, file, objectFor(publisher)), publisher }
  })
}

export function stagingEvidence(): readonly Evidence[] {
  return STAGING.map(path => evidenceFrom(path))
}

/** The `publisher` object that an index would write. */
function objectFor(publisher: PublisherText | undefined): PublisherText | undefined {
  if (publisher?.['kind'] === 'google') return { kind: 'Google', email: publisher['email'] }
  if (publisher?.['kind'] === 'gitlab')
    return { kind: 'GitLab', repository: publisher['project'], workflow_filepath: publisher['config'] }
  if (publisher === undefined) return undefined
  return { kind: 'GitHub', repository: publisher['repository'], workflow: publisher['workflow'], environment: null }
}

/** The name and digest of the stored file; where no file is stored, those of the statement. */
function evidenceFrom(path: string, filename?: string, file?: string, publisher?: PublisherText): Evidence {
  const document = toProvenance(readVector(path), publisher)
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
export function toProvenance(bytes: Buffer, publisher?: PublisherText): Buffer {
  const value = JSON.parse(bytes.toString('utf8'))
  return 'attestation_bundles' in value ? bytes : wrap(value, publisher)
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

const SOMEONE = { kind: 'GitHub', repository: 'someone/something', workflow: 'release.yml', environment: null }

function wrap(attestation: unknown, publisher: PublisherText = SOMEONE): Buffer {
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
      policy: policyNaming(publisherOf(entry), predicatesOf(entry)),
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

/** What stands under `publishers` in a policy file. */
export type PublisherText = Readonly<Record<string, unknown>>

/** A policy file, compiled, whose one rule names this publisher for every project. */
export function policyNaming(publisher: PublisherText, more: Readonly<Record<string, unknown>> = {}): Policy {
  // JSON is YAML; what is undefined is left out
  const text = JSON.stringify({ version: 1, projects: [{ match: '*', publishers: [publisher], ...more }] })
  const loaded = loadPolicy([{ path: 'vectors.yaml', text }], LOADED, noRoots)
  if ('diagnostics' in loaded) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  return loaded.policy
}

const LOADED = instant(Date.parse('2026-11-24T00:00:00Z'))

function publisherOf({ name, policy }: ManifestEntry): PublisherText {
  const { repository, workflow, repositoryId: id, ref, environment, visibility, runner, requireBuilder } = policy
  const demands = { ref, environment, owner_id: policy['ownerId'], visibility, runner }
  if (policy['kind'] === 'Google') return { kind: 'google', email: policy['email'] }
  if (policy['kind'] === 'GitLab')
    return { kind: 'gitlab', project: repository, config: policy['workflowFilepath'], project_id: id, ...demands }
  // what the manifest calls a required builder is, for m72, a rule with `signer`
  const signer =
    name.startsWith('m72') && typeof requireBuilder === 'string'
      ? { workflow: requireBuilder.replace('https://github.com/', ''), ref: 'refs/tags/v*' }
      : undefined
  return { kind: 'github', repository, workflow, repository_id: id, ...demands, signer }
}

function predicatesOf({ policy }: ManifestEntry): Readonly<Record<string, unknown>> {
  const required = policy['requirePredicate']
  if (!Array.isArray(required)) return {}
  return { predicates: { require: required.map(uri => PREDICATE_TYPES[String(uri)]) } }
}
