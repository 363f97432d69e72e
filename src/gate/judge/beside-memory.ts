import { LRUCache } from 'lru-cache'
import type { SourceName } from '../../domain/base/source-name.ts'
import { type Facts, learn, type ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { Memory } from '../../ports/memory.ts'

type FoundFacts = NonNullable<Facts['findings']>

/** bytes, those of a finding, about; projects, findings of one, and ms */
const MOST = 16 * 1024 * 1024
const FINDING = 2_048
const MOST_MERGED = 500
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
  const found = keptWithin<string, FoundFacts>({ bytes: MOST, weigh: facts => FINDING * facts.length, ttl: LIVES })
  const merges = new LRUCache<string, Beside>({ max: MOST_MERGED })

  /** The same object as long as nothing was learned, here or there. */
  function merge(key: string, base: ProjectMemory): ProjectMemory {
    const own = found.get(key)
    if (own === undefined) return base
    const before = merges.get(key)
    const same = before?.found === own ? before : undefined
    if (same?.base === base) return same.merged
    const findings =
      same?.base.findings === base.findings
        ? same.merged.findings
        : base.findings.with(own.filter(({ key, found: at }) => (base.findings.get(key)?.found ?? 0) < at))
    const merged = base.with({ findings })
    merges.set(key, { base, found: own, merged })
    return merged
  }

  async function of(project: ProjectName, _about?: string, source?: SourceName): Promise<ProjectMemory> {
    return merge(keyOf(project, source), await memory.of(project, undefined, source))
  }

  return {
    ...memory,
    of,
    atHand(project, _about, source) {
      const base = memory.atHand(project, undefined, source)
      return base && merge(keyOf(project, source), base)
    },
    async learn(project, facts, source) {
      const known = await of(project, undefined, source)
      const key = keyOf(project, source)
      const { findings = [] } = facts
      if (findings.length > 0) found.set(key, [...(found.get(key) ?? []), ...findings].slice(-MOST_FOUND))
      return learn(known, facts).memory
    },
  }
}

function keyOf(project: ProjectName, source: SourceName | undefined): string {
  return source === undefined ? project : `${project} ${source}`
}
