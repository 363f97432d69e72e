import { GateError } from '../../domain/base/errors.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'
import { readHashes } from './hashes.ts'
import { withoutIndexLinks } from './index-links.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** PyPI's legacy JSON API object, parsed to a plain JSON value; `serial` from X-PyPI-Last-Serial or `last_serial`. */
export interface LegacyJson {
  readonly project: ProjectName
  readonly document: JsonObject
  readonly serial: number | undefined
}

interface Context {
  readonly project: ProjectName
  /** X-PyPI-Last-Serial, where the answer had one */
  readonly serial: number | undefined
  /** the upstream's origins: no text of the document leads there afterwards */
  readonly origins: readonly string[]
}

const DEEPEST = 32
const KEPT = ['info', 'last_serial', 'ownership', 'releases', 'urls', 'vulnerabilities']

/**
 * Reads the JSON API's answer for a project, without its links to the index itself; throws `unknown-upstream` for anything
 * else.
 */
export function parseLegacyJson(bytes: Uint8Array, context: Context): LegacyJson {
  const document = parseObject(bytes)
  const info = document['info']
  const name = isJsonObject(info) && typeof info['name'] === 'string' ? tryProjectName(info['name']) : undefined
  if (name !== context.project || !Array.isArray(document['urls'])) throw notLegacy()
  const serial = document['last_serial']
  return {
    project: name,
    document: withoutIndexLinks(pick(document, KEPT), context.origins),
    serial: context.serial ?? (typeof serial === 'number' && Number.isSafeInteger(serial) ? serial : undefined),
  }
}

function parseObject(bytes: Uint8Array): JsonObject {
  try {
    const document = parseJsonStrict(bytes, { bytes: bytes.byteLength, depth: DEEPEST })
    if (isJsonObject(document)) return document
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
  }
  throw notLegacy()
}

function notLegacy(): GateError {
  return new GateError('unknown-upstream', 'the JSON API answered something that is not about the project')
}

function pick(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap(key => (object[key] === undefined ? [] : [[key, object[key]]])))
}

interface Rendering {
  /** false: the file is left out */
  keep(file: { readonly filename: string; readonly sha256: string | undefined }): boolean
  /** the file's URL at the gate; `undefined` leaves it out */
  urlOf(file: { readonly filename: string }): string | undefined
}

/**
 * The document with refused files left out, URLs at the gate and digests kept. A release whose files are all left out goes
 * with them; one that never had any stays.
 */
export function renderLegacyJson(json: LegacyJson, rendering: Rendering): Buffer {
  const { releases, urls } = json.document
  return Buffer.from(
    JSON.stringify({
      ...json.document,
      ...(isJsonObject(releases) ? { releases: renderReleases(releases, rendering) } : {}),
      urls: renderFiles(urls, rendering),
    }),
  )
}

function renderReleases(releases: JsonObject, rendering: Rendering): JsonObject {
  const rendered = Object.entries(releases).flatMap(([version, files]) => {
    const kept = renderFiles(files, rendering)
    const vanished = kept.length === 0 && Array.isArray(files) && files.length > 0
    return vanished ? [] : [[version, kept] as const]
  })
  return Object.fromEntries(rendered)
}

function renderFiles(files: unknown, rendering: Rendering): readonly JsonObject[] {
  if (!Array.isArray(files)) return []
  return files.flatMap((file: unknown) => {
    const rendered = isJsonObject(file) ? renderFile(file, rendering) : undefined
    return rendered === undefined ? [] : [rendered]
  })
}

function renderFile(file: JsonObject, rendering: Rendering): JsonObject | undefined {
  const { filename, digests } = file
  if (typeof filename !== 'string') return undefined
  const hashes = readHashes(digests)
  const url = rendering.urlOf({ filename })
  if (hashes === undefined || url === undefined || !rendering.keep({ filename, sha256: hashes['sha256'] }))
    return undefined
  return { ...file, ...(digests === undefined ? {} : { digests: hashes }), url }
}
