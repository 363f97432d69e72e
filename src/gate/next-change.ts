import { type Instant, instant, type Millis } from '../domain/instant.ts'
import type { ProjectName } from '../domain/name.ts'
import type { Policy } from '../domain/policy.ts'

/** Until when no verdict on a project can change by time alone: an exemption ends, or a failure is to be asked again. */
export function nextChange(
  project: ProjectName,
  { policy, now, negativeTtl }: { readonly policy: Policy; readonly now: Instant; readonly negativeTtl: Millis },
): Instant {
  const ends = policy.exemptionsFor(project).flatMap(exemption => (exemption.ends > now ? [exemption.ends] : []))
  return instant(Math.min(now + negativeTtl, ...ends))
}
