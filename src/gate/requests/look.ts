import { GateError, orGateError } from '../../domain/base/errors.ts'
import type { Clock, Instant } from '../../domain/base/instant.ts'
import type { Step } from '../../domain/base/step.ts'
import { Admitted, type Refused } from '../../domain/decide/verdict.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { SeenFile } from '../../domain/memory/history.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { defaultEnd, type SuggestedEnd } from '../../domain/requests/approval.ts'
import type { AccessRequest, Approval, RequestFilter, Requests } from '../../ports/console/requests.ts'
import { type HeldChange, heldChange, heldRule } from '../records/held-change.ts'
import type { ApprovingIndex, Decisions, Preview } from './decide.ts'

/** An index, as far as somebody looks at what was refused there. */
export interface LookingIndex extends ApprovingIndex {
  readonly gate: ApprovingIndex['gate'] & {
    /** every file of the project that was ever seen */
    seen(project: ProjectName): Promise<readonly SeenFile[]>
  }
}

/** What is known of a file now. */
export interface FileNow {
  readonly filename: string
  readonly is: 'passes' | 'refused' | 'unknown'
  /** of a refusal, or why nobody can tell */
  readonly code: string | undefined
  readonly detail: string
  /** a name that another source owns, and that the project's could be taken for */
  readonly lookalike: string | undefined
  readonly steps: readonly Step[]
  readonly identity: Identity | undefined
  readonly uploaded: Instant | undefined
}

/** The document that an approval would be, or why there is none. */
export type Draft = Preview | { readonly why: string }

/** Everything that somebody who decides looks at. */
export interface RequestLook {
  readonly request: AccessRequest
  readonly now: FileNow
  /** the other files of the release that are listed now */
  readonly release: readonly FileNow[]
  readonly seen: readonly SeenFile[]
  /** a change of the publisher, and the rule that accepts it in the repository */
  readonly held: (HeldChange & { readonly rule: string }) | undefined
  readonly drafts: Readonly<Record<Approval['extent'], Draft>> | undefined
  readonly end: SuggestedEnd
  /** other open requests of the project, the newest first */
  readonly others: readonly AccessRequest[]
  /** why what was approved is not in force */
  readonly leftOut: string | undefined
}

interface Options {
  readonly requests: Pick<Requests, 'get' | 'list'>
  readonly decisions: Pick<Decisions, 'preview'>
  readonly indexes: ReadonlyMap<string, LookingIndex>
  readonly clock: Clock
}

/** What people see of requests before they decide. Each throws `unknown-store`. */
export interface Looks {
  list(
    filter: RequestFilter,
    page: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<readonly AccessRequest[]>
  /** Drafts have `owner` as whoever approves. Throws `not-found` besides. What nobody can tell is said in its place. */
  look(id: string, owner?: string): Promise<RequestLook>
}

/** open requests of one project that are shown beside another */
const OTHERS = 20

export function createLooks({ requests, decisions, indexes, clock }: Options): Looks {
  async function drafts(
    request: AccessRequest,
    ends: Instant,
    owner: string | undefined,
  ): Promise<RequestLook['drafts']> {
    if (request.state !== 'open') return undefined
    const draft = async (extent: Approval['extent']): Promise<Draft> => {
      const preview = await orGateError(decisions.preview(request, extent, ends, owner))
      return preview instanceof GateError ? { why: preview.detail } : preview
    }
    return { file: await draft('file'), release: await draft('release') }
  }

  return {
    list: (filter, page) => requests.list(filter, page),
    async look(id, owner) {
      const request = await requests.get(id)
      if (request === undefined) throw new GateError('not-found', 'there is no such request')
      const index = indexes.get(request.index)
      const project = tryProjectName(request.project)
      const policy = index?.policies.current()
      const end = defaultEnd({ now: clock(), longest: policy?.exemptionMax })
      const open = await requests.list({ state: 'open', project: request.project }, { limit: OTHERS + 1 })
      const known = index === undefined || project === undefined ? NOTHING : await knownOf(request, project, index)
      return {
        request,
        ...known,
        held: policy === undefined || project === undefined ? undefined : heldBy(known.seen, project, policy),
        drafts: await drafts(request, end.ends, owner),
        end,
        others: open.filter(other => other.id !== id).slice(0, OTHERS),
        leftOut: index?.policies.leftOut().get(id),
      }
    },
  }
}

type Known = Pick<RequestLook, 'now' | 'release' | 'seen'>

const NOTHING: Known = {
  now: unknownNow('', new GateError('not-found', 'there is no such index any more')),
  release: [],
  seen: [],
}

async function knownOf(request: AccessRequest, project: ProjectName, { gate }: LookingIndex): Promise<Known> {
  const { filename } = request
  const dist = parseDistFilename(filename, project)
  const seen = await orGateError(gate.seen(project))
  const history = seen instanceof GateError ? [] : seen
  if (dist === undefined) {
    const error = new GateError('not-found', 'this is no wheel and no source distribution')
    return { now: unknownNow(filename, error), release: [], seen: history }
  }
  const located = await orGateError(gate.locateByName(project, dist))
  const others = await orGateError(gate.release(project, dist.version))
  const release: FileNow[] = []
  for (const other of others instanceof GateError ? [] : others)
    if (nameOf(other) !== filename) release.push(await nowOf(other, gate))
  const now = located instanceof GateError ? unknownNow(filename, located) : await nowOf(located, gate)
  return { now, release, seen: history }
}

async function nowOf(found: Artifact | Refused, gate: LookingIndex['gate']): Promise<FileNow> {
  if ('kind' in found) return refusedNow(found, undefined)
  const { filename, uploaded } = found
  const verdict = await orGateError(gate.judge(found))
  if (verdict instanceof GateError) return unknownNow(filename.text, verdict)
  if (!Admitted.is(verdict)) return refusedNow(verdict, uploaded)
  const { wouldRefuse, steps, identity, by } = verdict.facts
  if (wouldRefuse !== undefined) return refusedNow(wouldRefuse, uploaded)
  const { lookalike } = found
  return { filename: filename.text, is: 'passes', code: undefined, detail: by, lookalike, steps, identity, uploaded }
}

function refusedNow({ code, detail, steps, identity, file }: Refused, uploaded: Instant | undefined): FileNow {
  const { filename, lookalike } = file
  return { filename, is: 'refused', code, detail, lookalike, steps, identity, uploaded }
}

function unknownNow(filename: string, { code, detail }: GateError): FileNow {
  const nothing = { lookalike: undefined, steps: [], identity: undefined, uploaded: undefined }
  return { filename, is: 'unknown', code, detail, ...nothing }
}

function nameOf(found: Artifact | Refused): string {
  return 'kind' in found ? found.file.filename : found.filename.text
}

function heldBy(seen: readonly SeenFile[], project: ProjectName, policy: Policy): RequestLook['held'] {
  const rule = policy.ruleFor(project)
  const held = heldChange(seen, rule)
  return held && { ...held, rule: heldRule(project, rule, held) }
}
