import { mergeMemories, type ProjectMemory } from '../../domain/memory/project-memory.ts'
import { agrees } from '../../domain/memory/unclaimed.ts'
import type { Memory } from '../../ports/memory.ts'

/**
 * What is remembered of a source, with what was remembered before anybody wrote down of which source it was: project by project, once
 * this source has a file of the same bytes under the same name. What is learned goes to its own memory.
 */
export function withEarlier(own: Memory, earlier: Memory): Memory {
  const merged = new WeakMap<ProjectMemory, { readonly before: ProjectMemory; readonly memory: ProjectMemory }>()

  function merge(mine: ProjectMemory, before: ProjectMemory): ProjectMemory {
    if (before.size === 0 || !agrees(before, { files: [...mine.sightings.values()] })) return mine
    const known = merged.get(mine)
    if (known?.before === before) return known.memory
    const memory = mergeMemories(mine, before)
    merged.set(mine, { before, memory })
    return memory
  }

  return {
    of: async (project, about) => merge(await own.of(project, about), await earlier.of(project)),
    atHand(project, about) {
      const [mine, before] = [own.atHand(project, about), earlier.atHand(project)]
      return mine === undefined || before === undefined ? undefined : merge(mine, before)
    },
    learn: async (project, facts) => merge(await own.learn(project, facts), await earlier.of(project)),
    projectOf: async path => (await own.projectOf(path)) ?? (await earlier.projectOf(path)),
    names: () => own.names(),
    listedAs: sha256 => own.listedAs(sha256),
  }
}
