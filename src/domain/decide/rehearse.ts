import { type Sha256, sha256Of } from '../base/digest.ts'
import { type Instant, instant } from '../base/instant.ts'
import type { RefusalCode } from '../base/refusal.ts'
import type { SourceName } from '../base/source-name.ts'
import {
  type AttestationFacts,
  type Finding,
  type PublisherObject,
  type TrustRootName,
  VerifiedAttestation,
} from '../identity/attestation.ts'
import { circleciClaims } from '../identity/circleci.ts'
import { type Claims, optionalClaims } from '../identity/claims.ts'
import {
  GITHUB,
  GITHUB_ISSUER,
  GITLAB,
  GITLAB_ISSUER,
  GOOGLE_ISSUER,
  type Publisher,
  type WorkflowRef,
} from '../identity/publisher.ts'
import { signerKeyOf } from '../identity/signer.ts'
import { createHistory, type SeenFile } from '../memory/history.ts'
import type { Artifact, FilePath, ProjectStatus, UpstreamUrl } from '../packaging/artifact.ts'
import type { DistFilename } from '../packaging/filename.ts'
import type { Policy } from '../policy/policy.ts'
import { decide } from './decide.ts'

/** A file as a policy's own test imagines it. */
export interface Rehearsal {
  readonly file: DistFilename
  /** `undefined`: unattested */
  readonly attestedBy: Publisher | undefined
  /** who signs SLSA provenance besides */
  readonly builtBy: WorkflowRef | undefined
  /** `undefined`: nobody knows */
  readonly source: SourceName | undefined
  readonly sha256: Sha256 | undefined
  readonly uploaded: Instant | undefined
  readonly yanked: boolean
  readonly status: ProjectStatus
  /** files of the project that were seen attested before */
  readonly attestedBefore: readonly DistFilename[]
  readonly firstSignedBy: Publisher | undefined
}

/** What would become of it; no permission comes of a rehearsal. */
export interface Rehearsed {
  readonly code: RefusalCode | undefined
  readonly detail: string
}

const DAY = 86_400_000

/** Decides about an imagined file as the gate would about a real one. */
export function rehearse(rehearsal: Rehearsal, policy: Policy, now: Instant): Rehearsed {
  const verdict = decide(
    artifactOf(rehearsal),
    findingOf(rehearsal, now),
    policy,
    createHistory(seenBefore(rehearsal, now)),
    now,
  )
  if (verdict.kind === 'refused') return { code: verdict.code, detail: verdict.detail }
  const { wouldRefuse, by } = verdict.facts
  // a test says what the policy means, whether it is enforced yet or not
  return { code: wouldRefuse?.code, detail: wouldRefuse?.detail ?? `admitted by ${by}` }
}

function artifactOf({ file, source, sha256 = sha256Of(file.text), uploaded, yanked, status }: Rehearsal): Artifact {
  return {
    project: file.project,
    ...(source === undefined ? {} : { source }),
    filename: file,
    path: `/packages/00/00/${'0'.repeat(60)}/${file.text}` as FilePath,
    sha256,
    size: undefined,
    url: `file:///${file.text}` as UpstreamUrl,
    uploaded,
    yanked,
    status,
    coreMetadata: undefined,
    provenance: 'unsaid',
  }
}

function findingOf({ file, attestedBy, builtBy, uploaded }: Rehearsal, now: Instant): Finding {
  if (attestedBy === undefined) return { kind: 'unattested', said: 'integrity' }
  const claims = claimsOf(attestedBy, file.version)
  const facts: AttestationFacts = {
    predicateType: 'publish/v1',
    claims,
    root: rootOf(attestedBy),
    signedAt: uploaded ?? now,
    logIndex: '0',
    leafSha256: sha256Of(''),
    contradiction: undefined,
    uncompared: undefined,
  }
  const built = builtBy === undefined ? undefined : `${GITHUB}${builtBy.workflow}@${example(builtBy.refs[0], '1.0.0')}`
  const attestation = VerifiedAttestation.mint(facts)
  const provenance =
    built === undefined
      ? []
      : [
          VerifiedAttestation.mint({
            ...facts,
            predicateType: 'slsa-provenance/v1',
            claims: { ...claims, buildSignerUri: built, san: { kind: 'uri', value: built } },
          }),
        ]
  return {
    kind: 'attested',
    bundles: [{ publisher: objectOf(attestedBy), attestations: [attestation, ...provenance] }],
    provenanceSha256: sha256Of(''),
  }
}

