import { cut } from '../../domain/base/cut.ts'
import type { Sha256 } from '../../domain/base/digest.ts'
import { parseInstant } from '../../domain/base/instant.ts'
import type { FilePath, UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { filePathOf } from '../../domain/packaging/file-path.ts'
import { isListedFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { isJsonObject } from '../text/json.ts'
import { readDigests } from './hashes.ts'
import {
  type Dropped,
  formedText,
  freeText,
  type IndexFile,
  MOST_FREE_TEXT,
  MOST_TEXT,
  type ProjectIndex,
} from './project-index.ts'
import { isBelowAny } from './upstream-base.ts'

export interface PageContext {
  readonly project: ProjectName
  /** against which relative file URLs are resolved */
  readonly pageUrl: string
  /** the only places that file bytes may come from, as URLs without a slash at the end */
  readonly fileOrigins: readonly string[]
  /** X-PyPI-Last-Serial, where the answer had one */
  readonly serial: number | undefined
}

const LONGEST_TEXT = 4_096

/** The entries of a page hold more than those of any project do. */
export class TooMuchText extends Error {}

/** Reads the file entries of a page one by one, in PEP 691's spelling; a single bad one is dropped, never the page. */
export class PageEntries {
  readonly #context: PageContext
  readonly #files = new Map<string, IndexFile>()
  readonly #contradicted = new Set<string>()
  readonly #dropped: Dropped[] = []
  #formed = 0
  #free = 0

  constructor(context: PageContext) {
    this.#context = context
  }

  /** Throws {@link TooMuchText}. */
  take(entry: unknown): void {
    const filename = isJsonObject(entry) ? entry['filename'] : undefined
    const file = isJsonObject(entry) ? readEntry(entry, this.#context) : 'not an object'
    if (typeof file === 'string') this.#drop(filename, file)
    else {
      this.#count(file)
      const twin = this.#files.get(file.filename)
      if (twin === undefined || twin.sha256 === file.sha256) this.#files.set(file.filename, file)
      else this.#contradicted.add(file.filename)
    }
  }

  end(): Pick<ProjectIndex, 'files' | 'dropped'> {
    // one name with two contents: neither can be believed
    for (const filename of this.#contradicted) {
      this.#files.delete(filename)
      this.#drop(filename, 'listed twice with different hashes')
    }
    return { files: [...this.#files.values()], dropped: this.#dropped }
  }

  /** Of every entry, so that a twin is no way around it. */
  #count(file: IndexFile): void {
    this.#formed += formedText(file)
    this.#free += freeText(file)
    if (this.#formed + this.#free > MOST_TEXT)
      throw new TooMuchText(`the entries of its files have more than ${MOST_TEXT} characters`)
    if (this.#free > MOST_FREE_TEXT)
      throw new TooMuchText(
        `what its files say of requires-python and of why they are yanked has more than ${MOST_FREE_TEXT} characters`,
      )
  }

  /** Of what is no file name, nothing is kept but that it was there. */
  #drop(filename: unknown, why: string): void {
    this.#dropped.push({ filename: typeof filename === 'string' ? cut(filename, LONGEST_NAME) : undefined, why })
  }
}

const LONGEST_NAME = 255

/** The entry, or why it is dropped. */
function readEntry(entry: Readonly<Record<string, unknown>>, context: PageContext): IndexFile | string {
  const { filename } = entry
  if (typeof filename !== 'string' || !isListedFilename(filename)) return 'not a file name'
  const place = readPlace(entry['url'], filename, context)
  if (place === undefined) return 'its URL is not below a configured origin of files'
  const digests = readDigests(entry['hashes'])
  const metadata = readMetadataHash(entry)
  if (digests === undefined || metadata === undefined) return 'its hashes contradict each other'
  const { hashes, sha256 } = digests
  const { url, path = filePathOf(url, sha256, filename) } = place
  return {
    filename,
    dist: parseDistFilename(filename, context.project),
    path,
    url,
    sha256,
    hashes,
    size: readSize(entry['size']),
    ...readTime(entry['upload-time']),
    requiresPython: readText(entry['requires-python']),
    yanked: readYanked(entry['yanked']),
    coreMetadata: metadata ?? undefined,
    // PEP 740: a URL or null; anything else says nothing
    provenance: typeof entry['provenance'] === 'string' ? 'offered' : entry['provenance'] === null ? 'none' : 'unsaid',
  }
}

/** Where a file lies; without a path where its URL has to be asked for it. */
interface Place {
  readonly url: UpstreamUrl
  readonly path?: FilePath
}

/** `/packages/aa/bb/<60>/` */
const FOLDER = /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/$/
const FOLDER_LENGTH = '/packages/'.length + 3 + 3 + 61

/** PyPI's own form, file by file the same, is read without a parser of URLs, which takes a third of the time of a page. */
function readPlace(url: unknown, filename: string, context: PageContext): Place | undefined {
  if (typeof url !== 'string') return undefined
  for (const base of context.fileOrigins) {
    const end = base.length + FOLDER_LENGTH
    if (url.length !== end + filename.length || !url.startsWith(base) || !url.endsWith(filename)) continue
    if (FOLDER.test(url.slice(base.length, end)))
      return { url: url as UpstreamUrl, path: url.slice(base.length) as FilePath }
  }
  const read = readUrl(url, context)
  return read && { url: read }
}

function readUrl(url: unknown, { pageUrl, fileOrigins }: PageContext): UpstreamUrl | undefined {
  if (typeof url !== 'string' || url.length > LONGEST_TEXT || !URL.canParse(url, pageUrl)) return undefined
  const resolved = new URL(url, pageUrl)
  if (resolved.username !== '' || resolved.password !== '' || !isBelowAny(resolved, fileOrigins)) return undefined
  resolved.hash = ''
  return resolved.href as UpstreamUrl
}

function readSize(size: unknown): number | undefined {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

/** PEP 700's upload-time, where it is one. */
function readTime(time: unknown): Pick<IndexFile, 'uploadTime' | 'uploaded'> {
  const uploaded = typeof time === 'string' ? parseInstant(time) : undefined
  return { uploadTime: typeof time === 'string' && uploaded !== undefined ? time : undefined, uploaded }
}

/** An empty reason is a file yanked without one, which clients would read as not yanked. */
function readYanked(yanked: unknown): string | boolean {
  if (typeof yanked !== 'string') return yanked === true
  return yanked === '' ? true : cut(yanked, LONGEST_TEXT)
}

function readText(text: unknown): string | undefined {
  return typeof text === 'string' && text.length <= LONGEST_TEXT ? text : undefined
}

const METADATA_KEYS = ['core-metadata', 'data-dist-info-metadata', 'dist-info-metadata']

/**
 * What PEP 714's key or, where that says nothing, its forerunners give METADATA for a sha256: `undefined` where it contradicts
 * itself, null where there is none. `true` has no hash, so nothing could be checked: it counts as not offered.
 */
function readMetadataHash(entry: Readonly<Record<string, unknown>>): Sha256 | null | undefined {
  for (const key of METADATA_KEYS) {
    const offered = entry[key]
    if (!isJsonObject(offered) || !Object.keys(offered).some(name => name.toLowerCase() === 'sha256')) continue
    const digests = readDigests(offered)
    return digests === undefined ? undefined : (digests.sha256 ?? null)
  }
  return null
}
