import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { askable, type SourceRule } from '../../domain/sources/source-rule.ts'
import type { OpenedRootList, RootList } from '../../ports/outward.ts'
import { boundedRootList, rootListNames } from '../../protocol/simple/root-list.ts'

interface Listing {
  readonly rule: SourceRule
  readonly rootList: RootList
}

interface Options {
  /** of the index, in its order */
  readonly sources: readonly Listing[]
  readonly everywhere: readonly SourceRule[]
  /** that all lists may have together, and each, not compressed; default: {@link MOST_NAMES}, and what a list of one source may have */
  readonly most?: { readonly names?: number; readonly bytes?: number }
}

/** Four times as many as PyPI has; those of all lists but the last are held while a list is made. */
const MOST_NAMES = 3_000_000
/** characters that go on at a time: one member after the other cost twenty times as much as the members */
const PIECE = 64 * 1024

/** What a source that has no such list says. */
const NO_LIST = 'not-found'

/**
 * The names of all sources of an index as one list, each where it may be asked for, and once. A source that has no list adds
 * nothing; one that cannot answer makes the list unknown, for a list without its names would say that there are none.
 */
export function createUnionRootList({ sources, everywhere, most = {} }: Options): RootList {
  const { names: mostNames = MOST_NAMES, bytes } = most
  const here = sources.map(({ rule }) => rule)

  function mayList(source: Listing, project: ProjectName): boolean {
    const whom = askable(project, { here, everywhere })
    if (whom.kind === 'elsewhere') return false
    return whom.kind === 'owned' ? whom.by === source.rule.name : whom.sources.includes(source.rule.name)
  }

  async function* members(opened: ReadonlyMap<Listing, OpenedRootList>): AsyncGenerator<string> {
    const told = new Set<string>()
    const last = [...opened.keys()].at(-1)
    let seen = 0
    let separator = ''
    let text = '{"meta":{"api-version":"1.4"},"projects":['
    for (const [source, list] of opened) {
      for await (const names of namesOn(list, bytes)) {
        seen += names.length
        if (seen > mostNames)
          throw new GateError('unknown-upstream', `the lists of all projects have more than ${mostNames} names`)
        for (const name of names) {
          const normal = tryProjectName(name)
          if (normal === undefined || told.has(normal) || !mayList(source, normal)) continue
          // the last one is the longest as a rule, and nobody comes after it
          if (source !== last) told.add(normal)
          text += `${separator}{"name":${JSON.stringify(name)}}`
          separator = ','
        }
        if (text.length >= PIECE) {
          yield text
          text = ''
        }
        // whatever comes from a disk or a memory comes without a pause
        await setImmediate()
      }
    }
    yield `${text}]}\n`
  }

  return {
    looksAtAge: sources.every(({ rootList }) => rootList.looksAtAge === true),
    async open(known) {
      const opened = new Map<Listing, OpenedRootList>()
      const leave = (): void => {
        for (const { body } of opened.values()) body.destroy()
      }
      try {
        for (const source of sources) {
          const list = await listOf(source)
          if (list !== undefined) opened.set(source, list)
        }
      } catch (error) {
        leave()
        throw error
      }
      if (opened.size === 0) throw new GateError('not-found', 'no source of this index has a list of its projects')
      const etag = tagOf(opened)
      if (etag !== undefined && etag === known) {
        leave()
        return { kind: 'unchanged' }
      }
      const body = Readable.from(members(opened), { objectMode: false })
      body.once('close', leave)
      return { kind: 'list', body, coding: 'identity', serial: undefined, etag }
    },
  }
}

/** Of what all of them say, and of which has a list: `undefined` where one has no tag. */
function tagOf(opened: ReadonlyMap<Listing, OpenedRootList>): string | undefined {
  const tags = [...opened].map(([{ rule }, { etag }]) => ({ source: rule.name, etag }))
  return tags.every(({ etag }) => etag !== undefined) ? sha256Of(JSON.stringify(tags)) : undefined
}

/** Some at a time. */
async function* namesOn({ body, coding }: OpenedRootList, most: number | undefined): AsyncGenerator<readonly string[]> {
  const names = rootListNames()
  const unfolded = coding === 'gzip' ? [createGunzip({ chunkSize: PIECE })] : []
  const reading = pipeline([body, ...unfolded, boundedRootList(most), names])
  reading.catch(() => {}) // who reads on is told
  yield* names as AsyncIterable<readonly string[]>
  await reading
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
