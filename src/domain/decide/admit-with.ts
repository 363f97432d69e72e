import { type NonEmpty, nonEmpty } from '../base/brand.ts'
import { formatInstant, type Instant, instant, type Millis } from '../base/instant.ts'
import { type RefusalCode, refusalEntry, type Waiver } from '../base/refusal.ts'
import type { Finding, VerifiedAttestation } from '../identity/attestation.ts'
import { isKnownKind, publisherFor } from '../identity/identity.ts'
import { matchPublisher, type ObservedPublisher } from '../identity/publisher.ts'
import { indent, lines, publisherList, scalar } from '../identity/publisher-text.ts'
import type { History } from '../memory/history.ts'
import type { Artifact } from '../packaging/artifact.ts'
import { bareRule, exemptionText } from '../policy/exemption-text.ts'
import type { Policy, Rule } from '../policy/policy.ts'
import { describeRule } from '../policy/rule-ref.ts'
import { type Objection, waiverOf } from './objection.ts'
import { tellLookalike } from './story.ts'
import type { Refused } from './verdict.ts'

interface Refusing {
  readonly artifact: Artifact
  readonly finding: Finding
  readonly policy: Policy
  readonly rule: Rule | undefined
  /** what it is refused for */
  readonly told: Objection
  readonly attestations: NonEmpty<VerifiedAttestation> | undefined
  /** what nobody waives: under the rule or, where there is none, under the barest rule for the project */
  readonly standing: readonly Objection[]
  readonly history: History
  readonly now: Instant
}

/** The YAML that would admit a file, or why nothing does that a policy could say. */
export interface AdmitWith {
  readonly admitWith: string | undefined
  readonly nothingAdmits?: string
  /** another code than that of the refusal, which is never waived */
  readonly behind?: RefusalCode
}

/**
 * A policy document that admits this one file: an exemption that is pinned to its bytes and, where no rule decides the project, a
 * rule under which nothing else passes. It loads as a further document of a policy file, and as a file of its own beside
 * it. What a publisher that was proved would need stands above it as a comment, because that admits more than the file.
 */
export function admitWith(refusing: Refusing): AdmitWith {
  const { artifact, finding, policy, rule, told, attestations, standing, history, now } = refusing
  const hard = standing.find(objection => waiverOf(objection) === undefined)
  if (hard !== undefined)
    return hard.code === told.code ? nothing(neverWaived(hard.code)) : { ...nothing(behindIt(hard)), behind: hard.code }
  if (finding.kind === 'unasked')
    return nothing('Who signed the file is not known yet, and that decides what would have to be waived: ask again.')
  const waive = nonEmpty([...new Set(standing.flatMap(objection => waiverOf(objection) ?? []))])
  if (waive === undefined) return nothing('Nothing is known that an exemption could waive.')
  const publisher =
    attestations === undefined || isOfUnknownKind(finding, attestations) ? undefined : publisherOfAll(attestations)
  const text = lines(
    '---',
    `# ${oneLine(artifact.filename.text)} was refused as ${told.code}.`,
    ...lookalikeRemark(artifact),
    '# Only these bytes pass, and only until the exemption ends.',
    ...(publisher === undefined ? [] : lasting(publisher, { artifact, rule, standing, history })),
    'version: 1',
    ...(rule === undefined ? [bareRule(artifact.project)] : []),
    'exemptions:',
    exemptionFor(artifact, waive, { policy, told, now }),
    '',
  )
  return { admitWith: text }
}

/** A comment above what would let a file of such a name in; nothing where there is none. */
export function lookalikeRemark({
  project,
  lookalike,
}: {
  readonly project: string
  readonly lookalike?: string | undefined
}): readonly string[] {
  return lookalike === undefined ? [] : [`# WARNING: ${oneLine(tellLookalike(project, lookalike))}`]
}

function nothing(why: string): AdmitWith {
  return { admitWith: undefined, nothingAdmits: why }
}

/** A comment: what would admit all that the publisher signs, where that is all that is missing. */
function lasting(
  publisher: ObservedPublisher,
  { artifact, rule, standing, history }: Pick<Refusing, 'artifact' | 'rule' | 'standing' | 'history'>,
): readonly string[] {
  const codes = new Set(standing.map(({ code }) => code))
  const [only] = codes
  if (codes.size !== 1 || (only !== 'publisher-mismatch' && only !== 'publisher-changed')) return []
  const first =
    only === 'publisher-mismatch' || history.first === undefined ? undefined : publisherFor(history.first.proof.claims)
  const list = publisherList(...(first === undefined ? [] : [first]), publisher)
  const told =
    rule === undefined
      ? [
          '',
          'It is signed. Once somebody has looked by whom, this rule would admit all that',
          'they sign, in place of the rule and the exemption below:',
          `  - match: ${scalar(artifact.project)}`,
          indent(4, list),
        ]
      : [
          '',
          'It is signed. Once somebody has looked by whom, this would admit all that they',
          `sign, in ${describeRule(rule.ref)}:`,
          indent(4, list),
        ]
  return told.flatMap(text => text.split('\n')).map(line => `# ${oneLine(line)}`.trimEnd())
}

