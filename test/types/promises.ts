/**
 * What must not compile, each with the line that would do it. The compiler complains about an `@ts-expect-error` that
 * expects nothing, so a promise that stops being kept by the types is an error here. Nothing of this runs.
 */
import type { Readable } from 'node:stream'
import type { Sha256 } from '../../src/domain/base/digest.ts'
import { GateError } from '../../src/domain/base/errors.ts'
import type { Clock, Instant, Millis } from '../../src/domain/base/instant.ts'
import { decide } from '../../src/domain/decide/decide.ts'
import { Admitted, type Refused, type Verdict } from '../../src/domain/decide/verdict.ts'
import { type BundleResult, type Finding, VerifiedAttestation } from '../../src/domain/identity/attestation.ts'
import type { Claims } from '../../src/domain/identity/claims.ts'
import { matchPublisher, type Publisher } from '../../src/domain/identity/publisher.ts'
import type { Findings } from '../../src/domain/memory/findings.ts'
import type { History } from '../../src/domain/memory/history.ts'
import type { Artifact, FilePath, UpstreamUrl } from '../../src/domain/packaging/artifact.ts'
import type { DistFilename } from '../../src/domain/packaging/filename.ts'
import type { ProjectName } from '../../src/domain/packaging/name.ts'
import type { Exemption, Policy, Rule } from '../../src/domain/policy/policy.ts'
import type { OpenFile } from '../../src/gate/files/open-file.ts'
import { VerifiedFile } from '../../src/gate/files/verified-file.ts'
import type { Gate } from '../../src/gate/gate.ts'
import type { Exchange } from '../../src/http/exchange/exchange.ts'
import type { Serving } from '../../src/http/exchange/settings.ts'
import { sendFile } from '../../src/http/packages/send-file.ts'
import type { OpenBlob } from '../../src/ports/blobs.ts'
import type { Index, Origin, Untrusted } from '../../src/ports/outward.ts'
import type { TrustMaterial, TrustRoots, Verifier } from '../../src/ports/trust.ts'

// ---------------------------------------------------------------- names are parsed, not spelled

export async function rawText(gate: Gate, index: Index, policy: Policy, artifact: Artifact): Promise<void> {
  // @ts-expect-error a string is no project name
  await gate.page('requests', 'json')
  // @ts-expect-error a string is no path
  await gate.locate('/packages/aa/bb/cc/demo-1.0.tar.gz')
  // @ts-expect-error a string is no file name
  await gate.locateByName(artifact.project, 'demo-1.0.tar.gz')
  // @ts-expect-error a string is no project name
  await index.project('Requests')
  // @ts-expect-error rules are looked up by normalised name
  policy.ruleFor('Requests')
  // @ts-expect-error so are exemptions
  policy.exemptionsFor('Requests')
  // @ts-expect-error a string is no digest
  const digest: Sha256 = 'a'.repeat(64)
  // @ts-expect-error a string is no URL of a configured origin
  const url: UpstreamUrl = 'https://files.example/demo-1.0.tar.gz'
  // @ts-expect-error a path is no project name, although both are text
  const name: ProjectName = artifact.path
  // @ts-expect-error a digest is no path
  const path: FilePath = artifact.sha256
  // @ts-expect-error an object with the right keys was not parsed
  const dist: DistFilename = { kind: 'sdist', text: 'a-1.tar.gz', project: 'a', version: '1', extension: '.tar.gz' }
  void [digest, url, name, path, dist]
}

export function rawTime(now: Instant, life: Millis): void {
  // @ts-expect-error a number is no moment
  const at: Instant = 0
  // @ts-expect-error a length of time is no moment
  const moment: Instant = life
  // @ts-expect-error a moment is no length of time
  const length: Millis = now
  // @ts-expect-error the platform's clock is read in one place
  const clock: Clock = Date.now
  void [at, moment, length, clock]
}

// ---------------------------------------------------------------- permission is an object that was handed over

export async function permission(gate: Gate, verdict: Verdict, refused: Refused, admitted: Admitted): Promise<void> {
  // @ts-expect-error a verdict may be a refusal
  await gate.open(verdict)
  // @ts-expect-error a refusal is no admission
  await gate.open(refused)
  // @ts-expect-error an artifact is no admission
  await gate.open(admitted.artifact)
  // @ts-expect-error an object that looks like one is none
  await gate.open({ kind: 'admitted', facts: admitted.facts, artifact: admitted.artifact })
  // @ts-expect-error a refusal has no metadata to give
  await gate.metadata(verdict)
  // @ts-expect-error nobody makes one but its minting place
  new Admitted(admitted.facts)
  // @ts-expect-error a promise of a verdict is not one
  await gate.open(gate.judge(admitted.artifact))
  // @ts-expect-error what it is about cannot be swapped afterwards
  admitted.facts.artifact = admitted.artifact
  if (verdict.kind === 'admitted') await gate.open(verdict)
}

