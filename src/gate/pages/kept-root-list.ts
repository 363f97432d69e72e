import { GateError } from '../../domain/base/errors.ts'
import type { RootList } from '../../ports/outward.ts'
import { createRootLists, type OpenRootList, type RootLists, readRootList } from './root-lists.ts'

/** The list of a source with what is kept of it: that there is none, too. */
export interface KeptRootList extends RootList, Pick<RootLists, 'close'> {}

/** A source that has no list, or has it in another form: it adds nothing to any. */
class NoList extends GateError {}

/**
 * The list of one source, kept once for all lists that it is a part of: asked for when it is old, by its tag, and read from the disk as often as
 * one of them is made anew. Its own tag is of what it says, so that a source that has no tags changes nothing as long as it says the same.
 */
export function createKeptRootList({ source, ...options }: Parameters<typeof createRootLists>[0]): KeptRootList {
  let lacking: { readonly error: NoList; readonly at: number } | undefined
  const lists = createRootLists({
    ...options,
    source: {
      async open(known) {
        const opened = await openOrNone(source, known)
        if (opened.kind === 'other-form') throw new NoList('not-found', 'a source has its list in another form alone')
        return opened
      },
    },
  })

  async function open(): Promise<OpenRootList> {
    if (lacking !== undefined && performance.now() - lacking.at <= options.maxAge) throw lacking.error
    try {
      const opened = await lists.open('json', 'gzip')
      lacking = undefined
      return opened
    } catch (error) {
      if (error instanceof NoList) lacking = { error, at: performance.now() }
      throw error
    }
  }

  return {
    looksAtAge: true,
    async open(known) {
      const opened = await open()
      const { revision: etag, serial } = opened
      if (known === etag) {
        opened.file.close()
        return { kind: 'unchanged' }
      }
      return { kind: 'list', body: readRootList(opened), coding: 'gzip', serial, etag }
    },
    close: () => lists.close(),
  }
}

async function openOrNone(source: RootList, known: string | undefined): ReturnType<RootList['open']> {
  try {
    return await source.open(known)
  } catch (error) {
    if (error instanceof GateError && error.code === 'not-found') throw new NoList('not-found', error.detail)
    throw error
  }
}
