import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { waiverOf } from '../../domain/decide/objection.ts'
import type { Verdict } from '../../domain/decide/verdict.ts'
import type { VerifiedAttestation } from '../../domain/identity/attestation.ts'
import { publisherFor } from '../../domain/identity/identity.ts'
import { matchPublisher, type ObservedPublisher, type Publisher } from '../../domain/identity/publisher.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy, Rule } from '../../domain/policy/policy.ts'
import {
  addExemptions,
  type ExemptionTerms,
  type PinNeed,
  type PinnedNeed,
} from '../../protocol/amend/add-exemptions.ts'
import { addPublishers, type NamedSigner, type ProjectNeed } from '../../protocol/amend/add-publishers.ts'
import type { DocumentPlace, PolicyTexts } from '../../protocol/amend/policy-texts.ts'
import type { PolicyContents } from '../../protocol/policy/compile.ts'
import type { ObservedFile } from '../../protocol/policy/write.ts'
import { mergeAll } from '../../protocol/policy/write-publishers.ts'
import type { Explain } from './explain.ts'
import { cover, type LeftOut, leaveOut, observe, type UnknownFile } from './observe-locks.ts'
import { fileKey, judgeUnder, onePerFile, type Survey, type Surveyed } from './survey.ts'

/** A policy that is to change: what it says, and its texts. */
export interface Growing {
  readonly texts: PolicyTexts
  readonly policy: Policy
  readonly contents: PolicyContents
}

/** What came into a policy. */
export interface Extended extends Growing {
  readonly named: readonly NamedSigner[]
  /** projects that got a rule which names nobody */
  readonly bare: readonly ProjectName[]
  readonly pinned: readonly PinnedNeed[]
  /** ids of exemptions that are new */
  readonly exemptions: readonly string[]
  /** what it does not admit still */
  readonly leftOut: readonly LeftOut[]
}

export interface ExtendTerms extends Omit<ExemptionTerms, 'exemptions' | 'used'> {
  readonly into: DocumentPlace
  /** Reads texts as a gate would; throws where they are no policy. */
  compile(texts: PolicyTexts): Growing
}

/**
 * Adds to a policy what the files of a look need that it refuses: publishers and rules for what somebody signed, pins for the
 * rest. What fails, what a rule denies and what an ended exemption is about is left out. Nothing that was admitted is refused
 * afterwards. The look was made under no policy.
 *
 * @throws the first `unknown-…` of a file that could not be determined
 */
export async function extendPolicy(
  look: Survey,
  growing: Growing,
  explain: Pick<Explain, 'history'>,
  terms: ExtendTerms,
): Promise<Extended> {
  const judged = onePerFile(await judgeUnder(enforcing(growing.policy), look))
  const refused = judged.filter(
    ({ explanation: { outcome } }) => outcome instanceof GateError || outcome.kind === 'refused',
  )
  const decided = refused.flatMap(it => (isDecided(it) ? [leaveOut(it, codeOf(it))] : []))
  const open = new Set(refused.flatMap(it => (isDecided(it) ? [] : [fileKey(it.explanation.file)])))
  const { files, leftOut, unknown } = observe(look.filter(it => open.has(fileKey(it.explanation.file))))
  throwUnknown(unknown)
  const scene: Scene = { ...growing, explain, judged: new Map(judged.map(it => [fileKey(it.explanation.file), it])) }
  const needed = files.map(file => asRefused(file, scene))
  const used = new Set(look.map(it => it.package.project))
  const { written, leftOut: left } = await cover(look, { files: needed, leftOut }, async observed => {
    const grown = await grow(scene, observed, { ...terms, used, exemptions: growing.contents.exemptions })
    const compiled = terms.compile(grown.texts)
    return { ...grown, compiled, policy: enforcing(compiled.policy) }
  })
  const told = { leftOut: [...decided, ...left] }
  if (written === undefined) return { ...growing, ...told, ...NOTHING }
  assertNoneLost(judged, written.judged)
  const { compiled, named, bare, pinned, exemptions } = written
  return { ...told, ...compiled, named, bare, pinned, exemptions }
}

const NOTHING = { named: [], bare: [], pinned: [], exemptions: [] }

function throwUnknown(unknown: readonly UnknownFile[]): void {
  const worst = unknown.toSorted((a, b) => errorEntry(b.error.code).exit - errorEntry(a.error.code).exit)
  const [first] = worst
  if (first === undefined) return
  const more = unknown.length === 1 ? '' : `, and ${unknown.length - 1} more cannot be determined`
  throw new GateError(first.error.code, `${first.filename}: ${first.error.detail}${more}: nothing is written`)
}

/** What a policy in `audit` mode would refuse counts as refused. */
export function enforcing(policy: Policy): Policy {
  return { ...policy, mode: 'enforce' }
}

type Refusal = Extract<Verdict, { kind: 'refused' }>

/** Nothing that is observed may overcome it: it fails, or somebody has said so. */
function isDecided({ explanation: { outcome } }: Surveyed): boolean {
  if (outcome instanceof GateError || outcome.kind === 'admitted') return false
  return outcome.code !== 'no-rule' && waiverOf(outcome) === undefined
}

