import { GateError } from '../../domain/base/errors.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { ListedAs, Memory } from '../../ports/memory.ts'
import type { Belonger } from './belonging.ts'
import type { ConnectedSource } from './connected-source.ts'

/** What is remembered of several sources, each project by the source that it belongs to: nothing of one is held against another. */
export function createSourcedMemory(belonger: Belonger<ConnectedSource>): Memory {
  const { sources } = belonger

  function isOf(project: ProjectName, source: ConnectedSource): boolean {
    try {
      const belonging = belonger.now(project)
      return belonging.kind === 'known' && belonging.source === source
    } catch (error) {
      if (error instanceof GateError && error.code === 'internal') return false
      throw error
    }
  }

  /** Of the source that is named, else of the one that the project belongs to. */
  function memoryAt(project: ProjectName, named: SourceName | undefined): Memory | undefined {
    if (named !== undefined) return sources.find(({ rule }) => rule.name === named)?.memory
    const belonging = belonger.now(project)
    return belonging.kind === 'known' ? belonging.source.memory : undefined
  }

  return {
    of: async (project, about, named) =>
      (await memoryAt(project, named)?.of(project, about)) ?? ProjectMemory.of(project),
    atHand: (project, about, named) => memoryAt(project, named)?.atHand(project, about),
    async learn(project, facts, named) {
      const memory = memoryAt(project, named)
      if (memory === undefined)
        throw new GateError('unknown-bug', `something was learned of ${project}, which is nobody's`)
      return await memory.learn(project, facts)
    },
    async projectOf(path) {
      for (const source of sources) {
        const project = await source.memory.projectOf(path)
        if (project !== undefined && isOf(project, source)) return project
      }
      return undefined
    },
    async names() {
      const names = await Promise.all(
        sources.map(async source => (await source.memory.names()).filter(project => isOf(project, source))),
      )
      return names.flat()
    },
    async listedAs(sha256) {
      const found: ListedAs[] = []
      for (const source of sources)
        found.push(...(await source.memory.listedAs(sha256)).filter(({ project }) => isOf(project, source)))
      return found
    },
  }
}
