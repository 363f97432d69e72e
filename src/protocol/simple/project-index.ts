import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { parseInstant } from '../../domain/base/instant.ts'
import type { FilePath, ProjectStatus, UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { filePathOf } from '../../domain/packaging/file-path.ts'
import { type DistFilename, isListedFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, parseVersion } from '../../domain/packaging/version.ts'
import { isJsonObject } from '../text/json.ts'

/** One file entry of an index page (PEP 691/700/714/740/592), checked key by key; unknown keys are dropped. */
export interface IndexFile {
  /** as listed; at most 255 bytes of `[A-Za-z0-9._+!-]` */
  readonly filename: string
  /** `undefined` when it is neither wheel nor sdist, or names another project: then the file is `file-unsupported` */
  readonly dist: DistFilename | undefined
  readonly path: FilePath
  readonly url: UpstreamUrl
  readonly sha256: Sha256 | undefined
  /** all well-formed hashes, by algorithm */
  readonly hashes: Readonly<Record<string, string>>
  readonly size: number | undefined
  /** as the index spells it, RFC 3339 */
  readonly uploadTime: string | undefined
  readonly requiresPython: string | undefined
  readonly yanked: string | boolean
  readonly coreMetadata: Sha256 | undefined
  readonly provenance: 'offered' | 'none' | 'unsaid'
}

/** A project page, read once at the door. */
export interface ProjectIndex {
  readonly name: ProjectName
  /** minor of api-version 1.x as the upstream said it, at most 4 */
  readonly minor: 0 | 1 | 2 | 3 | 4
  readonly files: readonly IndexFile[]
  /** PEP 700; `undefined` where the upstream is older */
  readonly versions: readonly string[] | undefined
  readonly status: ProjectStatus
  readonly statusReason: string | undefined
  readonly serial: number | undefined
  /** entries that were dropped, with why (untrusted text) */
  readonly dropped: readonly Dropped[]
}

interface Dropped {
  readonly filename: unknown
  readonly why: string
}

interface Context {
  readonly project: ProjectName
  /** against which relative file URLs are resolved */
  readonly pageUrl: string
  /** the only origins that file bytes may come from */
  readonly fileOrigins: readonly string[]
  /** X-PyPI-Last-Serial, where the answer had one */
  readonly serial: number | undefined
}

const HASH = /^[0-9a-f]{32,128}$/
const ALGORITHMS: ReadonlySet<string> = new Set([
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'blake2b_256',
  'blake2b',
])
const STATUSES: ReadonlySet<string> = new Set(['active', 'archived', 'deprecated', 'quarantined'])
const LONGEST_TEXT = 4_096

/**
 * Reads a PEP 691 project page. Throws `unknown-upstream` for anything that is not one of that project; a single bad file
 * entry is dropped, never the page.
 */
export function parseProjectIndex(bytes: Uint8Array, context: Context): ProjectIndex {
  const page = parsePage(bytes)
  const minor = apiMinor(page['meta'])
  const name = typeof page['name'] === 'string' ? tryProjectName(page['name']) : undefined
  if (name !== context.project) throw notAPage('it names another project', page['name'])
  if (!Array.isArray(page['files'])) throw notAPage('it has no list of files')
  const { files, dropped } = readFiles(page['files'], context)
  return {
    name,
    minor,
    files,
    dropped,
    versions: readVersions(page['versions']),
    ...readStatus(page['project-status']),
    serial: context.serial ?? readSerial(page['meta']),
  }
}

function notAPage(why: string, found?: unknown): GateError {
  return new GateError('unknown-upstream', `the index answered something that is no project page: ${why}`, {
    untrusted: found,
  })
}

function parsePage(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let page: unknown
  try {
    page = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw notAPage('it is not JSON')
  }
  if (!isJsonObject(page)) throw notAPage('it is not a JSON object')
  return page
}

/** PEP 629: a higher major must not be read; a higher minor may be, as what we know of it. */
function apiMinor(meta: unknown): ProjectIndex['minor'] {
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

/** PEP 792. A marker that this program does not know is no reason to hide the project. */
function readStatus(status: unknown): Pick<ProjectIndex, 'status' | 'statusReason'> {
  const marker = isJsonObject(status) ? status['status'] : undefined
  const reason = isJsonObject(status) ? status['reason'] : undefined
  return {
    status: isStatus(marker) ? marker : 'active',
    statusReason: typeof reason === 'string' ? reason.slice(0, LONGEST_TEXT) : undefined,
  }
}

function isStatus(marker: unknown): marker is ProjectStatus {
  return typeof marker === 'string' && STATUSES.has(marker)
}

function readFiles(entries: readonly unknown[], context: Context): Pick<ProjectIndex, 'files' | 'dropped'> {
  const files = new Map<string, IndexFile>()
  const contradicted = new Set<string>()
  const dropped: Dropped[] = []
  for (const entry of entries) {
    const filename = isJsonObject(entry) ? entry['filename'] : undefined
    const file = isJsonObject(entry) ? readFile(entry, context) : 'not an object'
    if (typeof file === 'string') {
      dropped.push({ filename, why: file })
      continue
    }
    const twin = files.get(file.filename)
    if (twin !== undefined && twin.sha256 !== file.sha256) contradicted.add(file.filename)
    else files.set(file.filename, file)
  }
  // one name with two contents: neither can be believed
  for (const filename of contradicted) {
    files.delete(filename)
    dropped.push({ filename, why: 'listed twice with different hashes' })
  }
  return { files: [...files.values()], dropped }
}

/** The entry, or why it is dropped. */
function readFile(entry: Readonly<Record<string, unknown>>, context: Context): IndexFile | string {
  const { filename } = entry
  if (typeof filename !== 'string' || !isListedFilename(filename)) return 'not a file name'
  const url = readUrl(entry['url'], context)
  if (url === undefined) return 'its URL is not on a configured origin'
  const hashes = readHashes(entry['hashes'])
  const sha256 = parseSha256(hashes['sha256'] ?? '')
  return {
    filename,
    dist: parseDistFilename(filename, context.project),
    path: filePathOf(url, sha256, filename),
    url,
    sha256,
    hashes,
    size: readSize(entry['size']),
    uploadTime: readTime(entry['upload-time']),
    requiresPython: readText(entry['requires-python']),
    yanked: readYanked(entry['yanked']),
    coreMetadata: readMetadataHash(entry),
    // PEP 740: a URL or null; anything else says nothing
    provenance: typeof entry['provenance'] === 'string' ? 'offered' : entry['provenance'] === null ? 'none' : 'unsaid',
  }
}

function readUrl(url: unknown, { pageUrl, fileOrigins }: Context): UpstreamUrl | undefined {
  if (typeof url !== 'string' || url.length > LONGEST_TEXT || !URL.canParse(url, pageUrl)) return undefined
  const resolved = new URL(url, pageUrl)
  if (resolved.username !== '' || resolved.password !== '' || !fileOrigins.includes(resolved.origin)) return undefined
  resolved.hash = ''
  return resolved.href as UpstreamUrl
}

function readHashes(hashes: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(hashes)) return {}
  const known = Object.entries(hashes).filter(
    (hash): hash is [string, string] => ALGORITHMS.has(hash[0]) && typeof hash[1] === 'string' && HASH.test(hash[1]),
  )
  return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function readSize(size: unknown): number | undefined {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

function readTime(time: unknown): string | undefined {
  return typeof time === 'string' && parseInstant(time) !== undefined ? time : undefined
}

/** An empty reason is a file yanked without one, which clients would read as not yanked. */
function readYanked(yanked: unknown): string | boolean {
  if (typeof yanked !== 'string') return yanked === true
  return yanked === '' ? true : yanked.slice(0, LONGEST_TEXT)
}

function readText(text: unknown): string | undefined {
  return typeof text === 'string' && text.length <= LONGEST_TEXT ? text : undefined
}

const METADATA_KEYS = ['core-metadata', 'data-dist-info-metadata', 'dist-info-metadata']

/** PEP 714 and its forerunners. `true` has no hash, so nothing could be checked: it counts as not offered. */
function readMetadataHash(entry: Readonly<Record<string, unknown>>): Sha256 | undefined {
  for (const key of METADATA_KEYS) {
    const offered = entry[key]
    const sha256 = isJsonObject(offered) ? offered['sha256'] : undefined
    if (typeof sha256 === 'string') return parseSha256(sha256)
  }
  return undefined
}

/** PEP 700: without versions whose files are all hidden. Versions that never had a file stay. */
export function versionsWithout(index: ProjectIndex, shown: readonly IndexFile[]): readonly string[] | undefined {
  const kept = new Set(shown.flatMap(versionKeys))
  const hidden = new Set(index.files.flatMap(versionKeys).filter(version => !kept.has(version)))
  return index.versions?.filter(text => {
    const version = parseVersion(text)
    return version === undefined || !hidden.has(canonicalVersion(version))
  })
}

function versionKeys({ dist }: IndexFile): readonly string[] {
  return dist === undefined ? [] : [canonicalVersion(dist.version)]
}
