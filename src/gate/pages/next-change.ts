import { type Instant, instant, type Millis } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'

/** Under a cooldown files come of age one by one; a page is that late at most. */
const COOLING = 60_000

/**
 * Until when no verdict on a project can change by time alone: an exemption ends, a failure is to be asked again, or a
 * cooldown passes.
 */
export function nextChange(
  { name: project, source }: { readonly name: ProjectName; readonly source?: SourceName | undefined },
  { policy, now, lasts }: { readonly policy: Policy; readonly now: Instant; readonly lasts: Millis },
): Instant {
  const ends = policy.exemptionsFor(project).flatMap(exemption => (exemption.ends > now ? [exemption.ends] : []))
  const cools = (policy.ruleFor(project, source)?.cooldown.minAge ?? 0) > 0
  return instant(Math.min(now + lasts, ...(cools ? [now + COOLING] : []), ...ends))
}
