import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import type { SourceRule } from '../../../src/domain/sources/source-rule.ts'
import { type Belonger, createBelonger } from '../../../src/gate/sources/belonging.ts'
import type { ConnectedSource } from '../../../src/gate/sources/connected-source.ts'
import type { ResumableOrigin } from '../../../src/ports/outward.ts'
import type { Store } from '../../../src/ports/store.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'

/** What a source does when it is asked for a page. */
export type State = 'has' | 'lacks' | 'down'

export interface Asked {
  readonly source: string
  readonly project: string
  readonly etag: string | undefined
}

/** Sources without a network: each answers as its state says, and everything that they are asked is written down. */
export interface FakeSources {
  readonly asked: Asked[]
  readonly states: Map<string, State>
  readonly store: Store
  index(sources: readonly string[], name?: string): Promise<Belonger<ConnectedSource<ResumableOrigin>>>
}

export function createFakeSources(rules: Readonly<Record<string, Partial<SourceRule>>>): FakeSources {
  const asked: Asked[] = []
  const states = new Map<string, State>()
  const everywhere = Object.entries(rules).map(
    ([name, rule]): SourceRule => ({ owns: [], only: undefined, ...rule, name: name as SourceName }),
  )
  const { store } = createMemoryStore({ clock: () => instant(0), events: { emit: () => {} } })

  async function connect(rule: SourceRule): Promise<ConnectedSource<ResumableOrigin>> {
    const { name } = rule
    const note = (project: ProjectName, etag?: string): void => void asked.push({ source: name, project, etag })
    return {
      rule,
      memory: await store.memory(sourceAt(`https://${name}.test`)),
      index: {
        async project(project, known) {
          note(project, known?.etag)
          const state = states.get(name) ?? 'has'
          if (state === 'down') throw new GateError('unknown-upstream', `${name} does not answer`)
          if (state === 'lacks') return { kind: 'absent' }
          return { kind: 'page', index: emptyPage(project), etag: '"1"' }
        },
        async legacy(project) {
          note(project)
          return { kind: 'absent' }
        },
      },
      integrity: {
        isOwnOrigin: () => true,
        async provenance(project) {
          note(project)
          return { kind: 'absent' }
        },
      },
      origin: {
        async file({ project }) {
          note(project)
          throw new GateError('unknown-upstream', name)
        },
        async metadata({ project }) {
          note(project)
          return { kind: 'absent' }
        },
        async rest({ project }) {
          note(project)
          throw new GateError('unknown-upstream', name)
        },
      },
    }
  }

  return {
    asked,
    states,
    store,
    async index(names, name = 'main') {
      const here = names.map(wanted => everywhere.find(rule => rule.name === wanted)).filter(rule => rule !== undefined)
      const sources = await Promise.all(here.map(connect))
      return createBelonger({ sources, everywhere, belongings: store.belongings(name), clock: () => instant(0) })
    },
  }
}

function emptyPage(name: ProjectName) {
  return {
    name,
    minor: 1,
    files: [],
    versions: undefined,
    status: 'active',
    statusReason: undefined,
    serial: undefined,
    dropped: [],
  } as const
}
