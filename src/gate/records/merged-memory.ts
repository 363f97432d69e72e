import { mergeMemories, ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Records } from '../../ports/records.ts'

/**
 * What a command remembers itself, merged with what a gate has written down of the same source: first sights, proofs, serials
 * and absences count whoever saw them. What is learned goes to the command's own memory alone.
 */
export function mergeWithRecords(own: Memory, records: Pick<Records, 'project'> | undefined): Memory {
  if (records === undefined) return own
  const recorded = new Map<ProjectName, Promise<ProjectMemory>>()
  const merged = new Map<ProjectName, { readonly own: ProjectMemory; readonly memory: ProjectMemory }>()

  function recordedOf(project: ProjectName): Promise<ProjectMemory> {
    const known = recorded.get(project) ?? records?.project(project) ?? Promise.resolve(ProjectMemory.of(project))
    recorded.set(project, known)
    return known
  }

  async function merge(mine: ProjectMemory): Promise<ProjectMemory> {
    const theirs = await recordedOf(mine.project)
    const known = merged.get(mine.project)
    if (known?.own === mine) return known.memory
    const memory = mergeMemories(mine, theirs)
    merged.set(mine.project, { own: mine, memory })
    return memory
  }

  return {
    of: async project => await merge(await own.of(project)),
    atHand(project) {
      const mine = own.atHand(project)
      const known = merged.get(project)
      return mine !== undefined && known?.own === mine ? known.memory : undefined
    },
    learn: async (project, facts) => await merge(await own.learn(project, facts)),
    projectOf: path => own.projectOf(path),
    names: () => own.names(),
    listedAs: sha256 => own.listedAs(sha256),
  }
}