function codeOf({ explanation: { outcome } }: Surveyed): Pick<Refusal, 'code' | 'detail'> {
  if (outcome instanceof GateError || outcome.kind === 'admitted') throw new TypeError('what is decided is refused')
  return outcome
}

interface Scene extends Growing {
  readonly explain: Pick<Explain, 'history'>
  /** by the policy as it is */
  readonly judged: ReadonlyMap<string, Surveyed>
}

async function grow(scene: Scene, files: readonly ObservedFile[], terms: ExemptionTerms & Pick<ExtendTerms, 'into'>) {
  const needs: ProjectNeed[] = []
  for (const [project, own] of Map.groupBy(files, file => file.project)) {
    const need = await needOf(scene, project, own)
    if (need !== undefined) needs.push(need)
  }
  const { texts, ...named } = addPublishers(scene.texts, terms.into, needs)
  const { added, ...pinned } = addExemptions(texts, terms.into, files.flatMap(pinOf), terms)
  return { ...named, ...pinned, exemptions: added }
}

function pinOf({ project, version, sha256, waive: listed }: ObservedFile): readonly PinNeed[] {
  const waive = nonEmpty(listed)
  return waive === undefined ? [] : [{ project, version, hashes: new Set([sha256]), waive }]
}

/** Where a rule decides it, what it was refused for is what an exemption has to waive, and no more. */
function asRefused(file: ObservedFile, { policy, judged }: Scene): ObservedFile {
  const { outcome, file: told } = judged.get(fileKey(file))?.explanation ?? {}
  if (file.publisher !== undefined || policy.ruleFor(file.project, told?.source) === undefined) return file
  if (outcome === undefined || outcome instanceof GateError || outcome.kind === 'admitted') return file
  const waiver = waiverOf(outcome)
  return waiver === undefined ? file : { ...file, waive: [waiver] }
}

/** `undefined` where the rule that decides the project is enough. */
async function needOf(
  scene: Scene,
  project: ProjectName,
  files: readonly ObservedFile[],
): Promise<ProjectNeed | undefined> {
  // a name belongs to one source
  const [source] = files.flatMap(file => scene.judged.get(fileKey(file))?.explanation.file.source ?? [])
  const rule = scene.policy.ruleFor(project, source)
  const lacking = files.flatMap(file => {
    const judged = scene.judged.get(fileKey(file))
    const proof = judged?.explanation.signed?.attestations
    if (judged === undefined || proof === undefined || file.publisher === undefined) return []
    return lacksSigner(rule, judged, proof) ? [{ publisher: file.publisher, version: file.version, proof }] : []
  })
  if (lacking.length === 0) return rule === undefined ? { project, rule, signers: [] } : undefined
  const first = await firstSigner(scene, project, rule)
  const signers = mergeAll([...first, ...lacking.map(({ publisher }) => publisher)]).map(observed => {
    const own = lacking.filter(({ publisher }) => mergeAll([observed, publisher]).length === 1)
    return {
      observed,
      versions: [...new Set(own.map(({ version }) => version))],
      fits: (publisher: Publisher) => own.length > 0 && own.every(({ proof }) => isBy(publisher, proof)),
    }
  })
  return { project, rule, signers }
}

function lacksSigner(rule: Rule | undefined, judged: Surveyed, proof: NonEmpty<VerifiedAttestation>): boolean {
  if (rule === undefined) return true
  if (rule.publishers !== undefined) return !rule.publishers.some(publisher => isBy(publisher, proof))
  if (rule.identity === 'first-seen') return codeOf(judged).code === 'publisher-changed'
  return rule.attestation === 'required'
}

function isBy(publisher: Publisher, proof: NonEmpty<VerifiedAttestation>): boolean {
  return proof.every(({ facts }) => matchPublisher(publisher, facts).matched)
}

/** Where the first signer was the one so far, it stays, for the files that it signed. */
async function firstSigner(
  { explain }: Scene,
  project: ProjectName,
  rule: Rule | undefined,
): Promise<readonly ObservedPublisher[]> {
  if (rule?.identity !== 'first-seen' || rule.publishers !== undefined) return []
  const { first } = await explain.history(project)
  const publisher = first === undefined ? undefined : publisherFor(first.proof.claims)
  return publisher === undefined ? [] : [publisher]
}

/**
 * Whatever a change is for, it may take nothing away.
 *
 * @throws GateError `usage` naming what would be refused
 */
export function assertNoneLost(before: readonly Surveyed[], after: readonly Surveyed[]): void {
  const now = new Map(after.map(it => [fileKey(it.explanation.file), it.explanation.outcome]))
  for (const { explanation } of before) {
    const { outcome, file } = explanation
    const is = now.get(fileKey(file))
    if (outcome instanceof GateError || outcome.kind === 'refused' || is === undefined) continue
    if (is instanceof GateError) throw is
    if (is.kind === 'refused')
      throw new GateError('usage', `${file.filename} would be refused by the change (${is.code}): do it by hand`)
  }
}
