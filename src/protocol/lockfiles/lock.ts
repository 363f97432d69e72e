import { cut } from '../../domain/base/cut.ts'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { isListedFilename, parseDistFilename, sameDistribution } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { Formats } from '../../domain/packaging/targets.ts'
import { compareVersions, parseVersion, type Version } from '../../domain/packaging/version.ts'
import { isWebAddress, withoutCredentials } from './plain-url.ts'

/** A file that a lock allows: by its bytes, or by its name where the lock has no sha256 of it. */
export type LockedFile = (
  | { readonly filename: string | undefined; readonly sha256: Sha256 }
  | { readonly filename: string; readonly sha256: undefined }
) & {
  /** where a client that installs from the lock asks for it; `undefined` where it asks a page first */
  readonly url: string | undefined
}

/** Where a client takes a file from, and what holds that to the file that is judged. */
export interface LockedPlace {
  /** a URL, or a path beside the lock, as written */
  readonly place: string
  /** the name that is judged; `undefined` where neither the lock nor the place has one */
  readonly filename: string | undefined
  readonly sha256: Sha256 | undefined
  /** other hashes of the lock, any of which may do for a client instead of the sha256 */
  readonly others: readonly string[]
}

/** Whom a lock names as publisher (PEP 751 `attestation-identities`): its kind, and the other keys as written. */
export interface AttestationIdentity {
  readonly kind: string
  readonly claims: Readonly<Record<string, string>>
}

/** One release that a lock names. */
export interface LockedPackage {
  readonly project: ProjectName
  readonly version: Version
  readonly files: readonly LockedFile[]
  /** what the lock says leaves any file of the release open: it pins none, or one by a hash that no index lists */
  readonly open: boolean
  /** what a client takes from where the lock says, without asking an index */
  readonly places: readonly LockedPlace[]
  /** the index that the lock names for it, without credentials; `undefined` where it names none */
  readonly index: string | undefined
  /** as written; never evaluated */
  readonly marker: string | undefined
  /** where it stands, from 1 */
  readonly line: number
  /** the file that it stands in, where that is not the lock but one that it includes */
  readonly from?: string
  readonly identities: readonly AttestationIdentity[]
}

/** Why something that a lock names is not judged here. */
export type UnjudgedKind =
  /** a file at some URL */
  | 'url'
  /** a repository of source code */
  | 'vcs'
  /** a folder or a file beside the lock */
  | 'path'
  | 'editable'
  /** the project that the lock is of, which some tools write into it */
  | 'own'
  /** a line that makes another index, or a place of files, the source of whatever it has */
  | 'index-line'
  /** a release of an index that is not the one that is asked */
  | 'other-index'
  /** a name that is asked of nobody */
  | 'internal'
  /** a lock that names nothing at all */
  | 'empty'

/** What a lock lets in, or names, and nobody here can judge. */
export interface Unjudged {
  readonly kind: UnjudgedKind
  readonly name: string
  readonly version: Version | undefined
  readonly why: string
  /** where it comes from, where that is an index */
  readonly index: string | undefined
  readonly line: number
  /** the file that it stands in, where that is not the lock but one that it includes */
  readonly from?: string
}

export type LockKind = 'requirements' | 'uv' | 'poetry' | 'pdm' | 'pipfile' | 'pylock'

/** Everything that a lock says: what is judged, and what is not. */
export interface Lock {
  readonly path: string
  readonly kind: LockKind
  readonly packages: readonly LockedPackage[]
  readonly unjudged: readonly Unjudged[]
  /** the Pythons that it is for, as written; absent where it says nothing */
  readonly requiresPython?: string
  /** what of a release is taken, where the lock tells installers; absent where it tells nothing */
  readonly formats?: (project: ProjectName) => Formats
}

/** A key of a lock that is there only where the lock says something. */
export function forPythons(requiresPython: string | undefined): Pick<Lock, 'requiresPython'> {
  return requiresPython === undefined ? {} : { requiresPython }
}

