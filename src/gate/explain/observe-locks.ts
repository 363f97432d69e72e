import { GateError } from '../../domain/base/errors.ts'
import type { Waiver } from '../../domain/base/refusal.ts'
import { waiverOf } from '../../domain/decide/objection.ts'
import { publisherFor } from '../../domain/identity/identity.ts'
import { matchPublisher, type ObservedPublisher } from '../../domain/identity/publisher.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { createPolicy, type Policy } from '../../domain/policy/policy.ts'
import { strangerRule } from '../../domain/policy/stranger-rule.ts'
import type { AttestationIdentity } from '../../protocol/lockfiles/lock.ts'
import type { ObservedFile } from '../../protocol/policy/write.ts'
import type { Explanation } from './explain.ts'
import { isUnknown, type Surveyed, uniqueFiles } from './survey.ts'

/** What was seen of the files of locks, for a policy to be written from. */
export interface Observation {
  readonly files: readonly ObservedFile[]
  /** files that no rule and no exemption may admit, each with the reason */
  readonly failed: readonly string[]
  readonly unknown: readonly GateError[]
}

/** Only looks: whoever signed may have, and nobody must. What is wrong with the evidence itself is refused as ever. */
export function observingPolicy(): Policy {
  const rule = strangerRule('any project' as ProjectName)
  return createPolicy({
    mode: 'enforce',
    digest: '',
    files: [],
    rules: [],
    unmatched: { ...rule, regression: { ...rule.regression, addedLate: 'deny' } },
    exemptions: [],
    revocations: [],
    roots: [],
    warnings: [],
  })
}

export function observe(surveyed: readonly Surveyed[]): Observation {
  const files: ObservedFile[] = []
  const failed: string[] = []
  const unknown: GateError[] = []
  for (const it of uniqueFiles(surveyed)) {
    const { outcome } = it.explanation
    if (outcome instanceof GateError && isUnknown(it.explanation)) {
      unknown.push(outcome)
      continue
    }
    const seen = observeFile(it)
    if (typeof seen === 'string') failed.push(`${it.explanation.file.filename}: ${seen}`)
    else files.push(seen)
  }
  return { files, failed, unknown }
}

/** The file, or why no policy should admit it. */
function observeFile({ explanation, package: locked }: Surveyed): ObservedFile | string {
  const { outcome, file } = explanation
  if (outcome instanceof GateError) return outcome.detail
  const { sha256, filename } = file
  const artifact = outcome.kind === 'admitted' ? outcome.artifact : undefined
  const digest = artifact?.sha256 ?? locked.files.find(it => it.sha256 === sha256)?.sha256
  const waive = outcome.kind === 'refused' ? waiverOf({ code: outcome.code, detail: '' }) : undefined
  if (outcome.kind === 'refused' && waive === undefined) return `${outcome.code}, ${outcome.detail}`
  if (digest === undefined) return 'the lock does not pin it, and it is not admitted'
  const publisher = publisherOf(explanation)
  const disagreement = disagreesWith(locked.identities, publisher)
  if (disagreement !== undefined) return disagreement
  const missing: readonly Waiver[] =
    publisher !== undefined ? [] : explanation.signed === undefined ? ['attestation'] : ['identity']
  return {
    project: locked.project,
    version: locked.version,
    filename,
    sha256: digest,
    publisher,
    waive: [...new Set([...missing, ...(waive === undefined ? [] : [waive])])],
  }
}

function publisherOf({ signed }: Explanation): ObservedPublisher | undefined {
  if (signed === undefined) return undefined
  const publisher = publisherFor(signed.attestations[0].facts.claims)
  if (publisher === undefined) return undefined
  return signed.attestations.every(({ facts }) => matchPublisher(publisher, facts).matched) ? publisher : undefined
}

/** A lock that names publishers (PEP 751) is believed against what is observed, never for it. */
function disagreesWith(
  identities: readonly AttestationIdentity[],
  publisher: ObservedPublisher | undefined,
): string | undefined {
  if (identities.length === 0 || identities.some(identity => isSame(identity, publisher))) return undefined
  const named = identities.map(({ kind, claims }) => `${kind} ${Object.values(claims).join(' ')}`).join(' or ')
  const found = publisher === undefined ? 'nobody whom a rule can name signed it' : `${describe(publisher)} signed it`
  return `the lock names ${JSON.stringify(named)} as its publisher, but ${found}`
}

function isSame({ kind, claims }: AttestationIdentity, publisher: ObservedPublisher | undefined): boolean {
  switch (publisher?.kind) {
    case 'github':
      return (
        kind === 'GitHub' &&
        claims['repository'] === publisher.repository &&
        claims['workflow'] === publisher.workflows[0] &&
        isUnsaidOr(claims['environment'], publisher.environment)
      )
    case 'gitlab':
      return (
        kind === 'GitLab' &&
        claims['repository'] === publisher.project &&
        isUnsaidOr(claims['workflow_filepath'] ?? claims['workflow'], publisher.config)
      )
    case 'google':
      return kind === 'Google' && claims['email'] === publisher.email
    case 'circleci':
      return (
        kind === 'CircleCI' &&
        claims['project_id'] === publisher.projectId &&
        claims['pipeline_definition_id'] === publisher.pipelineDefinitionId
      )
    case undefined:
      return false
    default:
      return publisher satisfies never
  }
}

/** Certificates from before November 2025 do not say the environment, and locks need not. */
function isUnsaidOr(claim: string | undefined, proved: string | undefined): boolean {
  return claim === undefined || proved === undefined || claim === proved
}

function describe(publisher: ObservedPublisher): string {
  if (publisher.kind === 'google') return publisher.email
  if (publisher.kind === 'circleci') return `CircleCI project ${publisher.projectId}`
  return publisher.kind === 'github' ? `${publisher.repository} ${publisher.workflows[0]}` : publisher.project
}
