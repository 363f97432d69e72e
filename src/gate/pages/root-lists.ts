import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { GateError } from '../../domain/base/errors.ts'
import type { Millis } from '../../domain/base/instant.ts'
import { createOnce } from '../../flow/once.ts'
import type { OpenedRootList, RootList } from '../../ports/outward.ts'
import type { Scratch, ScratchFile } from '../../ports/scratch.ts'
import { rootListToHtml, rootListToJson } from '../../protocol/simple/root-list.ts'

export type RootListForm = 'json' | 'html'
export type RootListCoding = 'gzip' | 'identity'

/** The list of all projects in one form and one coding, whole; whoever gets it closes its file. */
export interface OpenRootList {
  readonly file: ScratchFile
  /** X-PyPI-Last-Serial, as it was said */
  readonly serial: string | undefined
}

/** The list of all projects, for many who ask: fetched once, and kept on the disk in the forms that are asked for. */
export interface RootLists {
  /** Throws `not-found` where there is no such list, unknown-upstream…, unknown-store. */
  open(form: RootListForm, coding: RootListCoding): Promise<OpenRootList>
  close(): void
}

interface Options {
  readonly source: RootList
  readonly scratch: Scratch
  /** how old a list may be before it is validated again */
  readonly maxAge: Millis
  /** and how much older, while its source cannot answer */
  readonly maxStale: Millis
}

/** A list as it was fetched. */
interface Kept {
  readonly etag: string | undefined
  readonly serial: string | undefined
  /** by form and coding; that of JSON, compressed, is there from the beginning */
  readonly files: Map<string, ScratchFile>
  /** performance.now() of the last validation */
  validated: number
  /** who looks for a file in it now: until nobody does, a list that was replaced keeps its files */
  users: number
  replaced: boolean
}

/** bytes that a list may have, not compressed: some ten times what PyPI's has */
const MOST = 512 * 1024 * 1024
const FIRST = 'json gzip'

/** No reader keeps a place at the source, however slowly it reads: the list is here whole before its first byte leaves. */
export function createRootLists({ source, scratch, maxAge, maxStale }: Options): RootLists {
  const fetching = createOnce<Kept>()
  /** of each list */
  const builders = new WeakMap<Kept, ReturnType<typeof createOnce<ScratchFile>>>()
  let kept: Kept | undefined

  function leave(list: Kept): void {
    if (!list.replaced || list.users > 0) return
    for (const file of list.files.values()) file.close()
    list.files.clear()
  }

  function replace(fresh: Kept | undefined): void {
    const before = kept
    kept = fresh
    if (before === undefined) return
    before.replaced = true
    leave(before)
  }

  async function fetch(): Promise<Kept> {
    const before = kept
    const opened = await source.open(before?.etag)
    if (opened.kind === 'unchanged' && before !== undefined) {
      before.validated = performance.now()
      return before
    }
    if (opened.kind === 'other-form')
      throw new GateError('unknown-upstream', 'the index has no list of its projects in JSON')
    if (opened.kind === 'unchanged')
      throw new GateError('unknown-upstream', 'the index answered 304 to what nobody has')
    const { serial, etag } = opened
    const files = new Map([[FIRST, await take(scratch, opened)]])
    const fresh = { etag, serial, files, validated: performance.now(), users: 0, replaced: false }
    replace(fresh)
    return fresh
  }

  async function current(): Promise<Kept> {
    const age = kept === undefined ? Number.POSITIVE_INFINITY : performance.now() - kept.validated
    if (kept !== undefined && age <= maxAge) return kept
    try {
      return await fetching('list', fetch)
    } catch (error) {
      if (kept !== undefined && age <= maxAge + maxStale) return kept
      throw error
    }
  }

  async function variant(list: Kept, form: RootListForm, coding: RootListCoding): Promise<ScratchFile> {
    const key = `${form} ${coding}`
    const before = list.files.get(key)
    if (before !== undefined) return before
    const first = list.files.get(FIRST)
    if (first === undefined) throw new GateError('unknown-bug', 'a list without its first file')
    const building = builders.get(list) ?? createOnce<ScratchFile>()
    builders.set(list, building)
    return await building(key, async () => {
      const file = await convert(scratch, first, form, coding)
      list.files.set(key, file)
      return file
    })
  }

  return {
    async open(form, coding) {
      let list = await current()
      // replaced just now
      while (list.files.size === 0) list = await current()
      list.users += 1
      try {
        const file = await variant(list, form, coding)
        file.hold()
        return { file, serial: list.serial }
      } finally {
        list.users -= 1
        leave(list)
      }
    },
    close: () => replace(undefined),
  }
}

/** Rebuilt member by member on its way to the disk: names and serials, nothing else that the upstream put there. */
async function take(scratch: Scratch, { body, coding, serial }: OpenedRootList): Promise<ScratchFile> {
  const rebuilt = [bounded(), rootListToJson(serial), createGzip({ level: 4 })] as const
  return await through(scratch, body, coding === 'gzip' ? [createGunzip(), ...rebuilt] : rebuilt)
}

async function convert(
  scratch: Scratch,
  first: ScratchFile,
  form: RootListForm,
  coding: RootListCoding,
): Promise<ScratchFile> {
  const html = form === 'html' ? [rootListToHtml()] : []
  const coded = coding === 'gzip' ? [createGzip({ level: 4 })] : []
  return await through(scratch, bytesOf(first), [createGunzip(), ...html, ...coded])
}

/** Codecs and sockets fail in their own words; whatever it was, the list could not be had. */
async function through(
  scratch: Scratch,
  source: AsyncIterable<Buffer>,
  steps: readonly [Transform, ...Transform[]],
): Promise<ScratchFile> {
  try {
    const last = steps.at(-1) ?? steps[0]
    const [file] = await Promise.all([
      scratch.write(last as AsyncIterable<Buffer>),
      pipeline([source instanceof Readable ? source : Readable.from(source, { objectMode: false }), ...steps]),
    ])
    return file
  } catch (error) {
    if (error instanceof GateError) throw error
    throw new GateError('unknown-upstream', 'the list of all projects ended early', { cause: error })
  }
}

async function* bytesOf(file: ScratchFile): AsyncGenerator<Buffer> {
  for (let position = 0; position < file.size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(64 * 1024, file.size - position))
    const count = await file.read(buffer, position)
    if (count === 0) throw new GateError('unknown-store', 'a list was cut short on the disk')
    yield buffer.subarray(0, count)
    position += count
  }
}

function bounded(): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen <= MOST) done(null, chunk)
      else done(new GateError('unknown-upstream', `the list of all projects has more than ${MOST} bytes`))
    },
  })
}