export interface LockText {
  readonly path: string
  readonly text: string
}

/** What is wrong with a lock, at its place. */
export function wrongLock(path: string, line: number, message: string): GateError {
  return new GateError('usage', `${path}:${line}: ${message}`)
}

/** What a lock says of a file. */
export interface WrittenFile {
  readonly filename?: string | undefined
  /** URLs and paths, the one that names the file first */
  readonly places?: readonly string[]
  /** `algorithm:digest` */
  readonly hash?: unknown
  /** further hashes that a client may take instead */
  readonly others?: readonly string[]
}

/** Reads names, versions and hashes of one lock; every problem names file and line. */
export class LockReader {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  fail(line: number, message: string): never {
    throw wrongLock(this.path, line, message)
  }

  project(text: unknown, line: number): ProjectName {
    const name = typeof text === 'string' ? tryProjectName(text) : undefined
    return name ?? this.fail(line, `${show(text)} is not a project name`)
  }

  version(text: unknown, line: number): Version {
    const version = typeof text === 'string' ? parseVersion(text) : undefined
    return version ?? this.fail(line, `${show(text)} is not one version (PEP 440)`)
  }

  /** A condition (PEP 508) and nothing more: pipenv writes it into a requirements file as it is. */
  marker(text: string | undefined, line: number): string | undefined {
    if (text === undefined || MARKER.test(text)) return text
    return this.fail(line, `${show(text)} is more than a marker`)
  }

  /** A name as an index may list it; `undefined` where the lock has none. */
  filename(text: string | undefined, line: number): string | undefined {
    if (text === undefined || isListedFilename(text)) return text
    return this.fail(line, `${show(text)} is not a file name that an index could list`)
  }

  /** `sha256:…` in either case, `undefined` for another algorithm. */
  hash(text: unknown, line: number): Sha256 | undefined {
    if (typeof text !== 'string' || !/^[\w-]+:[\w+/=-]*$/.test(text))
      return this.fail(line, `${show(text)} is not a hash`)
    const [algorithm = '', digest = ''] = text.split(':', 2)
    if (algorithm.toLowerCase() !== 'sha256') return undefined
    return parseSha256(digest.toLowerCase()) ?? this.fail(line, `${show(text)} is not a sha256 of 64 hex digits`)
  }

  /** A file by its name (else that in its URL or path), its sha256 or both; `undefined` where neither says which it is. */
  file(written: WrittenFile, line: number): LockedFile | undefined {
    const named = this.filename(nameOfWritten(written), line)
    const sha256 = written.hash === undefined ? undefined : this.hash(written.hash, line)
    const url = written.places?.find(isWebAddress)
    if (sha256 !== undefined) return { filename: named, sha256, url }
    return named === undefined ? undefined : { filename: named, sha256, url }
  }

  /** What pins a release, and where what it pins is taken from. */
  pins(written: readonly WrittenFile[], line: number): Pick<LockedPackage, 'files' | 'open' | 'places'> {
    const files = written.map(it => ({ it, file: this.file(it, line) }))
    const places = files.flatMap(({ it: { places: from = [], hash, others = [] }, file }) => {
      const weak = typeof hash === 'string' && file?.sha256 === undefined ? [hash] : []
      const both = [...new Set([...weak, ...others])]
      return from.map(place => ({ place, filename: file?.filename, sha256: file?.sha256, others: both }))
    })
    return { ...pinsOf(files.map(({ file }) => file)), places }
  }
}

