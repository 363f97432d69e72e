import { parseSha256 } from '../../domain/base/digest.ts'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import type { Waiver } from '../../domain/base/refusal.ts'
import { remedyFor } from '../../domain/decide/admit-with.ts'
import { waiverOf } from '../../domain/decide/objection.ts'
import type { Refused, Verdict } from '../../domain/decide/verdict.ts'
import { publisherFor } from '../../domain/identity/identity.ts'
import { matchPublisher, type ObservedPublisher } from '../../domain/identity/publisher.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { createPolicy, type Policy } from '../../domain/policy/policy.ts'
import { strangerRule } from '../../domain/policy/stranger-rule.ts'
import { type AttestationIdentity, pinsFile } from '../../protocol/lockfiles/lock.ts'
import type { ObservedFile } from '../../protocol/policy/write.ts'
import type { Explanation } from './explanation.ts'
import { fileKey, isUnknown, judgeUnder, onePerFile, type Survey, type Surveyed } from './survey.ts'

/** What was seen of the files of locks, for a policy to be written from. */
export interface Observation {
  readonly files: readonly ObservedFile[]
  /** files that no rule and no exemption may admit */
  readonly leftOut: readonly LeftOut[]
  readonly unknown: readonly UnknownFile[]
}

/** A file that could not be asked for, or not be judged. */
export interface UnknownFile {
  readonly filename: string
  readonly error: GateError
}

export interface LeftOut {
  readonly filename: string
  /** a code of the catalogues, and what it is about here */
  readonly why: string
  readonly remedy: string
}

/** A policy as it is written, and as a gate reads it, beside its base where it has one. */
interface Written {
  readonly policy: Policy
}

/** A policy over what was observed, and what it makes of the very look that it was written from. */
export interface Covered<As extends Written> {
  /** `undefined` where there is nothing that a policy could admit */
  readonly written: (As & { readonly judged: readonly Surveyed[] }) | undefined
  /** every file that the policy does not admit, and those that contradict their lock */
  readonly leftOut: readonly LeftOut[]
}

/** Only looks: whoever signed may have, and nobody must. What is wrong with the evidence itself is refused as ever. */
export function observingPolicy(): Policy {
  const anybody = strangerRule('any project' as ProjectName)
  return createPolicy({
    mode: 'enforce',
    digest: '',
    files: [],
    rules: [],
    unmatched: anybody,
    barest: anybody,
    contact: undefined,
    exemptionMax: undefined,
    exemptions: [],
    revocations: [],
    roots: [],
    warnings: [],
  })
}

export function observe(surveyed: readonly Surveyed[]): Observation {
  const files: ObservedFile[] = []
  const leftOut: LeftOut[] = []
  const unknown: UnknownFile[] = []
  const locks = Map.groupBy(surveyed, it => fileKey(it.explanation.file))
  for (const it of onePerFile(surveyed)) {
    const { outcome, file } = it.explanation
    if (outcome instanceof GateError && isUnknown(it.explanation)) {
      unknown.push({ filename: file.filename, error: outcome })
      continue
    }
    const seen = observeFile(it, [...new Set(locks.get(fileKey(file))?.map(({ lock }) => lock))])
    if ('why' in seen) leftOut.push(seen)
    else files.push(seen)
  }
  return { files, leftOut, unknown }
}

/**
 * Writes until the policy admits all that it was written from. What is refused under it gets what an exemption must waive
 * besides, where the lock pins the file and an exemption may; else it is left out. Each round does one of the two to some file, so
 * that there is a last one.
 *
 * @throws GateError `unknown-…` where what is remembered of a project cannot be read
 */
export async function cover<As extends Written>(
  look: Survey,
  { files, leftOut }: Pick<Observation, 'files' | 'leftOut'>,
  write: (files: readonly ObservedFile[], leftOut: readonly LeftOut[]) => Promise<As>,
): Promise<Covered<As>> {
  if (files.length === 0) return { written: undefined, leftOut }
  const written = await write(files, leftOut)
  const judged = await judgeUnder(written.policy, look)
  const byFile = new Map(judged.map(it => [fileKey(it.explanation.file), it]))
  const amended = files.map(file => amend(file, byFile.get(fileKey(file))))
  if (amended.every((file, index) => file === files[index])) return { written: { ...written, judged }, leftOut }
  const kept = amended.flatMap(file => ('why' in file ? [] : [file]))
  const failing = amended.flatMap(file => ('why' in file ? [file] : []))
  return await cover(look, { files: kept, leftOut: [...leftOut, ...failing] }, write)
}

