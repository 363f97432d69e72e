import { isHeldByNobody } from '../../domain/access/standing.ts'
import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant } from '../../domain/base/instant.ts'
import { lastMoment } from '../../domain/base/last-moment.ts'
import { whyNothingAdmits } from '../../domain/decide/admit-with.ts'
import { Admitted, type Refused, type Verdict } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, parseProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import { type ApprovedFile, approvalText, endObjection } from '../../domain/requests/approval.ts'
import { isOwnRequest, LONGEST_WORDS, wordsOf } from '../../domain/requests/request.ts'
import type { AuditAction, AuditEntry } from '../../ports/console/audit-log.ts'
import type { Notices } from '../../ports/console/notices.ts'
import type { AccessRequest, Approval, RequestDecision, RequestState, Requests } from '../../ports/console/requests.ts'
import type { Person } from '../../ports/console/sessions.ts'
import type { ApprovedPolicies } from '../policy/approved-policies.ts'
import type { Approvals } from './approvals.ts'
import { unheld } from './ask.ts'
import { readOffer } from './offer.ts'

/** What of a gate approving takes. Each throws unknown-…. */
interface JudgingGate {
  /** Throws not-listed, no-project besides. */
  locateByName(project: ProjectName, filename: DistFilename): Promise<Artifact | Refused>
  judge(artifact: Artifact): Promise<Verdict>
  /** every wheel and source distribution that is listed now */
  release(project: ProjectName, version: Version): Promise<readonly (Artifact | Refused)[]>
}

/** An index, as far as somebody approves for it. */
export interface ApprovingIndex {
  readonly gate: JudgingGate
  readonly policies: ApprovedPolicies
}

/** Who decides, and from where. */
export interface Decider {
  readonly person: Pick<Person, 'subject' | 'email' | 'role' | 'also'>
  /** an address, or `command line` */
  readonly from: string
  /** whom the token was given out for that he decides with */
  readonly holder?: string | undefined
}

export interface ApproveOrder {
  readonly ends: Instant
  readonly extent: Approval['extent']
  /** empty: none */
  readonly ticket: string
  /** what whoever asked is told; may be empty */
  readonly words: string
  /** `Preview.seen` of what whoever approves was shown; `undefined`: he approves what there is */
  readonly seen?: string | undefined
}

/** What an approval would be now. */
export interface Preview {
  readonly yaml: string
  /** of the files that it lets through and of what it waives for each, whoever approves it and until when */
  readonly seen: Sha256
}

interface Options {
  readonly requests: Requests
  readonly indexes: ReadonlyMap<string, ApprovingIndex>
  readonly approvals: Pick<Approvals, 'refresh'>
  readonly notices: Notices
  readonly clock: Clock
  /** a token decides where it was given out for somebody */
  readonly requireHolder: boolean
  readonly consoleUrl: () => string | undefined
}

/** What people decide about requests. Each throws `not-found`, `not-your-role`, `own-request`, `request-decided`, `decision-invalid`, `unknown-…`. */
export interface Decisions {
  /** Throws `request-pointless` besides, where no approval would let the file through, none is needed, or it would be another than was seen. */
  approve(id: string, by: Decider, order: ApproveOrder): Promise<AccessRequest>
  /** Without the words whoever asked would be told nothing. */
  decline(id: string, by: Decider, words: string): Promise<AccessRequest>
  /** An approval holds no longer. One may withdraw what one asked for. */
  withdraw(id: string, by: Decider, words: string): Promise<AccessRequest>
  /** The document that an approval of this extent would be. Throws `request-pointless`. */
  preview(request: AccessRequest, extent: Approval['extent'], ends: Instant, owner?: string): Promise<Preview>
}

const ACTIONS = { approved: 'approved', declined: 'declined', withdrawn: 'withdrawn' } as const satisfies Partial<
  Record<RequestState, AuditAction>
>
type Decided = keyof typeof ACTIONS

