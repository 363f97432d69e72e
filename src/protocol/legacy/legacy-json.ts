import { GateError } from '../../domain/base/errors.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { readHashes } from '../simple/hashes.ts'
import { MOST_FILES } from '../simple/project-index.ts'
import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'
import { JsonPieces, type PieceLimits } from '../text/json-pieces.ts'
import { withoutIndexLinks } from './index-links.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** A file of the document: its text is `bytes` from `from` to `to`, up to where its URL goes, which ends it. */
export interface LegacyFile {
  readonly filename: string
  readonly sha256: string | undefined
  readonly from: number
  readonly to: number
}

/** PyPI's legacy JSON API object, in pieces of its text: files go in and out of it, and all else stays as it is. */
export interface LegacyJson {
  readonly project: ProjectName
  /** from X-PyPI-Last-Serial or `last_serial` */
  readonly serial: number | undefined
  /** UTF-8 */
  readonly bytes: Uint8Array
  /** what `info` says, which stands first in `bytes`; absent where the document has none */
  readonly info: LegacyInfo | undefined
  /** where the members beside info, releases and urls end, that stand next, each with a comma before it */
  readonly beside: number
  /** absent where the document has none, as that of one version */
  readonly releases: readonly LegacyRelease[] | undefined
  readonly urls: readonly LegacyFile[]
}

/** Members of `info`, without commas around them. */
export interface LegacyInfo {
  /** where those end that only METADATA of a file can say (see {@link CLAIMS}) */
  readonly claims: number
  /** where all others end */
  readonly end: number
}

/** What a resolver takes from `info`: the index repeats what METADATA of some file of the release says, and may say anything. */
export const CLAIMS: readonly string[] = ['requires_dist', 'requires_python', 'provides_extra', 'dynamic']
/** The same in documents of long ago (PEP 314, PEP 345). */
const OLD_CLAIMS = ['requires', 'provides', 'obsoletes', 'requires_external', 'provides_dist', 'obsoletes_dist']

export interface LegacyRelease {
  readonly version: string
  readonly files: readonly LegacyFile[]
  /** false: it never had any, and stays without */
  readonly hadFiles: boolean
}

export interface LegacyContext {
  readonly project: ProjectName
  /** X-PyPI-Last-Serial, where the answer had one */
  readonly serial: number | undefined
  /** the upstream's origins: no text of the document leads there afterwards */
  readonly origins: readonly string[]
}

const KEPT = ['info', 'last_serial', 'ownership', 'releases', 'urls', 'vulnerabilities']
/** A description is a text of any length; what stands in a list is not. */
const LIMITS: PieceLimits = { depth: 32, members: MOST_FILES, values: 40 * MOST_FILES, element: 1024 * 1024 }

/** A document that is read while it comes. Both throw `unknown-upstream` for anything that is not one about the project. */
export interface LegacyReader {
  write(chunk: Uint8Array): void
  end(): LegacyJson
}

/** Reads the JSON API's answer for a project, without its links to the index itself. */
export function createLegacyReader(context: LegacyContext): LegacyReader {
  const pieces = new JsonPieces(LIMITS)
  return {
    write: chunk => asLegacy(() => pieces.write(chunk)),
    end: () => readDocument(parseObject(pieces), context),
  }
}

function readDocument(document: JsonObject, context: LegacyContext): LegacyJson {
  const info = document['info']
  const name = isJsonObject(info) && typeof info['name'] === 'string' ? tryProjectName(info['name']) : undefined
  if (name !== context.project || !Array.isArray(document['urls'])) throw notLegacy()
  const serial = document['last_serial']
  return legacyJson(withoutIndexLinks(pick(document, KEPT), context.origins), {
    project: name,
    serial: context.serial ?? (typeof serial === 'number' && Number.isSafeInteger(serial) ? serial : undefined),
  })
}

function parseObject(pieces: JsonPieces): JsonObject {
  return asLegacy(() => {
    const bytes = pieces.end()
    const document = parseJsonStrict(bytes, { bytes: bytes.byteLength, depth: LIMITS.depth })
    if (!isJsonObject(document)) throw notLegacy()
    return document
  })
}

function asLegacy<Read>(read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    throw error instanceof JsonError ? notLegacy(error.message) : error
  }
}

function notLegacy(why?: string): GateError {
  const detail = 'the JSON API answered something that is not about the project'
  return new GateError('unknown-upstream', detail, why === undefined ? {} : { untrusted: { why } })
}

function pick(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap(key => (object[key] === undefined ? [] : [[key, object[key]]])))
}

/** The document in pieces. Files whose digests contradict each other are none. */
export function legacyJson(document: JsonObject, of: Pick<LegacyJson, 'project' | 'serial'>): LegacyJson {
  const { info: told, releases, urls, ...members } = document
  const text = new TextPieces()
  const info = isJsonObject(told) ? readInfo(told, text) : undefined
  for (const [key, value] of Object.entries(members)) text.add(`,${JSON.stringify(key)}:${JSON.stringify(value)}`)
  const beside = text.size
  return {
    ...of,
    info,
    beside,
    releases: isJsonObject(releases)
      ? Object.entries(releases).map(([version, files]) => ({
          version,
          files: filesIn(files, text),
          hadFiles: Array.isArray(files) && files.length > 0,
        }))
      : undefined,
    urls: filesIn(urls, text),
    bytes: text.join(),
  }
}

function readInfo(info: JsonObject, text: TextPieces): LegacyInfo {
  const isClaim = ([key]: readonly [string, unknown]): boolean => CLAIMS.includes(key) || OLD_CLAIMS.includes(key)
  const members = Object.entries(info)
  text.add(membersOf(members.filter(isClaim)))
  const claims = text.size
  text.add(membersOf(members.filter(member => !isClaim(member))))
  return { claims, end: text.size }
}

function membersOf(entries: readonly (readonly [string, unknown])[]): string {
  return entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')
}

function filesIn(files: unknown, text: TextPieces): readonly LegacyFile[] {
  if (!Array.isArray(files)) return []
  return files.flatMap((file: unknown) => {
    const read = isJsonObject(file) ? readFile(file, text) : undefined
    return read === undefined ? [] : [read]
  })
}

function readFile({ url: _url, ...file }: JsonObject, text: TextPieces): LegacyFile | undefined {
  const { filename, digests } = file
  const hashes = readHashes(digests)
  if (typeof filename !== 'string' || hashes === undefined) return undefined
  const from = text.size
  // a file without any other member has a name
  const members = JSON.stringify({ ...file, ...(digests === undefined ? {} : { digests: hashes }) })
  text.add(`${members.slice(0, -1)},"url":`)
  return { filename, sha256: hashes['sha256'], from, to: text.size }
}

/** Text as bytes, a piece after the other. */
class TextPieces {
  readonly #pieces: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(text: string): void {
    const piece = Buffer.from(text)
    this.#pieces.push(piece)
    this.#size += piece.length
  }

  join(): Uint8Array {
    return Buffer.concat(this.#pieces, this.#size)
  }
}
