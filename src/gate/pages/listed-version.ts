import { canonicalVersion, parseVersion } from '../../domain/packaging/version.ts'
import { stepsFor } from '../../flow/slices.ts'
import { inGroups, type Steps } from '../../flow/steps.ts'
import type { KnownPage } from '../find/known-page.ts'

/** A version of a project. */
export interface ListedVersion {
  /** the same for equal versions */
  readonly canonical: string
  /** as the index spells it */
  readonly spelled: string
}

/** What a page lists, by canonical version. */
const listed = new WeakMap<KnownPage, ReadonlyMap<string, string>>()

/**
 * The version of a page that a text means, in whichever spelling; `undefined` where the page has none. An index older than
 * PEP 700 does not say which versions it has besides those of its files: there any version may be one.
 */
export async function versionOn(page: KnownPage, text: string): Promise<ListedVersion | undefined> {
  const version = parseVersion(text)
  if (version === undefined) return undefined
  const canonical = canonicalVersion(version)
  const spellings = listed.get(page) ?? (await stepsFor(page.index.files.length, spellingsOn(page)))
  listed.set(page, spellings)
  const spelled = spellings.get(canonical) ?? (page.index.versions === undefined ? version : undefined)
  return spelled === undefined ? undefined : { canonical, spelled }
}

function* spellingsOn({ index: { files, versions = [] } }: KnownPage): Steps<ReadonlyMap<string, string>> {
  const spellings = new Map<string, string>()
  for (const group of inGroups(files)) {
    for (const { dist } of group) if (dist !== undefined) spellings.set(canonicalVersion(dist.version), dist.version)
    yield
  }
  for (const group of inGroups(versions)) {
    for (const text of group) {
      const version = parseVersion(text)
      if (version !== undefined) spellings.set(canonicalVersion(version), text)
    }
    yield
  }
  return spellings
}
