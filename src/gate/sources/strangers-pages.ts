import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import { createOnce } from '../../flow/once.ts'
import { stepsFor } from '../../flow/slices.ts'
import type { Asking } from '../../ports/outward.ts'
import { pageWeight } from '../../protocol/simple/page-weight.ts'
import type { ProjectIndex } from '../../protocol/simple/project-index.ts'
import type { ConnectedSource } from './connected-source.ts'

/** What sources say of names that are not theirs is kept for a while. */
export interface Keeping {
  readonly clock: Clock
  /** that an answer is good for */
  readonly maxAge: Millis
}

interface Kept {
  /** `undefined`: the source has no such name */
  readonly page: ProjectIndex | undefined
  /** bytes that it takes, about */
  readonly weight: number
  readonly at: Instant
}

/** bytes that all of them may take, about */
const MOST_KEPT = 32 * 1024 * 1024

/** The page that a source has of a name that is not its own; `undefined`: it has none. Throws what the source throws, which is not kept. */
export type StrangersPages = (
  source: ConnectedSource,
  project: ProjectName,
  asking: Asking | undefined,
) => Promise<ProjectIndex | undefined>

/** One question for all who ask at a time. Without `keeping` nothing is kept afterwards. */
export function createStrangersPages(keeping: Keeping | undefined): StrangersPages {
  const once = createOnce<ProjectIndex | undefined>()
  const known = keptWithin<string, Kept>({ bytes: MOST_KEPT, weigh: ({ weight }) => weight })

  return async (source, project, asking) => {
    const key = `${source.rule.name} ${project}`
    const kept = known.get(key)
    if (keeping !== undefined && kept !== undefined) {
      const age = keeping.clock() - kept.at
      if (age >= 0 && age <= keeping.maxAge) return kept.page
    }
    return await once(
      key,
      async asker => {
        const at = keeping?.clock()
        const answer = await source.index.project(project, undefined, { ...asking, asker })
        const page = answer.kind === 'page' ? { ...answer.index, source: source.rule.name } : undefined
        if (at === undefined) return page
        const weight = page === undefined ? 0 : await stepsFor(page.files.length, pageWeight(page), asker)
        known.set(key, { page, weight, at })
        return page
      },
      asking?.asker,
    )
  }
}
