import type { SourceName } from '../../domain/base/source-name.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Index } from '../../ports/outward.ts'

/** An index whose pages say which source they are of, where that is known without asking. */
export function createNamedIndex<Named extends Index>(
  index: Named,
  sourceOf: (project: ProjectName) => SourceName | undefined,
): Named {
  return {
    ...index,
    sourceOf,
    async project(name, known, asking) {
      const answer = await index.project(name, known, asking)
      const source = sourceOf(name)
      return answer.kind === 'page' && source !== undefined ? { ...answer, index: { ...answer.index, source } } : answer
    },
  }
}
