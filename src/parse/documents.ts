import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { GateError } from '../domain/base/errors.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Asker } from '../flow/asker.ts'
import { inSlices } from '../flow/slices.ts'
import { atOnce, type Steps } from '../flow/steps.ts'
import {
  createLegacyReader,
  type LegacyContext,
  type LegacyFile,
  type LegacyJson,
} from '../protocol/legacy/legacy-json.ts'
import type { PageContext } from '../protocol/simple/page-entries.ts'
import type { IndexFile, ProjectIndex } from '../protocol/simple/project-index.ts'
import { createPageReader, SIMPLE_JSON } from '../protocol/simple/project-page.ts'
import { UnreadableStatus } from '../protocol/simple/project-status.ts'
import { type CodedDocument, decodeSmall } from './coded.ts'
import { fromColumns, type IndexColumns } from './index-columns.ts'
import type { LegacyColumns, ParseAnswer, ParseOrder } from './parser-messages.ts'
import { type Parsed, ParserPool, type ParserPoolOptions } from './parser-pool.ts'

/** Documents of an index become values, large ones in turn for whoever waits. All throw `unknown-upstream` for what is none, `unknown-overloaded`. */
export interface Documents {
  page(document: CodedDocument, mediaType: string, context: PageContext, asker?: Asker): Promise<ProjectIndex>
  legacy(document: CodedDocument, context: LegacyContext, asker?: Asker): Promise<LegacyJson>
  close(): Promise<void>
}

/** bytes; some two hundred files, which take some milliseconds here, and on another thread six more of its time and one here */
const SMALL = 128 * 1024
/** objects of JSON or tags of HTML: what takes the time. A page of PyPI's with so many bytes has some seven hundred, one of bare names had thousands. */
const FEW = 1_024
/** bytes that are read at once: some twenty files */
const AT_ONCE = 8 * 1024

/** Documents that are little work are read where they are, all others on another thread, and taken over in slices: these as well as those. */
export function createDocuments(options: ParserPoolOptions = {}): Documents {
  const pool = new ParserPool(options)

  async function parse<Kind extends ParseOrder['kind']>(
    document: CodedDocument,
    order: ParseOrder & { readonly kind: Kind },
    asker: Asker | undefined,
  ): Promise<Parsed & { readonly answer: { readonly kind: Kind } }> {
    const parsed = await pool.parse(document, order, asker)
    if ('kind' in parsed) throw failureIn(parsed)
    if (parsed.answer.kind !== order.kind) throw new GateError('unknown-bug', 'another document was read')
    return parsed as Parsed & { readonly answer: { readonly kind: Kind } }
  }

  return {
    async page(document, mediaType, context, asker) {
      const { small, large } = await littleWork(document, mediaType === SIMPLE_JSON ? OBJECT : TAG)
      if (small !== undefined) return await readHere(createPageReader(mediaType, context), small, asker)
      const { answer, port } = await parse(large, { kind: 'page', mediaType, context }, asker)
      return { ...answer.page, files: await inSlices(takeFiles(port, context.project), asker) }
    },
    async legacy(document, context, asker) {
      const { small, large } = await littleWork(document, OBJECT)
      if (small !== undefined) return await readHere(createLegacyReader(context), small, asker)
      const { answer, port } = await parse(large, { kind: 'legacy', context }, asker)
      return await inSlices(takeLegacy(answer, port), asker)
    },
    close: () => pool.close(),
  }
}

const OBJECT = '{'.charCodeAt(0)
const TAG = '<'.charCodeAt(0)

/** The bytes where they are little work, by what they are made of; else the document, for another thread. */
async function littleWork(
  document: CodedDocument,
  mark: number,
): Promise<
  { readonly small: Uint8Array; readonly large?: never } | { readonly small?: never; readonly large: CodedDocument }
> {
  const bytes = await decodeSmall(document, SMALL)
  if (bytes === undefined) return { large: document }
  let count = 0
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) count += 1
  return count <= FEW ? { small: bytes } : { large: document }
}

interface Reader<Read> {
  write(chunk: Uint8Array): void
  end(): Read
}

async function readHere<Read>(reader: Reader<Read>, bytes: Uint8Array, asker: Asker | undefined): Promise<Read> {
  const steps = readInSteps(reader, bytes)
  return bytes.byteLength <= AT_ONCE ? atOnce(steps) : await inSlices(steps, asker)
}

function* readInSteps<Read>(reader: Reader<Read>, bytes: Uint8Array): Steps<Read> {
  for (let at = 0; at < bytes.byteLength; at += AT_ONCE) {
    reader.write(bytes.subarray(at, at + AT_ONCE))
    yield
  }
  return reader.end()
}

/** A message is made into values when it is taken, so whoever takes them one by one decides how long that is. */
function* messagesOn(port: MessagePort): Generator<unknown, void, undefined> {
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) yield got.message
  port.close()
}

function* takeFiles(port: MessagePort, project: ProjectName): Steps<readonly IndexFile[]> {
  const files: IndexFile[] = []
  for (const columns of messagesOn(port)) {
    files.push(...fromColumns(columns as IndexColumns, project))
    yield
  }
  return files
}

function* takeLegacy(
  { json, releases }: Extract<ParseAnswer, { kind: 'legacy' }>,
  port: MessagePort,
): Steps<LegacyJson> {
  const files: LegacyFile[] = []
  for (const message of messagesOn(port)) {
    const { filename, sha256, places } = message as LegacyColumns
    for (const [at, name] of filename.entries())
      files.push({ filename: name, sha256: sha256[at], from: places[2 * at] ?? 0, to: places[2 * at + 1] ?? 0 })
    yield
  }
  let taken = 0
  const grouped = releases?.map(({ version, hadFiles, count }) => {
    taken += count
    return { version, hadFiles, files: files.slice(taken - count, taken) }
  })
  return { ...json, releases: grouped, urls: files.slice(taken) }
}

function failureIn({ code, detail, untrusted, status }: Extract<ParseAnswer, { kind: 'failed' }>): GateError {
  return status ? new UnreadableStatus(untrusted) : new GateError(code, detail, { untrusted })
}