export function createDecisions(options: Options): Decisions {
  const { requests, indexes, approvals, clock, requireHolder } = options

  async function requestFor(id: string, from: RequestState, { person }: Decider): Promise<AccessRequest> {
    if (person.role === 'viewer')
      throw new GateError('not-your-role', `${person.subject} is known, and may see requests but not decide about them`)
    const request = await requests.get(id)
    if (request === undefined) throw new GateError('not-found', 'there is no such request')
    if (request.state !== from) throw tooLate(request)
    return request
  }

  /** Who asked is told from who decides by who they are. */
  function assertNotOwn({ by: asked }: AccessRequest, { person, holder }: Decider): void {
    const { subject } = person
    if (requireHolder && isHeldByNobody({ subject, holder })) throw unheld(subject)
    if (!isOwnRequest(asked, person)) return
    const why =
      asked.subject === subject
        ? ''
        : `, and that counts as ${subject}: by a name or an address, by who holds a token, or by who gave out a token`
    throw new GateError('own-request', `${asked.subject} asked for this${why}`)
  }

  async function settle(
    request: AccessRequest,
    to: Decided,
    by: Decider,
    said: Pick<RequestDecision, 'words' | 'ticket' | 'approval'>,
  ): Promise<AccessRequest> {
    const { subject, email } = by.person
    const decision: RequestDecision = { by: subject, email, at: clock(), ...said }
    const { id, state } = request
    if (!(await requests.decide(id, state, to, decision, entryOf(request, to, by, decision))))
      throw tooLate((await requests.get(id)) ?? request)
    await approvals.refresh()
    const settled = { ...request, state: to, decision }
    tell(settled, to, decision)
    return settled
  }

  function entryOf(request: AccessRequest, to: Decided, by: Decider, decision: RequestDecision): AuditEntry {
    const { ticket, approval, words } = decision
    return {
      at: decision.at,
      action: to === 'approved' && request.kind === 'change' ? 'change-approved' : ACTIONS[to],
      actor: by.person.subject,
      from: by.from,
      target: request.filename,
      why: words === '' ? undefined : words,
      detail: {
        request: request.id,
        index: request.index,
        asked: request.by.subject,
        ...(ticket === undefined ? {} : { ticket }),
        ...(approval === undefined || to !== 'approved' ? {} : { yaml: approval.yaml }),
      },
    }
  }

  function tell(request: AccessRequest, state: Decided, decision: RequestDecision): void {
    const { words, by, email, at, ticket, approval } = decision
    const { id, filename, project, index, code, by: asked } = request
    const base = options.consoleUrl()
    options.notices.tell({
      type: state,
      story: `request ${id} ${state}`,
      at,
      subject: filename,
      title: `${state === 'withdrawn' ? `the approval of ${filename}` : filename} was ${state} by ${email ?? by}`,
      text: [...saidOf(request, state, decision), ...(words === '' ? [] : [words])].join('\n'),
      url: base && `${base}/requests/${id}`,
      data: {
        request: id,
        state,
        project,
        filename,
        code,
        index,
        by,
        asked_by: asked.email ?? asked.subject,
        ticket: ticket ?? null,
        extent: approval?.extent ?? null,
        files: approval === undefined ? null : filesIn(approval),
        ends: approval === undefined ? null : formatInstant(approval.ends),
      },
    })
  }

  function indexOf(request: AccessRequest): ApprovingIndex {
    const index = indexes.get(request.index)
    if (index !== undefined) return index
    throw new GateError('request-pointless', `there is no index ${request.index} any more`)
  }

  async function drawUp(
    request: AccessRequest,
    { extent, ends }: Pick<Approval, 'extent' | 'ends'>,
    said: { readonly owner: string; readonly ticket: string | undefined },
  ): Promise<Preview> {
    const { policies, gate } = indexOf(request)
    const project = parseProjectName(request.project)
    const bounds = { now: clock(), longest: policies.current().exemptionMax }
    const objection = endObjection(ends, bounds)
    if (objection !== undefined) throw new GateError('decision-invalid', objection)
    const { dist, files, needsRule, lookalike } = await filesOf(request, project, extent, gate)
    const { id, reason } = request
    const { version } = dist
    const beside = { lookalike, isUnbounded: bounds.longest === undefined }
    const yaml = approvalText({ id, project, version, files, needsRule, reason, ends, ...said, ...beside })
    return { yaml, seen: seenOf(files, needsRule) }
  }

  /** Read with all that is approved: that takes the policy once more, so nobody who only looks makes it happen. */
  function assertLoads(request: AccessRequest, yaml: string): void {
    const { id, project } = request
    const left = indexOf(request)
      .policies.rehearse({ id, project: parseProjectName(project), yaml })
      .leftOut.get(id)
    if (left !== undefined) throw new GateError('request-pointless', `the approval would not load: ${left}`)
  }

  return {
    async approve(id, by, { ends, extent, ticket: typed, words: told, seen: shown }) {
      const request = await requestFor(id, 'open', by)
      const { subject, email } = by.person
      assertNotOwn(request, by)
      const [words, ticket] = [optional(told, 'words'), optional(typed, 'ticket')]
      const { yaml, seen } = await drawUp(request, { extent, ends }, { owner: email ?? subject, ticket })
      if (shown !== undefined && shown !== seen)
        throw new GateError('request-pointless', 'what would be let through has changed since it was shown: look again')
      assertLoads(request, yaml)
      return await settle(request, 'approved', by, { words: words ?? '', ticket, approval: { extent, ends, yaml } })
    },
    async decline(id, by, told) {
      const request = await requestFor(id, 'open', by)
      assertNotOwn(request, by)
      const words = optional(told, 'words')
      if (words === undefined) throw new GateError('decision-invalid', 'say why, for whoever asked (words)')
      return await settle(request, 'declined', by, { words, ticket: undefined, approval: undefined })
    },
    async withdraw(id, by, told) {
      const request = await requestFor(id, 'approved', by)
      const { ticket, approval } = request.decision ?? { ticket: undefined, approval: undefined }
      return await settle(request, 'withdrawn', by, { words: optional(told, 'words') ?? '', ticket, approval })
    },
    preview: async (request, extent, ends, owner = 'you') =>
      await drawUp(request, { extent, ends }, { owner, ticket: undefined }),
  }
}

