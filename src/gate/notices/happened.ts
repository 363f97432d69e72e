import { sha256Of } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { REFUSALS } from '../../domain/base/refusal.ts'
import { tellLookalike } from '../../domain/decide/story.ts'
import type { GateEvent } from '../../observe/events.ts'
import type { Notice } from '../../ports/console/notices.ts'

type Verdict = Extract<GateEvent, { type: 'verdict' }>

/** Refusals that wait for a person to decide about whose a project is. */
const HELD: ReadonlySet<string> = new Set(['publisher-changed', 'source-changed'])

/** Where a person sees more of a refusal, by its id. */
type ExplainUrl = (id: string) => string | undefined

/** What an event does not say by itself. */
export interface Context {
  readonly explainUrl: ExplainUrl
  /** Digests of the policies in force that are made of files of this digest: with what was approved over them. */
  readonly inForceOver: (digest: string) => readonly string[]
}

/** What of an event somebody is to be told, if anything. It is asked of every event, so it makes nothing of those that are no matter. */
export function happened(event: GateEvent, at: Instant, context: Context): Notice | undefined {
  const { type } = event
  if (type === 'verdict') return event.outcome === 'refused' ? refused(event, at, context) : undefined
  if (type === 'alarm') return alarm(event, at)
  if (type === 'policy') return event.action === 'rejected' ? kept(event, at, context) : undefined
  return type === 'trust' && event.action === 'stale' ? stale(event, at) : undefined
}

function refused(event: Verdict, at: Instant, { explainUrl }: Context): Notice {
  const { index, project, code, filename, sha256, rule, identity, subject, explain, lookalike } = event
  const isHeld = HELD.has(code)
  const where = index === undefined ? '' : ` (index ${index})`
  const title = Object.hasOwn(REFUSALS, code) ? REFUSALS[code as keyof typeof REFUSALS].title : code
  const alike = lookalike === undefined ? '' : ` (could be taken for ${lookalike})`
  return {
    type: isHeld ? 'held' : 'refused',
    story: JSON.stringify([index ?? '', project, code, ...(isHeld ? [identity ?? ''] : [])]),
    at,
    subject: project,
    title: isHeld ? `${project}${alike} is held: ${title}` : `${project}${alike} was refused: ${title}`,
    text: `${filename}${where}: ${code}${identity === undefined ? '' : `, signed by ${identity}`}${lookalike === undefined ? '' : `. ${tellLookalike(project, lookalike)}`}`,
    url: explain === undefined ? undefined : explainUrl(explain),
    data: {
      index: index ?? null,
      project,
      filename,
      sha256: sha256 ?? null,
      code,
      rule: rule ?? null,
      identity: identity ?? null,
      ...(lookalike === undefined ? {} : { lookalike }),
      asked_by: subject ?? null,
    },
  }
}

/** Alarms that say of each gate what is one matter. */
const ONE_MATTER: ReadonlySet<string> = new Set(['gates-apart', 'clock-behind'])

function alarm({ alarm, detail }: Extract<GateEvent, { type: 'alarm' }>, at: Instant): Notice {
  return {
    type: 'alarm',
    story: ONE_MATTER.has(alarm) ? alarm : `${alarm} ${sha256Of(detail)}`,
    at,
    subject: alarm,
    title: `Alarm: ${alarm}`,
    text: detail,
    data: { alarm, detail },
  }
}

function kept(
  { digest, diagnostics }: Extract<GateEvent, { type: 'policy' }>,
  at: Instant,
  { inForceOver }: Context,
): Notice {
  // several indexes may have one policy of files, and not the same approvals
  const inForce = [...new Set(inForceOver(digest))].join(' ') || digest
  return {
    type: 'reload-failed',
    story: sha256Of(diagnostics.join('\n')),
    at,
    subject: digest,
    title: 'A changed policy was kept back: the last good one stays in force',
    text: diagnostics.join('\n'),
    data: { in_force: inForce, files: digest, diagnostics: diagnostics.length, first: diagnostics[0] ?? null },
  }
}

function stale({ digest, detail }: Extract<GateEvent, { type: 'trust' }>, at: Instant): Notice {
  return {
    type: 'trust-ageing',
    story: 'stale',
    at,
    subject: digest ?? 'trust root',
    title: 'The trust root is unusable: what rests on attestations is answered 503',
    text: detail,
    data: { digest: digest ?? null, usable: false },
  }
}