/** The file itself where it is admitted. */
function amend(file: ObservedFile, judged: Surveyed | undefined): ObservedFile | LeftOut {
  const outcome = judged?.explanation.outcome
  if (judged === undefined || outcome === undefined) throw new TypeError('what was observed is judged')
  if (outcome instanceof GateError) throw outcome
  const refused = refusalIn(outcome)
  if (refused === undefined) return file
  const waiver = waiverOf(refused)
  if (waiver === undefined || file.waive.includes(waiver)) return leaveOut(judged, refused)
  return isPinned(judged) ? { ...file, waive: [...file.waive, waiver] } : leaveOutUnpinned(judged, refused)
}

/** A base in audit mode lets pass what it would refuse: that is no admission to rely on. */
function refusalIn(outcome: Verdict): Refused | undefined {
  return outcome.kind === 'refused' ? outcome : outcome.facts.wouldRefuse
}

/** By its bytes or, where the lock has no sha256 of it, by its name: then an exemption pins what the index has now. */
function isPinned({ explanation: { file }, package: locked }: Surveyed): boolean {
  return pinsFile(locked, file)
}

/** What is refused whatever a policy says, or by what somebody said on purpose. */
export function leaveOut(
  { explanation }: Pick<Surveyed, 'explanation'>,
  refused: Pick<Refused, 'code' | 'detail'> & Partial<Refused>,
): LeftOut {
  return { filename: explanation.file.filename, why: `${refused.code}, ${refused.detail}`, remedy: remedyFor(refused) }
}

function leaveOutUnpinned(it: Surveyed, refused: Refused): LeftOut {
  return leaveOut(it, { ...refused, detail: `${refused.detail} The lock does not pin it, so that nothing exempts it.` })
}

function leaveOutUnlisted({ explanation }: Surveyed, { code, detail }: GateError): LeftOut {
  return { filename: explanation.file.filename, why: `${code}, ${detail}`, remedy: errorEntry(code).remedy }
}

/** The file, or why no policy should admit it. */
function observeFile(it: Surveyed, locks: readonly string[]): ObservedFile | LeftOut {
  const { explanation, package: locked } = it
  const { outcome, file } = explanation
  if (outcome instanceof GateError) return leaveOutUnlisted(it, outcome)
  const waive = outcome.kind === 'refused' ? waiverOf(outcome) : undefined
  if (outcome.kind === 'refused' && waive === undefined) return leaveOut(it, outcome)
  if (outcome.kind === 'refused' && !isPinned(it)) return leaveOutUnpinned(it, outcome)
  const digest = outcome.kind === 'admitted' ? outcome.artifact.sha256 : parseSha256(file.sha256 ?? '')
  if (digest === undefined) throw new TypeError('what a policy may waive has a sha256')
  const publisher = publisherOf(explanation)
  const disagreement = disagreesWith(locked.identities, publisher)
  if (disagreement !== undefined) return leaveOut(it, { code: 'publisher-mismatch', detail: disagreement })
  const missing: readonly Waiver[] =
    publisher !== undefined ? [] : explanation.signed === undefined ? ['attestation'] : ['identity']
  return {
    project: locked.project,
    // of several releases, a list of hashes does not tell which
    version: parseDistFilename(file.filename, locked.project)?.version ?? locked.version,
    filename: file.filename,
    sha256: digest,
    publisher,
    waive: [...new Set([...missing, ...(waive === undefined ? [] : [waive])])],
    locks,
    base: undefined,
  }
}

/**
 * What a base leaves to be written: what it admits needs nothing, and where it has a rule for the project that rule decides, so that
 * only an exemption helps. What its audit mode alone lets pass, it lacks.
 *
 * @throws GateError `unknown-…` where what is remembered of a project cannot be read
 */
export async function besideBase(
  base: Policy,
  look: Survey,
  files: readonly ObservedFile[],
): Promise<readonly ObservedFile[]> {
  const judged = new Map((await judgeUnder(base, look)).map(it => [fileKey(it.explanation.file), it]))
  return files.map(file => {
    const outcome = judged.get(fileKey(file))?.explanation.outcome
    if (outcome === undefined) throw new TypeError('what was observed is judged')
    if (outcome instanceof GateError) throw outcome
    if (refusalIn(outcome) === undefined) return { ...file, waive: [], base: 'admits' }
    const { source } = judged.get(fileKey(file))?.explanation.file ?? {}
    return base.ruleFor(file.project, source)?.match === undefined ? file : { ...file, waive: [], base: 'decides' }
  })
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