/** A rule that names who signed would not help: the index names a kind that no rule can name. */
function isOfUnknownKind(finding: Finding, attestations: NonEmpty<VerifiedAttestation>): boolean {
  const bundles = finding.kind === 'attested' ? finding.bundles : []
  return bundles.some(bundle => bundle.attestations === attestations && !isKnownKind(bundle.publisher))
}

/** The publisher that these attestations prove, ids pinned, as a policy writes it; `undefined` where no kind fits. */
export function provedPublisher(attestations: NonEmpty<VerifiedAttestation>): string | undefined {
  const publisher = publisherOfAll(attestations)
  return publisher === undefined ? undefined : publisherList(publisher)
}

function publisherOfAll(attestations: NonEmpty<VerifiedAttestation>): ObservedPublisher | undefined {
  const publisher = publisherFor(attestations[0].facts.claims)
  if (publisher === undefined) return undefined
  return attestations.every(({ facts }) => matchPublisher(publisher, facts).matched) ? publisher : undefined
}

function exemptionFor(
  artifact: Artifact,
  waive: NonEmpty<Waiver>,
  { policy, told, now }: Pick<Refusing, 'policy' | 'told' | 'now'>,
): string {
  const { project, filename, sha256 } = artifact
  return exemptionText({
    id: freeId(artifact, policy),
    project,
    version: filename.version,
    waive,
    files: [[filename.text, sha256]],
    reason: `${told.code}: ${refusalEntry(told.code).title}`,
    owner: policy.contactFor(project, artifact.source)?.name ?? 'platform team',
    expires: expiry(now, policy.exemptionMax),
  })
}

/** An id that no exemption of the policy has: one that ended may be of the same file. */
function freeId({ project, filename, sha256 }: Artifact, policy: Policy): string {
  const name = `EX-${project}-${filename.version}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 48)
  const stem = `${name}-${sha256.slice(0, 8)}`
  const taken = new Set(policy.exemptionsFor(project).map(({ id }) => id))
  let id = stem
  for (let number = 2; taken.has(id); number += 1) id = `${stem}-${number}`
  return id
}

/** Why no YAML is offered for a refusal; `undefined` where some is, or where nobody knows. */
export function whyNothingAdmits({ code, admitWith: text, nothingAdmits }: Refused): string | undefined {
  if (text !== undefined) return undefined
  return nothingAdmits ?? (refusalEntry(code).hard ? neverWaived(code) : undefined)
}

/** What a page says in the place of this that has the rule itself. */
export const READY = 'The page of the refusal has one ready to paste.'

/** What to do about a refusal; YAML is promised only where there is some. */
export function remedyFor({ code, behind, admitWith: text }: Pick<Refused, 'code'> & Partial<Refused>): string {
  const { remedy } = refusalEntry(behind ?? code)
  return code === 'no-rule' && text !== undefined ? `${remedy} ${READY}` : remedy
}

function behindIt({ code, detail }: Objection): string {
  return `Nothing that a policy says admits it: ${code} stands against it too (${detail.replace(/\.$/, '')}), and that is never waived.`
}

function neverWaived(code: RefusalCode): string {
  return `Nothing that a policy says admits it: ${code} is never waived.`
}

const DAY = 86_400_000
const MINUTE = 60_000
const EXEMPTION_LIFE = 30 * DAY
const EXPIRES = '    expires: '

/** The last day that ends within 30 days and within what the policy allows; where not even today does, a time. */
function expiry(now: Instant, longest: Millis | undefined): string {
  const latest = now + Math.min(EXEMPTION_LIFE, longest ?? EXEMPTION_LIFE)
  const end = Math.floor(latest / DAY) * DAY // of the day before
  if (end > now) return formatInstant(instant(end - DAY)).slice(0, 10)
  return formatInstant(instant(Math.floor(latest / MINUTE) * MINUTE))
}

/** The same text, with the end that it would have if it were written now: a refusal is kept for longer than that. */
function renewed(text: string, now: Instant, longest: Millis | undefined): string {
  return text.replace(/^ {4}expires: .*$/m, `${EXPIRES}${expiry(now, longest)}`)
}

/** A refusal as it was kept, with what is offered for it as it would be written now; texts of another form are let go of. */
export function renewedRefusal(refused: Refused, now: Instant, longest: Millis | undefined): Refused {
  const { admitWith: text } = refused
  if (text === undefined) return refused
  return { ...refused, admitWith: text.startsWith('---\n') ? renewed(text, now, longest) : undefined }
}

/** What comes from outside must not end a comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

/** What earlier texts had for a person to write in the place of: a policy that still has it does not compile. */
const PLACEHOLDERS: readonly string[] = ['say why this file may pass', 'say who answers for it']

export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.includes(text.trim())
}