/** What a receiver of notices has to know of a decision without opening a page. */
function saidOf({ filename, by, reason }: AccessRequest, state: Decided, decision: RequestDecision): readonly string[] {
  const { approval, ticket } = decision
  const decided = `${state} by ${decision.email ?? decision.by}${ticket === undefined ? '' : ` (${ticket})`}`
  const people = `Asked by ${by.email ?? by.subject} (${reason}), ${decided}.`
  if (approval === undefined || state === 'declined') return [people]
  const { extent, ends } = approval
  const count = filesIn(approval)
  const what =
    extent === 'file' ? filename : `${count === 1 ? 'one file' : `${count} files`} of the release of ${filename}`
  const until = `until ${lastMoment(ends)}`
  return [
    state === 'approved' ? `It lets through ${what} ${until}.` : `It let through ${what}, and would have ${until}.`,
    people,
  ]
}

/** Each is pinned by its sha256. */
function filesIn({ yaml }: Approval): number {
  return [...yaml.matchAll(/sha256:[0-9a-f]{64}/g)].length
}

/** Files come to a release, and are refused for something else, between a look and a decision. */
function seenOf(files: readonly ApprovedFile[], needsRule: boolean): Sha256 {
  const told = files.map(({ filename, sha256, waive }) => [filename, sha256, ...[...waive].sort()].join(' ')).sort()
  return sha256Of(JSON.stringify([needsRule, told]))
}

function tooLate({ state, decision }: AccessRequest): GateError {
  const by = decision === undefined ? '' : ` by ${decision.email ?? decision.by}`
  return new GateError('request-decided', `the request is ${state}${by}`)
}

function optional(text: string, field: string): string | undefined {
  if (text.trim() === '') return undefined
  const words = wordsOf(text)
  if (words === undefined) throw new GateError('decision-invalid', `${field} has more than ${LONGEST_WORDS} characters`)
  return words
}

interface Found {
  readonly dist: DistFilename
  readonly files: NonEmpty<ApprovedFile>
  readonly needsRule: boolean
  readonly lookalike: string | undefined
}

/** The file that was asked for, as it is now, and those of its release that are refused for what may be waived. */
async function filesOf(
  request: AccessRequest,
  project: ProjectName,
  extent: Approval['extent'],
  gate: ApprovingIndex['gate'],
): Promise<Found> {
  const dist = parseDistFilename(request.filename, project)
  if (dist === undefined)
    throw new GateError('request-pointless', `${request.filename} is no file that could be let through`)
  const located = await gate.locateByName(project, dist)
  const asked = await offerFor(located, gate)
  if ('why' in asked) throw new GateError('request-pointless', asked.why)
  if (asked.file.sha256 !== request.sha256)
    throw new GateError('request-pointless', 'the index lists other bytes under this name than were refused')
  const files = [asked.file]
  for (const other of extent === 'release' ? await gate.release(project, dist.version) : []) {
    if ('kind' in other || other.filename.text === dist.text) continue
    const offered = await offerFor(other, gate)
    if ('file' in offered) files.push(offered.file)
  }
  const some = nonEmpty(files)
  if (some === undefined) throw new TypeError('there is the one that was asked for')
  const lookalike = 'kind' in located ? undefined : located.lookalike
  return { dist, files: some, needsRule: asked.needsRule, lookalike }
}

type Offered = { readonly file: ApprovedFile; readonly needsRule: boolean } | { readonly why: string }

async function offerFor(found: Artifact | Refused, gate: Pick<JudgingGate, 'judge'>): Promise<Offered> {
  if ('kind' in found) return { why: whyNot(found) }
  const refused = refusedIn(await gate.judge(found))
  if (refused === undefined) return { why: 'the file passes by now: nothing has to be approved' }
  const offer = readOffer(refused.admitWith)
  if (offer === undefined) return { why: whyNot(refused) }
  const { filename, sha256 } = found
  return { file: { filename: filename.text, sha256, waive: offer.waive }, needsRule: offer.needsRule }
}

/** A policy that only watches says what it would refuse. */
function refusedIn(verdict: Verdict): Refused | undefined {
  return Admitted.is(verdict) ? verdict.facts.wouldRefuse : verdict
}

function whyNot(refused: Refused): string {
  return whyNothingAdmits(refused) ?? `it is refused as ${refused.code}, and nothing is known that would admit it`
}
