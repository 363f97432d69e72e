import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { Artifact, ProjectStatus } from '../../domain/packaging/artifact.ts'
import { canonicalVersion, type Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { LockedPackage } from '../../protocol/lockfiles/lock.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import { findAllLocked } from '../explain/find-locked.ts'
import { artifactOf } from '../find/artifacts.ts'
import type { PageIndex } from '../find/known-page.ts'

/** A file that a lock allows, as the page has it. */
export type LookedFile =
  | { readonly artifact: Artifact }
  | { readonly unsuited: { readonly code: RefusalCode; readonly detail: string }; readonly listed: ListedAs }
  | { readonly missing: string; readonly filename: string; readonly sha256: string | undefined }

/** What the page says of a file that is no artifact. */
type ListedAs = Pick<IndexFile, 'filename' | 'sha256' | 'uploaded' | 'yanked'>

/** A release as the page lists it. */
export interface LookedRelease {
  readonly version: Version
  /** of its first file */
  readonly uploaded: Instant | undefined
  /** one of its files that provenance is offered for; `before`: it was offered on an earlier page, and is not any more */
  readonly offered: Artifact | 'before' | undefined
}

/**
 * What a report needs of a project's page, and nothing else: a page of thousands of files is not kept for a dozen. It is plain
 * data, which JSON takes and gives back.
 */
export interface PageLook {
  /** when the index last said that the page is so */
  readonly at: Instant
  readonly etag: string | undefined
  readonly status: ProjectStatus
  readonly releases: readonly LookedRelease[]
  /** by {@link keyOf} what a lock names */
  readonly wanted: Readonly<Record<string, readonly LookedFile[]>>
}

export type Wanted = Pick<LockedPackage, 'project' | 'version' | 'files' | 'open'>

/** The same for packages that allow the same files. */
export function keyOf({ project, version, files, open }: Wanted): string {
  const allowed = files.map(({ filename, sha256, url }) => [filename, sha256, url === undefined])
  return sha256Of(JSON.stringify([project, version, allowed, open]))
}

interface Reading {
  readonly wanted: readonly Wanted[]
  /** what was seen of the project's page before */
  readonly before: PageLook | undefined
  readonly etag: string | undefined
  readonly policy: Policy
  /** bytes */
  readonly maxSize: number
  readonly at: Instant
}

export function lookAtPage(page: PageIndex, { wanted, before, etag, policy, maxSize, at }: Reading): PageLook {
  const rules = { policy, maxSize }
  const lookAt = (file: IndexFile): LookedFile => {
    const located = artifactOf(page, file, rules)
    if (!('kind' in located)) return { artifact: located }
    const { filename, sha256, uploaded, yanked } = file
    const { code, detail } = located
    return { unsuited: { code, detail }, listed: { filename, sha256, uploaded, yanked } }
  }
  // of the same page, what somebody wanted before is as it was
  const same = etag !== undefined && before?.etag === etag ? before.wanted : {}
  return {
    at,
    etag,
    status: page.index.status,
    releases: releasesOf(page, before, file => artifactOf(page, file, rules)),
    wanted: { ...same, ...Object.fromEntries(wanted.map(it => [keyOf(it), filesFor(page, it, lookAt)])) },
  }
}

function filesFor(page: PageIndex, wanted: Wanted, lookAt: (file: IndexFile) => LookedFile): readonly LookedFile[] {
  try {
    return findAllLocked(page, wanted).map(found => {
      if (!('error' in found)) return lookAt(found)
      const { filename, sha256 } = found.file
      return { missing: found.error.detail, filename: filename ?? nameOf(wanted), sha256 }
    })
  } catch (error) {
    if (error instanceof GateError && error.code === 'not-listed') return allMissing(wanted, error.detail)
    throw error
  }
}

/** Every file that a lock names of a release, or the release itself where it names none. */
export function allMissing(wanted: Wanted, missing: string): readonly LookedFile[] {
  const whole = { filename: nameOf(wanted), sha256: undefined, missing }
  if (wanted.files.length === 0) return [whole]
  return wanted.files.map(({ filename, sha256 }) => ({ filename: filename ?? nameOf(wanted), sha256, missing }))
}

export function nameOf({ project, version }: Pick<Wanted, 'project' | 'version'>): string {
  return `${project} ${version}`
}

function releasesOf(
  { index }: PageIndex,
  before: PageLook | undefined,
  artifact: (file: IndexFile) => ReturnType<typeof artifactOf>,
): readonly LookedRelease[] {
  const offeredBefore = new Set(
    (before?.releases ?? []).flatMap(({ version, offered }) => (offered === undefined ? [] : [version])),
  )
  const byVersion = Map.groupBy(
    index.files.filter(({ dist }) => dist !== undefined),
    ({ dist }) => canonicalVersion(dist?.version ?? ('' as Version)),
  )
  return [...byVersion.values()].flatMap(files => {
    const version = files[0]?.dist?.version
    if (version === undefined) return []
    const times = files.flatMap(({ uploaded }) => uploaded ?? [])
    const offering = files.find(({ provenance }) => provenance === 'offered')
    const located = offering === undefined ? undefined : artifact(offering)
    const offered = located === undefined || 'kind' in located ? undefined : located
    const once = offeredBefore.has(version) ? 'before' : undefined
    return [
      { version, uploaded: times.length === 0 ? undefined : instant(Math.min(...times)), offered: offered ?? once },
    ]
  })
}
