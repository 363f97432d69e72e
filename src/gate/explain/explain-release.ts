import { tryProjectName } from '../../domain/packaging/name.ts'
import {
  compareVersions,
  hasLocal,
  isPrerelease,
  parseVersion,
  publicVersion,
  type Version,
} from '../../domain/packaging/version.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/known-page.ts'

/** The listed files of a version, those among them that are neither wheel nor sdist too. */
export function filesOfRelease(page: KnownPage, version: Version): readonly IndexFile[] {
  return filesWhere(page, found => compareVersions(found, version) === 0)
}

/** The listed files that `==version` lets in: those of its local versions too, where it has no local part itself (PEP 440). */
export function filesLetIn(page: KnownPage, version: Version): readonly IndexFile[] {
  if (hasLocal(version)) return filesOfRelease(page, version)
  return filesWhere(page, found => compareVersions(publicVersion(found), version) === 0)
}

function filesWhere(page: KnownPage, isMeant: (version: Version) => boolean): readonly IndexFile[] {
  return page.index.files.filter(file => {
    const found = versionOf(page, file)
    return found !== undefined && isMeant(found)
  })
}

/** What an installer takes without being told otherwise: the newest that is neither yanked nor a prerelease, where there is one. */
export function newestVersion(page: KnownPage): Version | undefined {
  const listed = page.index.files.flatMap(file => {
    const version = versionOf(page, file)
    return version === undefined ? [] : [{ version, yanked: file.yanked !== false }]
  })
  const newestOf = (some: typeof listed) => some.map(({ version }) => version).reduce(laterOf, undefined)
  return (
    newestOf(listed.filter(({ version, yanked }) => !yanked && !isPrerelease(version))) ??
    newestOf(listed.filter(({ yanked }) => !yanked)) ??
    newestOf(listed)
  )
}

function laterOf(a: Version | undefined, b: Version): Version {
  return a === undefined || compareVersions(b, a) > 0 ? b : a
}

/** ` (it lists 1.0, 1.1)`, the newest last; nothing where it lists nothing. */
export function spelledVersions(page: KnownPage, wanted: Version): string {
  const versions = [...new Set(page.index.files.flatMap(file => versionOf(page, file) ?? []))].sort(compareVersions)
  const at = versions.findIndex(version => compareVersions(version, wanted) > 0)
  const near = at < 0 ? versions.slice(-NEAR) : versions.slice(Math.max(0, at - NEAR / 2), at + NEAR / 2)
  if (near.length === 0) return ''
  const more = versions.length - near.length
  return ` (it lists ${near.join(', ')}${more === 0 ? '' : `, and ${more} more`})`
}

const NEAR = 6

function versionOf(page: KnownPage, file: IndexFile): Version | undefined {
  return file.dist?.version ?? spelledIn(page, file.filename)
}

/** `demo-1.0-py3.8.egg`, `demo-1.0.win32.exe`: the longest text after the name, up to a dot or dash, that is a version. */
function spelledIn(page: KnownPage, filename: string): Version | undefined {
  for (let dash = filename.indexOf('-'); dash > 0; dash = filename.indexOf('-', dash + 1)) {
    if (tryProjectName(filename.slice(0, dash)) !== page.index.name) continue
    for (let rest = filename.slice(dash + 1); rest !== ''; rest = rest.slice(0, Math.max(0, rest.search(LAST_PART)))) {
      const version = parseVersion(rest)
      if (version !== undefined) return version
    }
  }
  return undefined
}

const LAST_PART = /[.-][^.-]*$/
