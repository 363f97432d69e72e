import { GateError } from '../../domain/base/errors.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { isJsonObject } from '../text/json.ts'
import { readHtmlPage } from './html-page.ts'
import { type PageContext, readEntries } from './page-entries.ts'
import type { ProjectIndex } from './project-index.ts'
import { readStatus } from './project-status.ts'

export const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
/** PEP 691's name for it, and the one that every server knows. */
export const SIMPLE_HTML: readonly string[] = ['application/vnd.pypi.simple.v1+html', 'text/html']

type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads a project page: PEP 691's JSON or PEP 503's HTML, by the media type of the answer. Throws `unknown-upstream` for
 * anything that is not one of that project; a single bad file entry is dropped, never the page.
 */
export function parseProjectPage(bytes: Uint8Array, mediaType: string, context: PageContext): ProjectIndex {
  if (mediaType !== SIMPLE_JSON) return parseHtml(bytes, context)
  const page = parseJson(bytes)
  const name = typeof page['name'] === 'string' ? tryProjectName(page['name']) : undefined
  if (name !== context.project) throw notAPage('it names another project', page['name'])
  return readPage(page, context)
}

/** HTML does not say whose page it is: that it was asked for under this name, and what it links to, is all that there is. */
function parseHtml(bytes: Uint8Array, context: PageContext): ProjectIndex {
  const page = readHtmlPage(bytes, context.pageUrl, context.project)
  if (page === undefined) throw notAPage('it is HTML without a link to a file of the project')
  return readPage(page, { ...context, pageUrl: page.base })
}

function readPage(page: JsonObject, context: PageContext): ProjectIndex {
  const { meta, files: entries } = page
  const minor = apiMinor(meta)
  if (!Array.isArray(entries)) throw notAPage('it has no list of files')
  const { files, dropped } = readEntries(entries, context)
  return {
    name: context.project,
    minor: minor ?? 0,
    files,
    dropped,
    ...(minor === undefined ? { warnings: ['it has no meta with an api-version, and was read as 1.0'] } : {}),
    versions: readVersions(page['versions']),
    ...readStatus(page['project-status'], isJsonObject(meta) ? meta['project-status'] : undefined),
    serial: context.serial ?? readSerial(meta),
  }
}

function notAPage(why: string, found?: unknown): GateError {
  return new GateError('unknown-upstream', `the index answered something that is no project page: ${why}`, {
    untrusted: found,
  })
}

function parseJson(bytes: Uint8Array): JsonObject {
  let page: unknown
  try {
    page = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw notAPage('it is not JSON')
  }
  if (!isJsonObject(page)) throw notAPage('it is not a JSON object')
  return page
}

/**
 * PEP 629: a higher major must not be read; a higher minor may be, as what we know of it; no version at all is 1.0. `undefined`
 * where a page has none: PEP 691 demands one, but every client reads such a page, and all that its absence could hide (sizes,
 * provenance, a status) is read where it stands, whatever the version.
 */
function apiMinor(meta: unknown): ProjectIndex['minor'] | undefined {
  if (meta === undefined || (isJsonObject(meta) && meta['api-version'] === undefined)) return undefined
  const version = isJsonObject(meta) ? meta['api-version'] : undefined
  const [, minor] = (typeof version === 'string' ? /^1\.(\d{1,4})$/.exec(version) : null) ?? []
  if (minor === undefined) throw notAPage('its api-version is not 1.x', version)
  const known = ([0, 1, 2, 3] as const).find(candidate => candidate === Number(minor))
  return known ?? 4
}

function readSerial(meta: unknown): number | undefined {
  const serial = isJsonObject(meta) ? meta['_last-serial'] : undefined
  return typeof serial === 'number' && Number.isSafeInteger(serial) && serial >= 0 ? serial : undefined
}

function readVersions(versions: unknown): readonly string[] | undefined {
  if (!Array.isArray(versions)) return undefined
  return versions.filter((version): version is string => typeof version === 'string' && version.length <= 255)
}