function seenBefore({ file, attestedBefore, firstSignedBy }: Rehearsal, now: Instant): readonly SeenFile[] {
  const before = instant(now - DAY)
  const seen = attestedBefore.map(({ text, version }): SeenFile => {
    return {
      filename: text,
      version,
      uploaded: undefined,
      firstSeen: before,
      lastSeen: before,
      absent: undefined,
      missed: undefined,
      offered: before,
      proof: undefined,
      isFleeting: false,
    }
  })
  if (firstSignedBy === undefined) return seen
  const claims = claimsOf(firstSignedBy, file.version)
  const root = rootOf(firstSignedBy)
  const proof = { signer: signerKeyOf(claims, root), claims, root, at: before, signedAt: before }
  const [first, ...others] = seen
  // somebody signed some file of the project; which is nobody's business
  const some: SeenFile = first ?? {
    filename: `an earlier file of ${file.project}`,
    version: file.version,
    uploaded: undefined,
    firstSeen: before,
    lastSeen: before,
    absent: undefined,
    missed: undefined,
    offered: undefined,
    proof: undefined,
    isFleeting: false,
  }
  return [{ ...some, proof }, ...others]
}

function rootOf(publisher: Publisher): TrustRootName {
  return publisher.kind === 'custom' ? publisher.root : 'sigstore'
}

/** Claims as they would be if exactly this publisher signed; what it does not pin is something ordinary. */
function claimsOf(publisher: Publisher, version: string): Claims {
  if (publisher.kind === 'google')
    return { ...NOTHING, issuer: GOOGLE_ISSUER, san: { kind: 'email', value: publisher.email } }
  if (publisher.kind === 'custom') {
    const kind = publisher.san.includes('://') ? 'uri' : 'email'
    return { ...NOTHING, issuer: publisher.issuer, san: { kind, value: publisher.san } }
  }
  const ref = example(publisher.refs?.[0] ?? 'refs/tags/v*', version)
  if (publisher.kind === 'circleci') return { ...NOTHING, ...circleciClaims(publisher, ref) }
  const github = publisher.kind === 'github'
  const repository = github
    ? `${GITHUB}${publisher.repository.replace(/\/\*$/, '/example')}`
    : `${GITLAB}${publisher.project}`
  const path = github
    ? `/.github/workflows/${publisher.workflows[0] === '*' ? 'release.yml' : publisher.workflows[0]}`
    : `//${publisher.config}`
  const config = `${repository}${path}@${ref}`
  const signer = github ? publisher.signer : undefined
  const signerUri = signer === undefined ? config : `${GITHUB}${signer.workflow}@${example(signer.refs[0], version)}`
  return {
    ...NOTHING,
    issuer: github ? GITHUB_ISSUER : GITLAB_ISSUER,
    san: { kind: 'uri', value: signerUri },
    buildSignerUri: signerUri,
    runnerEnvironment: publisher.runner ?? (github ? 'github-hosted' : 'gitlab-hosted'),
    sourceRepositoryUri: repository,
    sourceRepositoryDigest: '0'.repeat(40),
    sourceRepositoryRef: ref,
    sourceRepositoryId: publisher.repositoryId ?? '0',
    sourceRepositoryOwnerId: publisher.ownerId ?? '0',
    buildConfigUri: config,
    buildTrigger: publisher.triggers?.[0] ?? 'push',
    runInvocationUri: `${repository}/actions/runs/0/attempts/1`,
    sourceRepositoryVisibility: publisher.visibility ?? 'public',
    deploymentEnvironment: publisher.environment,
  }
}

/** A ref that the glob matches. */
function example(glob: string, version: string): string {
  return glob.replace('*', version).replaceAll('*', '')
}

function objectOf(publisher: Publisher): PublisherObject {
  const nothing = { repository: undefined, workflow: undefined, email: undefined, environment: undefined }
  switch (publisher.kind) {
    case 'github': {
      const [workflow] = publisher.workflows
      return {
        ...nothing,
        kind: 'GitHub',
        repository: publisher.repository.replace(/\/\*$/, '/example'),
        workflow: workflow === '*' ? 'release.yml' : workflow,
      }
    }
    case 'gitlab':
      return { ...nothing, kind: 'GitLab', repository: publisher.project, workflow: publisher.config }
    case 'google':
      return { ...nothing, kind: 'Google', email: publisher.email }
    case 'circleci':
      return { ...nothing, kind: 'CircleCI', project: publisher.projectId, workflow: publisher.pipelineDefinitionId }
    case 'custom':
      return { ...nothing, kind: 'custom' }
    default:
      return publisher satisfies never
  }
}

const NOTHING: Claims = {
  san: { kind: 'uri', value: '' },
  issuer: '',
  ...optionalClaims(() => undefined),
}
