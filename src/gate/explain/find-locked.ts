import { GateError } from '../../domain/base/errors.ts'
import type { Version } from '../../domain/packaging/version.ts'
import { isSameFilename, type LockedFile, type LockedPackage, pinsFile } from '../../protocol/lockfiles/lock.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { PageIndex } from '../find/known-page.ts'
import { filesLetIn, spelledVersions } from './explain-release.ts'

/** A release on its page, with the listed files that its version lets in. */
export interface ListedRelease {
  readonly page: PageIndex
  readonly version: Version
  readonly files: readonly IndexFile[]
}

/** What a page lists, or what it does not. */
export type Found = IndexFile | { readonly file: LockedFile; readonly error: GateError }

/**
 * Every file that a lock allows of a release, each once, and all others of the release where it leaves them open.
 *
 * @throws GateError `not-listed` where the page has no file of the release at all
 */
export function findAllLocked(
  page: PageIndex,
  locked: Pick<LockedPackage, 'project' | 'version' | 'files' | 'open'>,
): readonly Found[] {
  const { project, version, files } = locked
  const release = { page, version, files: filesLetIn(page, version) }
  const others = locked.open ? release.files.filter(file => !pinsFile(locked, file)) : []
  if (files.length === 0 && others.length === 0)
    throw missing(`no file of ${project} ${version}${spelledVersions(page, version)}`)
  const found = files.flatMap<Found>(file => {
    const listed = findLocked(release, file)
    return listed instanceof GateError ? [{ file, error: listed }] : listed
  })
  // one file may have several of the lock's hashes
  return [...new Set([...found, ...others])]
}

/**
 * The listed files that a lock means: the one with its name and sha256, whatever the case of the name; where the lock has no sha256
 * the one with its name; and where no URL says under which name a client takes the bytes, all that have the sha256. A `not-listed`
 * error says how the page differs.
 */
export function findLocked(release: ListedRelease, locked: LockedFile): readonly IndexFile[] | GateError {
  const { page, files } = release
  const { filename, sha256, url } = locked
  if (sha256 === undefined) {
    const found = findByName(page, files, filename)
    return found === undefined ? missing(`no file ${filename} of ${nameOf(release)}`) : [found]
  }
  const here = files.filter(file => file.sha256 === sha256)
  // a list of hashes may be of several releases
  const same = here.length > 0 ? here : page.index.files.filter(file => file.sha256 === sha256)
  if (filename === undefined)
    return same.length > 0 ? same : missing(`no file of ${nameOf(release)} with the sha256 ${sha256}`)
  const named = findByName(page, same, filename)
  if (named === undefined) return notListedSo(release, { filename, sha256, same })
  return url === undefined ? same : [named]
}

function findByName({ index }: PageIndex, files: readonly IndexFile[], wanted: string): IndexFile | undefined {
  return (
    files.find(({ filename }) => filename === wanted) ??
    files.find(({ filename }) => isSameFilename(index.name, filename, wanted))
  )
}

interface Unfound {
  readonly filename: string
  readonly sha256: string
  /** what has these bytes under another name */
  readonly same: readonly IndexFile[]
}

function notListedSo(release: ListedRelease, { filename, sha256, same }: Unfound): GateError {
  const { page } = release
  const [renamed] = same
  if (renamed !== undefined)
    return missing(`the file with the sha256 ${sha256} as ${renamed.filename}, the lock has ${filename}`)
  const other = findByName(page, page.index.files, filename)
  if (other === undefined) return missing(`no file of ${nameOf(release)} with the sha256 ${sha256}`)
  return missing(`${other.filename} with the sha256 ${other.sha256 ?? '(none)'}, the lock has ${sha256}`)
}

function nameOf({ page, version }: ListedRelease): string {
  return `${page.index.name} ${version}`
}

function missing(what: string): GateError {
  return new GateError('not-listed', `the index lists ${what}`)
}