export function proof(attestation: VerifiedAttestation, claims: Claims, publisher: Publisher): void {
  // @ts-expect-error nobody makes one but its minting places
  new VerifiedAttestation(attestation.facts)
  // @ts-expect-error an object that looks like one is none
  const forged: VerifiedAttestation = { facts: attestation.facts }
  // @ts-expect-error all of nothing is not something
  const nothing: BundleResult['attestations'] = []
  // @ts-expect-error a document without a bundle proves nothing
  const empty: Finding = { kind: 'attested', bundles: [], provenanceSha256: attestation.facts.leafSha256 }
  // @ts-expect-error an identity is what a certificate proves, not a text that looks like it
  matchPublisher(publisher, 'https://github.com/acme/demo/.github/workflows/release.yml@refs/heads/main')
  // @ts-expect-error a policy has a publisher to compare with
  matchPublisher(undefined, { claims, root: 'sigstore' })
  void [forged, nothing, empty]
}

// ---------------------------------------------------------------- nothing is optional where it decides

export function deciding(
  artifact: Artifact,
  finding: Finding,
  policy: Policy,
  history: History,
  now: Instant,
  rule: Rule,
): void {
  // @ts-expect-error without a time no exemption ends
  decide(artifact, finding, policy, history)
  // @ts-expect-error what was never asked is no history
  decide(artifact, finding, policy, undefined, now)
  // @ts-expect-error without a policy nothing is decided
  decide(artifact, finding, undefined, history, now)
  // @ts-expect-error what was not asked is not a finding
  decide(artifact, undefined, policy, history, now)
  // @ts-expect-error "no publisher" is said with undefined, and an empty list is nothing
  const nobody: Rule['publishers'] = []
  // @ts-expect-error an exemption that waives nothing is none
  const waive: Exemption['waive'] = []
  // @ts-expect-error nothing allowed is not everything
  const predicates: Rule['predicates'] = { require: [], allow: [] }
  // @ts-expect-error a policy in force does not change
  rule.attestation = 'optional'
  // @ts-expect-error an artifact does not change
  artifact.sha256 = 'x' as Sha256
  void [nobody, waive, predicates]
}

export async function verifying(verifier: Verifier, document: Parameters<Verifier['verify']>[0]): Promise<void> {
  // @ts-expect-error there is no verifying without a trust root
  await verifier.verify(document)
  const root = { digest: 'x', json: '{}' } satisfies TrustMaterial
  // @ts-expect-error which roots are in force is always said whole
  await verifier.verify(document, root)
  const trust = { sigstore: root, custom: [] } satisfies TrustRoots
  const finding = await verifier.verify(document, trust)
  // @ts-expect-error a verifier cannot say "there is none"
  finding.kind satisfies 'unattested'
}

export function remembering(findings: Findings, key: Parameters<Findings['get']>[0], found: Instant): void {
  // @ts-expect-error what could not be asked is never remembered
  findings.put(key, { finding: { kind: 'unasked' }, found })
  // @ts-expect-error a finding without its moment never grows old
  findings.put(key, { finding: { kind: 'unattested', said: 'index' } })
  // @ts-expect-error nor does one that nobody said
  findings.put(key, { finding: { kind: 'unattested' }, found })
}

// ---------------------------------------------------------------- bytes from outside cannot be sent

export async function sending(
  origin: Origin,
  artifact: Artifact,
  route: { readonly serving: Serving; readonly exchange: Exchange },
  blob: OpenBlob,
): Promise<void> {
  const { serving, exchange } = route
  const leave = { mayLeave: async () => true, given: () => {} }
  const body = await origin.file(artifact, AbortSignal.timeout(1))
  // @ts-expect-error what came from outside is no stream until it was unwrapped
  const stream: Readable = body
  // @ts-expect-error and hides what it holds
  void body.body
  // @ts-expect-error it is nothing that can be sent
  await sendFile(serving, exchange, body, leave)
  // @ts-expect-error nor is a stream
  await sendFile(serving, exchange, body.value.body, leave)
  // @ts-expect-error nor a blob without the proof that belongs to it
  await sendFile(serving, exchange, { kind: 'stored', blob }, leave)
  const forged = { sha256: blob.sha256, size: 1, filename: 'x' }
  // @ts-expect-error a proof is minted, not written down
  await sendFile(serving, exchange, { kind: 'stored', blob, file: forged }, leave)
  // @ts-expect-error nor constructed
  new VerifiedFile({ sha256: blob.sha256, size: 1, filename: 'x' })
  // @ts-expect-error wrapping is for what comes in, and has one place
  const wrapped: Untrusted<string> = { value: 'x' }
  void [stream, wrapped]
}

export function opened(file: OpenFile): void {
  // @ts-expect-error a file that is still coming has no blob to cut a range from
  void file.blob
  // @ts-expect-error and one that is here has nothing to wait for
  void file.stored
}

// ---------------------------------------------------------------- errors come from the catalogue

export function failing(refused: Refused): void {
  // @ts-expect-error no such code
  new GateError('unknown-something', 'x')
  // @ts-expect-error a refusal is no error
  new GateError('unattested', 'x')
  // @ts-expect-error an error is no refusal
  refused.code satisfies 'unknown-upstream'
  // @ts-expect-error an error says what was expected and found
  new GateError('unknown-upstream')
}
