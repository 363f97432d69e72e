import { Findings } from '../../domain/memory/findings.ts'
import { learn, type ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Memory } from '../../ports/memory.ts'

/** Remembers no finding, so that everything is asked anew; who was proved stays known. */
export function askingAnew(memory: Memory): Memory {
  return {
    ...memory,
    of: async project => withoutFindings(await memory.of(project)),
    atHand: () => undefined,
    learn: async (project, facts) => withoutFindings(await memory.learn(project, { ...facts, findings: [] })),
  }
}

/** Leaves no trace: what is given by hand was said by no index. */
export function leavingNoTrace(memory: Memory): Memory {
  const of = async (project: Parameters<Memory['of']>[0]) => withoutFindings(await memory.of(project))
  return {
    ...memory,
    of,
    atHand: () => undefined,
    learn: async (project, facts) => learn(await of(project), facts).memory,
  }
}

function withoutFindings(memory: ProjectMemory): ProjectMemory {
  return memory.with({ findings: Findings.none })
}
