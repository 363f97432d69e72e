import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Millis, millis } from '../../domain/base/instant.ts'
import { createOnce } from '../../flow/once.ts'
import type { OpenedRootList, RootList } from '../../ports/outward.ts'
import type { Scratch, ScratchFile } from '../../ports/scratch.ts'
import { boundedRootList, rootListToHtml, rootListToJson } from '../../protocol/simple/root-list.ts'

export type RootListForm = 'json' | 'html'
export type RootListCoding = 'gzip' | 'identity'

/** The list of all projects in one form and one coding, whole; whoever gets it closes its file. */
export interface OpenRootList {
  readonly file: ScratchFile
  /** X-PyPI-Last-Serial, as it was said */
  readonly serial: string | undefined
  /** another one where the list says anything else */
  readonly revision: Sha256
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
  /** that a list may take to come; default: five minutes */
  readonly longest?: Millis
}

/** A list as it was fetched. */
interface Kept {
  /** the source's, of the last time it came */
  etag: string | undefined
  /** of what it says */
  readonly revision: Sha256
  readonly serial: string | undefined
  /** by form and coding; that of JSON, compressed, is there from the beginning */
  readonly files: Map<string, ScratchFile>
  /** performance.now() of the last validation */
  validated: number
  /** who looks for a file in it now: until nobody does, a list that was replaced keeps its files */
  users: number
  replaced: boolean
}

/** that a list may take from its first byte to its last: PyPI's takes some seconds */
const LONGEST = millis(300_000)
const FIRST = 'json gzip'

/** What is asked each time. */
const NEVER_MIND = { maxAge: millis(-1), maxStale: millis(0) }

/** No reader keeps a place at the source, however slowly it reads: the list is here whole before its first byte leaves. */
export function createRootLists({ source, scratch, longest = LONGEST, ...ages }: Options): RootLists {
  const { maxAge, maxStale } = source.looksAtAge === true ? NEVER_MIND : ages
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
    const { file, revision } = await take(opened, { scratch, longest })
    if (before?.revision === revision && before.serial === serial && !before.replaced) {
      file.close()
      before.etag = etag
      before.validated = performance.now()
      return before
    }
    const files = new Map([[FIRST, file]])
    const fresh = { etag, revision, serial, files, validated: performance.now(), users: 0, replaced: false }
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
      const file = await convert(first, { form, coding }, { scratch, longest })
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
        return { file, serial: list.serial, revision: list.revision }
      } finally {
        list.users -= 1
        leave(list)
      }
    },
    close: () => replace(undefined),
  }
}

type Taking = Required<Pick<Options, 'scratch' | 'longest'>>

/** Rebuilt member by member on its way to the disk: names and serials, nothing else that the upstream put there. */
async function take(
  { body, coding, serial }: OpenedRootList,
  taking: Taking,
): Promise<{ readonly file: ScratchFile; readonly revision: Sha256 }> {
  const hash = createHash('sha256')
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const rebuilt = [boundedRootList(), rootListToJson(serial), hashed, createGzip({ level: 4 })] as const
  const file = await through(body, coding === 'gzip' ? [createGunzip(), ...rebuilt] : rebuilt, taking)
  return { file, revision: hash.digest('hex') as Sha256 }
}

async function convert(
  first: ScratchFile,
  { form, coding }: { readonly form: RootListForm; readonly coding: RootListCoding },
  taking: Taking,
): Promise<ScratchFile> {
  const html = form === 'html' ? [rootListToHtml()] : []
  const coded = coding === 'gzip' ? [createGzip({ level: 4 })] : []
  return await through(bytesOf(first), [createGunzip(), ...html, ...coded], taking)
}

/** Codecs and sockets fail in their own words; whatever it was, the list could not be had. */
async function through(
  source: AsyncIterable<Buffer>,
  steps: readonly [Transform, ...Transform[]],
  { scratch, longest }: Taking,
): Promise<ScratchFile> {
  const signal = AbortSignal.timeout(longest)
  try {
    const last = steps.at(-1) ?? steps[0]
    const body = source instanceof Readable ? source : Readable.from(source, { objectMode: false })
    const [file] = await Promise.all([
      scratch.write(last as AsyncIterable<Buffer>),
      pipeline([body, ...steps], { signal }),
    ])
    return file
  } catch (error) {
    if (error instanceof GateError) throw error
    const why = signal.aborted ? `took more than ${longest} ms to come` : 'ended early'
    throw new GateError('unknown-upstream', `the list of all projects ${why}`, { cause: error })
  }
}

/** What is kept of a list, for whoever makes another one of it. */
export function readRootList({ file }: Pick<OpenRootList, 'file'>): Readable {
  const body = Readable.from(bytesOf(file), { objectMode: false })
  body.once('close', () => file.close())
  return body
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
