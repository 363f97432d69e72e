import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { GateError } from '../../domain/base/errors.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { askable, type SourceRule } from '../../domain/sources/source-rule.ts'
import type { OpenedRootList, RootList } from '../../ports/outward.ts'
import { rootListNames } from '../../protocol/simple/root-list.ts'

interface Listing {
  readonly rule: SourceRule
  readonly rootList: RootList
}

interface Options {
  /** of the index, in its order */
  readonly sources: readonly Listing[]
  readonly everywhere: readonly SourceRule[]
}

/** What a source that has no such list says. */
const NO_LIST = 'not-found'

/**
 * The names of all sources of an index as one list, each where it may be asked for, and once. A source that has no list adds
 * nothing; one that cannot answer makes the list unknown, for a list without its names would say that there are none.
 */
export function createUnionRootList({ sources, everywhere }: Options): RootList {
  const here = sources.map(({ rule }) => rule)

  function mayList(source: Listing, name: string): boolean {
    const project = tryProjectName(name)
    if (project === undefined) return false
    const whom = askable(project, { here, everywhere })
    if (whom.kind === 'elsewhere') return false
    return whom.kind === 'owned' ? whom.by === source.rule.name : whom.sources.includes(source.rule.name)
  }

  async function* members(opened: ReadonlyMap<Listing, OpenedRootList>): AsyncGenerator<string> {
    const told = new Set<string>()
    const last = [...opened.keys()].at(-1)
    let separator = ''
    yield '{"meta":{"api-version":"1.4"},"projects":['
    for (const [source, list] of opened) {
      const names = rootListNames()
      const reading = pipeline([list.body, ...(list.coding === 'gzip' ? [createGunzip()] : []), names])
      reading.catch(() => {}) // who reads on is told
      for await (const name of names as AsyncIterable<string>) {
        const normal = tryProjectName(name)
        if (normal === undefined || told.has(normal) || !mayList(source, name)) continue
        // the last one is the longest as a rule, and nobody comes after it
        if (source !== last) told.add(normal)
        yield `${separator}{"name":${JSON.stringify(name)}}`
        separator = ','
      }
      await reading
    }
    yield ']}\n'
  }

  return {
    async open() {
      const opened = new Map<Listing, OpenedRootList>()
      try {
        for (const source of sources) {
          const list = await listOf(source)
          if (list !== undefined) opened.set(source, list)
        }
      } catch (error) {
        for (const { body } of opened.values()) body.destroy()
        throw error
      }
      if (opened.size === 0) throw new GateError('not-found', 'no source of this index has a list of its projects')
      const body = Readable.from(members(opened), { objectMode: false })
      body.once('close', () => {
        for (const list of opened.values()) list.body.destroy()
      })
      return { kind: 'list', body, coding: 'identity', serial: undefined, etag: undefined }
    },
  }
}

async function listOf({ rootList }: Listing): Promise<OpenedRootList | undefined> {
  try {
    const list = await rootList.open(undefined)
    if (list.kind === 'other-form') return undefined
    if (list.kind === 'unchanged') throw new GateError('unknown-upstream', 'an index answered 304 to what nobody has')
    return list
  } catch (error) {
    if (error instanceof GateError && error.code === NO_LIST) return undefined
    throw error
  }
}