/** What a marker may look like; nothing in it begins with a dash, as an option would. */
export const MARKER = /^(?!.*(?:^|\s)-)[\w .,'"()<>=!~*+|&/@:-]*$/

/** The name that a lock has of a file, else the one in its URL or path. */
export function nameOfWritten({ filename, places = [] }: WrittenFile): string | undefined {
  return filename ?? filenameOfUrl(places[0])
}

export function show(value: unknown): string {
  return value === undefined ? 'nothing' : cut(JSON.stringify(value), 80)
}

/** The last segment of a URL's path or of a path, decoded; `undefined` where there is none. */
export function filenameOfUrl(url: string | undefined): string | undefined {
  const path = url?.replace(/[?#].*$/s, '') ?? ''
  const last = path.slice(path.lastIndexOf('/') + 1)
  try {
    return last === '' ? undefined : decodeURIComponent(last)
  } catch {
    return undefined
  }
}

/** What pins a release: its files, each once, and whether what pins one says nothing here. */
export function pinsOf(files: readonly (LockedFile | undefined)[]): Pick<LockedPackage, 'files' | 'open'> {
  const known = files.filter(file => file !== undefined)
  return { files: uniqueFiles(known), open: files.length === 0 || known.length < files.length }
}

/** Whether two names mean one file: spelled alike but for case, or read alike (PEP 427, PEP 625). */
export function isSameFilename(project: ProjectName, a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true
  const [left, right] = [parseDistFilename(a, project), parseDistFilename(b, project)]
  return left !== undefined && right !== undefined && sameDistribution(left, right)
}

/** Whether a lock names this very file of a release, by its bytes or else by its name. */
export function pinsFile(
  { project, files }: Pick<LockedPackage, 'project' | 'files'>,
  file: { readonly filename: string; readonly sha256: string | undefined },
): boolean {
  return files.some(own =>
    own.sha256 === undefined ? isSameFilename(project, own.filename, file.filename) : own.sha256 === file.sha256,
  )
}

/** Of files that a lock names together, those of one release; a name that says no version may be of each. */
export function filesOfVersion(
  project: ProjectName,
  version: Version,
  files: readonly WrittenFile[],
): readonly WrittenFile[] {
  return files.filter(file => {
    const named = parseDistFilename(nameOfWritten(file) ?? '', project)
    return named === undefined || compareVersions(named.version, version) === 0
  })
}

/** Each file once. Bytes without a name may be had under every name of theirs, and so say all that bytes with a name do. */
function uniqueFiles(files: readonly LockedFile[]): readonly LockedFile[] {
  const known = new Map(files.map(file => [`${file.sha256} ${file.filename}`, file]))
  const named = new Set(files.flatMap(({ sha256, filename, url }) => (filename === undefined || url ? [] : [sha256])))
  return [...known.values()].filter(({ sha256, filename }) => filename !== undefined || !named.has(sha256))
}

/** Where something comes from, in the words of the lock: the key that says so, and what stands there. */
export interface Elsewhere {
  readonly name: string
  readonly key: string
  readonly place: string | undefined
  readonly line: number
}

/** How something from elsewhere is told, without credentials. */
export function fromElsewhere(
  kind: Exclude<UnjudgedKind, 'other-index' | 'internal' | 'empty'>,
  { name, key, place, line }: Elsewhere,
): Unjudged {
  const from = place === undefined ? key : `${key} ${withoutCredentials(place)}`
  return { kind, name, version: undefined, why: `${REASONS[kind]} (${from})`, index: undefined, line }
}

const REASONS = {
  url: 'it comes from a URL, not from an index',
  vcs: 'it comes from a repository, not from an index',
  path: 'it comes from a path, not from an index',
  editable: 'it is editable: its code is what stands there',
  own: 'it is the project that the lock is of',
  'index-line': 'whatever stands there may be installed',
} as const

/** What has no hash pipenv may take from any source of a lock: it can be told to search them all, and older ones always do. */
export function tellSources(sources: readonly { readonly url: string | undefined }[]): readonly Unjudged[] {
  return sources.flatMap(({ url }) => {
    if (url === undefined) return []
    const index = withoutCredentials(url)
    const at = { name: `sources: ${index}`, key: 'sources', place: undefined, line: 1 }
    return [{ ...fromElsewhere('index-line', at), index }]
  })
}
