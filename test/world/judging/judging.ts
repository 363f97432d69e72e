import { nonEmpty } from '../../../src/domain/base/brand.ts'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, parseInstant } from '../../../src/domain/base/instant.ts'
import {
  type AttestationFacts,
  type BundleResult,
  type Finding,
  type PublisherObject,
  VerifiedAttestation,
} from '../../../src/domain/identity/attestation.ts'
import type { Claims } from '../../../src/domain/identity/claims.ts'
import type { Artifact, FilePath, UpstreamUrl } from '../../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { githubClaims } from './claims.ts'
import { noRoots } from './roots.ts'

/** The moment at which these tests judge. */
export const NOW = parseInstant('2026-11-24T12:00:00Z') ?? instant(0)

/** A listed file of the project `pkg`, with what a test changes. */
export function listed(filename = 'pkg-1.0.0.tar.gz', changes: Partial<Artifact> = {}): Artifact {
  const dist = parseDistFilename(filename)
  if (dist === undefined) throw new TypeError(`not a distribution: ${filename}`)
  const sha256 = sha256Of(filename)
  return {
    project: dist.project,
    filename: dist,
    path: `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}` as FilePath,
    sha256,
    size: 100,
    url: `https://files.example/${filename}` as UpstreamUrl,
    uploaded: undefined,
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: 'offered',
    ...changes,
  }
}

export function policyOf(text: string): Policy {
  const loaded = loadPolicy([{ path: 'policy.yaml', text }], NOW, noRoots)
  if ('diagnostics' in loaded) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  return loaded.policy
}

export const ACME_OBJECT: PublisherObject = {
  kind: 'GitHub',
  repository: 'acme/pkg',
  workflow: 'release.yml',
  email: undefined,
  environment: undefined,
}

/** One bundle with one attestation by acme/pkg, unless a test says otherwise. */
export function bundle(
  options: {
    readonly object?: Partial<PublisherObject>
    readonly claims?: Claims
    readonly facts?: readonly Partial<AttestationFacts>[]
  } = {},
): BundleResult {
  const attestations = nonEmpty(
    (options.facts ?? [{}]).map(facts =>
      VerifiedAttestation.mint({
        predicateType: 'publish/v1',
        claims: options.claims ?? githubClaims(),
        root: 'sigstore',
        signedAt: NOW,
        logIndex: '1',
        leafSha256: sha256Of('leaf'),
        contradiction: undefined,
        uncompared: undefined,
        ...facts,
      }),
    ),
  )
  if (attestations === undefined) throw new TypeError('a bundle has an attestation')
  return { publisher: { ...ACME_OBJECT, ...options.object }, attestations }
}

export function attested(...bundles: readonly BundleResult[]): Extract<Finding, { kind: 'attested' }> {
  return { kind: 'attested', bundles: nonEmpty(bundles) ?? [bundle()], provenanceSha256: sha256Of('provenance') }
}

export const UNATTESTED: Finding = { kind: 'unattested', said: 'integrity' }
export const UNASKED: Finding = { kind: 'unasked' }
