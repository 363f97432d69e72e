import type { SourceName } from '../../domain/base/source-name.ts'
import type { RootList } from '../../ports/outward.ts'
import { createKeptRootList, type KeptRootList } from './kept-root-list.ts'
import { createRootLists, type RootLists } from './root-lists.ts'

/** The lists of all projects that a gate serves, and of those that they are made of. */
export interface ListsOfIndexes {
  /** Kept once for all indexes that have the source among others. */
  readonly ofSource: (source: SourceName, list: RootList) => RootList
  /** One for all indexes that have the same sources in the same order: whose a name is goes by the rules of these alone. */
  readonly ofIndex: (
    own: { readonly name: string; readonly sources: readonly SourceName[] },
    list: RootList,
  ) => RootLists
  close(): void
}

interface Options extends Omit<Parameters<typeof createRootLists>[0], 'source'> {
  /** what a mirror holds is listed by what each index has seen, and is the list of nobody else */
  readonly areHeld: boolean
}

export function createListsOfIndexes({ areHeld, ...options }: Options): ListsOfIndexes {
  const ofSources = new Map<SourceName, KeptRootList>()
  const ofIndexes = new Map<string, RootLists>()
  return {
    ofSource(name, source) {
      const kept = ofSources.get(name) ?? createKeptRootList({ ...options, source })
      ofSources.set(name, kept)
      return kept
    },
    ofIndex({ name, sources }, source) {
      const key = areHeld ? name : sources.join(' ')
      const lists = ofIndexes.get(key) ?? createRootLists({ ...options, source })
      ofIndexes.set(key, lists)
      return lists
    },
    close() {
      for (const lists of [...ofIndexes.values(), ...ofSources.values()]) lists.close()
    },
  }
}
