import { formatInstant, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import { lastMoment } from '../../domain/base/last-moment.ts'
import type { Exemption, Policy } from '../../domain/policy/policy.ts'
import type { Notice } from '../../ports/console/notices.ts'
import type { TrustStatus } from '../../ports/trust.ts'

const DAY = 86_400_000
/** days before an end, each told once; the last of them that has come is the one */
const BEFORE = [3, 14]
const MOST_PROJECTS = 10
const MOST_FILES = 3

interface Present {
  readonly policies: readonly Policy[]
  /** `undefined`: nobody looks at it now */
  readonly trust: TrustStatus | undefined
  /** how old the trust root may be */
  readonly maxAge: Millis
  readonly now: Instant
}

/** What will come to pass if nobody does anything: exemptions that end, and a trust root that nobody refreshes. */
export function soon({ policies, trust, maxAge, now }: Present): readonly Notice[] {
  const exemptions = policies.flatMap(policy => policy.exemptions)
  const ends = exemptions.flatMap(exemption => ending(exemption, now) ?? [])
  return trust === undefined ? ends : [...ends, ...ageing(trust, maxAge, now)]
}

/** How many exemptions of these policies end within so many days; one that two indexes share is one. */
export function countEnding(policies: readonly Policy[], now: Instant): readonly { days: number; count: number }[] {
  const ends = new Map(policies.flatMap(policy => policy.exemptions).map(({ id, ends: end }) => [`${id} ${end}`, end]))
  const left = [...ends.values()].map(end => end - now).filter(ms => ms > 0)
  return BEFORE.map(days => ({ days, count: left.filter(ms => ms <= days * DAY).length }))
}

function ending(exemption: Exemption, now: Instant): Notice | undefined {
  const { id, ends, owner, ticket, reason, pins, ref } = exemption
  const days = BEFORE.find(before => ends - now <= before * DAY)
  if (days === undefined || ends <= now) return undefined
  const projects = [...pins.keys()]
  const files = [...pins.values()].flatMap(own => (own.by === 'file' ? [...own.files.keys()] : []))
  return {
    type: 'expiring',
    story: JSON.stringify([id, ends, days]),
    // until it has ended, and the story with it
    window: millis(ends - now + DAY),
    at: now,
    subject: projects[0] ?? id,
    title: `The exemption ${id} ends within ${days} days`,
    text: [
      `It ends with ${lastMoment(ends)}, and is for ${listed(projects, MOST_PROJECTS)}${files.length === 0 ? '' : ` (${listed(files, MOST_FILES)})`}.`,
      `Owner: ${owner}${ticket === undefined ? '' : `, ${ticket}`}. Reason: ${reason}`,
    ].join('\n'),
    data: {
      exemption: id,
      ends: formatInstant(ends),
      days,
      owner,
      ticket: ticket ?? null,
      place: `${ref.file}:${ref.line}`,
      projects: listed(projects, MOST_PROJECTS),
    },
  }
}

function listed(names: readonly string[], most: number): string {
  const more = names.length - most
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** One that is refreshed is at most a day old, or some days where nobody could be asked; what is pinned has no age that says anything. */
function ageing(trust: TrustStatus, maxAge: Millis, now: Instant): readonly Notice[] {
  const { source, ageMs, fresh, refreshed, digest } = trust
  if (source !== 'tuf' || ageMs === undefined || ageMs <= maxAge / 2) return []
  const left = Math.max(0, maxAge - ageMs)
  return [
    {
      type: 'trust-ageing',
      story: fresh ? 'ageing' : 'stale',
      at: now,
      subject: digest ?? 'trust root',
      title: fresh
        ? 'The trust root was not refreshed for long'
        : 'The trust root is unusable: what rests on attestations is answered 503',
      text: `It was refreshed last ${refreshed === undefined ? 'never' : `${formatInstant(refreshed).slice(0, 16)}Z`}; ${fresh ? `in ${Math.round(left / 3_600_000)} hours` : 'now'} what rests on attestations is answered 503.`,
      data: { digest: digest ?? null, age_seconds: Math.round(ageMs / 1000), usable: fresh },
    },
  ]
}
