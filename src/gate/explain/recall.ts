import { Findings } from '../../domain/memory/findings.ts'
import { learn, type ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Memory } from '../../ports/memory.ts'

/** Remembers no finding, so that everything is asked anew; who was proved stays known. */
export function askingAnew(memory: Memory): Memory {
  return {
    ...memory,
    of: async (project, about, source) => withoutFindings(await memory.of(project, about, source)),
    atHand: () => undefined,
    learn: async (project, facts, source) =>
      withoutFindings(await memory.learn(project, { ...facts, findings: [] }, source)),
  }
}

/** Leaves no trace: what is given by hand was said by no index. */
export function leavingNoTrace(memory: Memory): Memory {
  const of = async (...which: Parameters<Memory['of']>) => withoutFindings(await memory.of(...which))
  return {
    ...memory,
    of,
    atHand: () => undefined,
    learn: async (project, facts, source) => learn(await of(project, undefined, source), facts).memory,
  }
}

function withoutFindings(memory: ProjectMemory): ProjectMemory {
  return memory.with({ findings: Findings.none })
}
