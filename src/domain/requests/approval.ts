import { type NonEmpty, nonEmpty } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import { formatInstant, type Instant, instant, type Millis } from '../base/instant.ts'
import { lastDay } from '../base/last-moment.ts'
import type { Waiver } from '../base/refusal.ts'
import { lookalikeRemark } from '../decide/admit-with.ts'
import { lines } from '../identity/publisher-text.ts'
import type { ProjectName } from '../packaging/name.ts'
import type { Version } from '../packaging/version.ts'
import { bareRule, exemptionText } from '../policy/exemption-text.ts'

/** A file that an approval lets through, and what has to be waived for it. */
export interface ApprovedFile {
  readonly filename: string
  readonly sha256: Sha256
  readonly waive: NonEmpty<Waiver>
}

export interface ApprovalTerms {
  /** of the request */
  readonly id: string
  readonly project: ProjectName
  /** a name that another source owns, and that the project's could be taken for */
  readonly lookalike?: string | undefined
  readonly version: Version
  readonly files: NonEmpty<ApprovedFile>
  /** no rule decides the project: one under which nothing else passes comes with it */
  readonly needsRule: boolean
  readonly reason: string
  readonly owner: string
  readonly ticket: string | undefined
  readonly ends: Instant
  /** the policy lets it end whenever somebody likes */
  readonly isUnbounded?: boolean | undefined
}

const UNBOUNDED = '# The policy sets no bound to when it ends (limits.exemption_max): look at the end yourself.'

/** What an approval is: a document of a policy, with an exemption for each set of codes that files of the release need waived. */
export function approvalText(terms: ApprovalTerms): string {
  const { id, project, version, needsRule, reason, owner, ticket, ends } = terms
  const groups = Map.groupBy(terms.files, ({ waive }) => [...waive].sort().join(' '))
  const exemptions = [...groups.values()].flatMap((group, at) => {
    const files = nonEmpty(group.map(({ filename, sha256 }) => [filename, sha256] as const))
    const waive = nonEmpty([...(group[0]?.waive ?? [])].sort())
    if (files === undefined || waive === undefined) return []
    const own = at === 0 ? approvalId(id) : `${approvalId(id)}-${at + 1}`
    const said = { reason: reason.replace(/\s+/g, ' '), owner, ticket, expires: lastDay(ends) ?? formatInstant(ends) }
    return [exemptionText({ id: own, project, version, waive, files, ...said })]
  })
  return lines(
    '---',
    `# What was approved for the request ${id}: these bytes alone, until it ends.`,
    ...lookalikeRemark(terms),
    ...(terms.isUnbounded === true ? [UNBOUNDED] : []),
    'version: 1',
    ...(needsRule ? [bareRule(project)] : []),
    'exemptions:',
    ...exemptions,
    '',
  )
}

/** What the exemption of an approval is called. */
export function approvalId(request: string): string {
  return `approval-${request}`
}

/** The same document, for a policy that decides the project by itself. */
export function withoutRule(text: string, project: ProjectName): string {
  return text.replace(`${bareRule(project)}\n`, '')
}

/** A day within what a policy allows, before all of whose moments an approval is still young enough. */
export interface Bounds {
  readonly now: Instant
  /** how long an exemption may live from now on; `undefined`: as long as somebody likes */
  readonly longest: Millis | undefined
}

/** An end to begin with, and as it is written. */
export interface SuggestedEnd {
  readonly ends: Instant
  /** the last day, which ends with it; a time, where not even today does */
  readonly written: string
}

const DAY = 86_400_000
const USUAL = 30 * DAY

/** The last day that ends within 30 days, and within what the policy allows. */
export function defaultEnd({ now, longest }: Bounds): SuggestedEnd {
  const latest = now + Math.min(USUAL, longest ?? USUAL)
  const end = instant(Math.floor(latest / DAY) * DAY)
  if (end > now) return { ends: end, written: formatInstant(instant(end - DAY)).slice(0, 10) }
  return { ends: instant(latest), written: formatInstant(instant(latest)) }
}

/** What stands against an end; `undefined` for one that holds. */
export function endObjection(ends: Instant, { now, longest }: Bounds): string | undefined {
  if (ends <= now) return `${formatInstant(ends).slice(0, 16)}Z is past: an approval ends in the future`
  if (longest !== undefined && ends - now > longest)
    return `the policy lets no exemption live for longer than until ${formatInstant(instant(now + longest)).slice(0, 16)}Z (limits.exemption_max)`
  return undefined
}
