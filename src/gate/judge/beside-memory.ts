import { LRUCache } from 'lru-cache'
import { type Facts, learn, type ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Memory } from '../../ports/memory.ts'

type FoundFacts = NonNullable<Facts['findings']>

/** projects, findings of one, and ms */
const MOST_PROJECTS = 500
const MOST_FOUND = 64
const LIVES = 600_000

interface Beside {
  readonly base: ProjectMemory
  readonly found: FoundFacts
  readonly merged: ProjectMemory
}

/**
 * A memory to look at files with that nobody was admitted to or refused for: it knows what is remembered, and what is learned stays here
 * for a while and goes no further. To have looked for advice is no reason to call a signer the first one, or a
 * project attested: no verdict may come to differ because somebody was refused something else.
 */
export function besideMemory(memory: Memory): Memory {
  const found = new LRUCache<ProjectName, FoundFacts>({ max: MOST_PROJECTS, ttl: LIVES })
  const merges = new LRUCache<ProjectName, Beside>({ max: MOST_PROJECTS })

  /** The same object as long as nothing was learned, here or there. */
  function merge(project: ProjectName, base: ProjectMemory): ProjectMemory {
    const own = found.get(project)
    if (own === undefined) return base
    const before = merges.get(project)
    const same = before?.found === own ? before : undefined
    if (same?.base === base) return same.merged
    const findings =
      same?.base.findings === base.findings
        ? same.merged.findings
        : base.findings.with(own.filter(({ key, found: at }) => (base.findings.get(key)?.found ?? 0) < at))
    const merged = base.with({ findings })
    merges.set(project, { base, found: own, merged })
    return merged
  }

  async function of(project: ProjectName): Promise<ProjectMemory> {
    return merge(project, await memory.of(project))
  }

  return {
    ...memory,
    of,
    atHand(project) {
      const base = memory.atHand(project)
      return base && merge(project, base)
    },
    async learn(project, facts) {
      const known = await of(project)
      const { findings = [] } = facts
      if (findings.length > 0) found.set(project, [...(found.get(project) ?? []), ...findings].slice(-MOST_FOUND))
      return learn(known, facts).memory
    },
  }
}
