import type { SourceName } from '../../domain/base/source-name.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Memory } from '../../ports/memory.ts'
import { INTEGRITY_SETTING, type Index, type Integrity, type ResumableOrigin } from '../../ports/outward.ts'
import type { Belonger } from './belonging.ts'
import type { ConnectedSource } from './connected-source.ts'
import { createSourcedIndex, sourceOf } from './sourced-index.ts'
import { createSourcedMemory } from './sourced-memory.ts'
import type { Keeping } from './strangers-pages.ts'

/** Several sources in the place of one upstream: whatever is asked about a project goes to the source that it belongs to. */
export interface SourcedUpstream {
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: ResumableOrigin
  readonly memory: Memory
}

export function createSourcedUpstream(
  belonger: Belonger<ConnectedSource<ResumableOrigin>>,
  keeping?: Keeping,
): SourcedUpstream {
  type Source = ConnectedSource<ResumableOrigin>
  const its = (project: ProjectName, named?: SourceName): Source => sourceOf(belonger, project, named)
  const originOf = (artifact: Artifact): ResumableOrigin => its(artifact.project, strangerSource(artifact)).origin
  return {
    index: createSourcedIndex(belonger, keeping),
    memory: createSourcedMemory(belonger),
    integrity: {
      isOwnOrigin: (project, named) => its(project, named).integrity.isOwnOrigin(project),
      settingOf: (project, named) => its(project, named).integrity.settingOf?.(project) ?? INTEGRITY_SETTING,
      provenance: async (project, filename, asking) =>
        await its(project, asking?.source).integrity.provenance(project, filename, asking),
    },
    origin: {
      file: async (artifact, signal, asking) => await originOf(artifact).file(artifact, signal, asking),
      metadata: async (artifact, take, asking) => await originOf(artifact).metadata(artifact, take, asking),
      rest: async (artifact, from, signal) => await originOf(artifact).rest(artifact, from, signal),
    },
  }
}
