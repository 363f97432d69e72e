import { GateError } from '../../domain/base/errors.ts'
import type { Version } from '../../domain/packaging/version.ts'
import { isSameFilename, type LockedFile } from '../../protocol/lockfiles/lock.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/known-page.ts'

/** A release on its page, with the files that are listed of it. */
export interface ListedRelease {
  readonly page: KnownPage
  readonly version: Version
  readonly files: readonly IndexFile[]
}

/**
 * The listed file that a lock means: the one with its sha256, whatever the case of its name, and where the lock has no sha256
 * the one with its name. A `not-listed` error says how the page differs.
 */
export function findLocked(release: ListedRelease, locked: LockedFile): IndexFile | GateError {
  const { page, files } = release
  const { filename, sha256 } = locked
  if (sha256 === undefined)
    return findByName(page, files, filename) ?? missing(`no file ${filename} of ${nameOf(release)}`)
  const here = files.filter(file => file.sha256 === sha256)
  // a list of hashes may be of several releases
  const same = here.length > 0 ? here : page.index.files.filter(file => file.sha256 === sha256)
  if (filename === undefined) return same[0] ?? missing(`no file of ${nameOf(release)} with the sha256 ${sha256}`)
  return findByName(page, same, filename) ?? notListedSo(release, { filename, sha256, same })
}

function findByName({ index }: KnownPage, files: readonly IndexFile[], wanted: string): IndexFile | undefined {
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
