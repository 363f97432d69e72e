import { GateError } from '../../domain/base/errors.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { isJsonObject, JsonError } from '../text/json.ts'
import { JsonPieces, type PieceLimits } from '../text/json-pieces.ts'
import { type HtmlPage, readHtmlPage } from './html-page.ts'
import { TagTooLong } from './html-tags.ts'
import { type PageContext, PageEntries, TooMuchText } from './page-entries.ts'
import { MOST_FILES, type ProjectIndex } from './project-index.ts'
import { readStatus } from './project-status.ts'

export const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
/** PEP 691's name for it, and the one that every server knows. */
export const SIMPLE_HTML: readonly string[] = ['application/vnd.pypi.simple.v1+html', 'text/html']

type JsonObject = Readonly<Record<string, unknown>>

/** What a page is held to while it is read. An entry of PyPI's has less than a kilobyte. */
const LIMITS: PieceLimits = { depth: 32, members: MOST_FILES, values: 40 * MOST_FILES, element: 64 * 1024 }

/** A page that is read while it comes. Both throw `unknown-upstream` for what is no page of the project, or larger than pages are. */
export interface PageReader {
  write(chunk: Uint8Array): void
  end(): ProjectIndex
}

/** For PEP 691's JSON or PEP 503's HTML, by the media type of the answer; a single bad file entry is dropped, never the page. */
export function createPageReader(mediaType: string, context: PageContext): PageReader {
  return mediaType === SIMPLE_JSON ? readJson(context) : readHtml(context)
}

/** As {@link createPageReader}, of a page that is there whole. */
export function parseProjectPage(bytes: Uint8Array, mediaType: string, context: PageContext): ProjectIndex {
  const reader = createPageReader(mediaType, context)
  reader.write(bytes)
  return reader.end()
}

function readJson(context: PageContext): PageReader {
  const entries = new PageEntries(context)
  let taken = 0
  const pieces = new JsonPieces(LIMITS, {
    name: 'files',
    take(element) {
      taken += 1
      entries.take(JSON.parse(element))
    },
  })
  return {
    write: chunk => asPage(() => pieces.write(chunk)),
    end() {
      const page = asPage(() => parseFrame(pieces.end()))
      const name = typeof page['name'] === 'string' ? tryProjectName(page['name']) : undefined
      if (name !== context.project) throw notAPage('it names another project', page['name'])
      const { files } = page
      if (!Array.isArray(files)) throw notAPage('it has no list of files')
      // what is neither array nor object was not taken out
      for (let left = files.length - taken; left > 0; left -= 1) entries.take(undefined)
      return makeIndex(page, entries, context)
    },
  }
}

/** Bytes that are no JSON, or more of it than a page has. */
function asPage<Read>(read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    if (error instanceof JsonError || error instanceof TooMuchText) throw notAPage(error.message)
    if (error instanceof SyntaxError || error instanceof TypeError) throw notAPage('it is not JSON')
    throw error
  }
}

function parseFrame(frame: Uint8Array): JsonObject {
  const page: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame))
  if (!isJsonObject(page)) throw notAPage('it is not a JSON object')
  return page
}

/** HTML does not say whose page it is: that it was asked for under this name, and what it links to, is all that there is. */
function readHtml(context: PageContext): PageReader {
  const chunks: Uint8Array[] = []
  return {
    write: chunk => void chunks.push(chunk),
    end() {
      const page = parseHtml(Buffer.concat(chunks), context)
      if (page === undefined) throw notAPage('it is HTML without a link to a file of the project')
      const whole = { ...context, pageUrl: page.base }
      const entries = new PageEntries(whole)
      asPage(() => {
        for (const file of page.files) entries.take(file)
      })
      return makeIndex(page, entries, whole)
    },
  }
}

function parseHtml(bytes: Uint8Array, { pageUrl, project }: PageContext): HtmlPage | undefined {
  try {
    return readHtmlPage(bytes, pageUrl, project)
  } catch (error) {
    if (error instanceof TagTooLong) throw notAPage(error.message)
    throw error
  }
}

function makeIndex(page: JsonObject, entries: PageEntries, context: PageContext): ProjectIndex {
  const { meta } = page
  const minor = apiMinor(meta)
  const { files, dropped } = entries.end()
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
