import { type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import { LATE_DAYS } from '../../domain/decide/age.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, type Version } from '../../domain/packaging/version.ts'
import { bornAt, type FileFacts, type ReleaseFacts, type Signer, signersOf } from './release-facts.ts'

/** What somebody may want a change of locks to fail by. */
export const FAILINGS = ['lost', 'changed', 'late', 'young'] as const
export type Failing = (typeof FAILINGS)[number]

/** A release that one lock has and the other has not, and what the other has of the project instead. */
export interface Moved {
  readonly project: ProjectName
  /** none: the project is new */
  readonly from: readonly Version[]
  readonly to: Version
}

/** Another signs than before. */
export interface SignerChange extends Moved {
  readonly before: readonly Signer[]
  /** those among its signers that did not sign before */
  readonly now: readonly Signer[]
}

/** What was attested and is no more: files of a kind of which all were, or all of a release of which some were. */
export interface Loss extends Moved {
  readonly files: readonly FileFacts[]
  /** the release that was attested last, in the old lock or else on the index; `undefined`: what is offered as evidence now fails */
  readonly last: Version | undefined
}

/** A file that the new lock lets in and the old one does not. */
export interface AddedFile {
  readonly project: ProjectName
  readonly version: Version
  readonly file: FileFacts
}

export interface LateFile extends AddedFile {
  /** after the first file of its release */
  readonly days: number
}

export interface YoungFile extends AddedFile {
  readonly born: Instant
}

/** What two locks differ in, as far as it could be determined. */
export interface LockChanges {
  readonly added: readonly Moved[]
  readonly bumped: readonly Moved[]
  readonly removed: readonly { readonly project: ProjectName; readonly from: readonly Version[] }[]
  /** who signs something now, and nothing in the old locks */
  readonly newSigners: readonly { readonly signer: Signer; readonly projects: readonly ProjectName[] }[]
  readonly lost: readonly Loss[]
  readonly changed: readonly SignerChange[]
  readonly gained: readonly Moved[]
  readonly late: readonly LateFile[]
  readonly young: readonly YoungFile[]
  /** what could not be compared, by which it would have been found */
  readonly undetermined: readonly Undetermined[]
}

export interface Undetermined {
  readonly project: ProjectName
  readonly version: Version
  readonly about: readonly Failing[]
  readonly what: string
  readonly why: string
}

interface Comparing {
  /** files that came since are young */
  readonly young: Millis
  readonly now: Instant
}

const DAY = 86_400_000
/** A week, as cooldowns have it. */
export const YOUNG: Millis = millis(7 * DAY)

/** Holds what new locks name against what old ones do. */
export function compareLocks(
  now: readonly ReleaseFacts[],
  before: readonly ReleaseFacts[],
  comparing: Comparing,
): LockChanges {
  const old = Map.groupBy(before, ({ project }) => project)
  const kept = new Set(now.map(({ project }) => project))
  const moves = now.map(release => movedTo(release, old.get(release.project) ?? []))
  const changing = moves.filter(({ files }) => files.length > 0)
  const releases = moves.filter(({ isNew }) => isNew)
  return {
    added: releases.filter(({ from }) => from.length === 0).map(toMoved),
    bumped: releases.filter(({ from }) => from.length > 0).map(toMoved),
    removed: [...old]
      .filter(([project]) => !kept.has(project))
      .map(([project, from]) => ({ project, from: from.map(({ version }) => version) })),
    newSigners: newSignersIn(now, before),
    lost: changing.flatMap(lossIn),
    changed: changing.flatMap(signerChangeIn),
    gained: releases.filter(gained).map(toMoved),
    late: changing.flatMap(lateIn),
    young: changing.flatMap(move => youngIn(move, comparing)),
    undetermined: changing.flatMap(undeterminedIn),
  }
}

/** A release of the new locks, with what of it the old ones do not let in. */
interface Move {
  readonly release: ReleaseFacts
  readonly old: readonly ReleaseFacts[]
  /** versions of the project in the old locks */
  readonly from: readonly Version[]
  readonly isNew: boolean
  readonly files: readonly FileFacts[]
}

function movedTo(release: ReleaseFacts, old: readonly ReleaseFacts[]): Move {
  const known = new Set(old.flatMap(({ files }) => files.map(fileKey)))
  return {
    release,
    old,
    from: old.map(({ version }) => version),
    isNew: !old.some(({ version }) => compareVersions(version, release.version) === 0),
    files: release.files.filter(file => !known.has(fileKey(file))),
  }
}

function fileKey({ filename, sha256 }: FileFacts): string {
  return `${sha256} ${filename}`
}

function toMoved({ release: { project, version }, from }: Move): Moved {
  return { project, from, to: version }
}

function newSignersIn(now: readonly ReleaseFacts[], before: readonly ReleaseFacts[]): LockChanges['newSigners'] {
  const known = new Set(before.flatMap(release => signersOf(release).map(({ key }) => key)))
  const unsure = new Set(before.flatMap(({ project, files }) => (files.some(isUnknown) ? [project] : [])))
  const signing = now.flatMap(release =>
    unsure.has(release.project) ? [] : signersOf(release).map(signer => ({ signer, project: release.project })),
  )
  const groups = Map.groupBy(
    signing.filter(({ signer }) => !known.has(signer.key)),
    ({ signer }) => signer.key,
  )
  return [...groups.values()].flatMap(same => {
    const projects = [...new Set(same.map(({ project }) => project))]
    return same.slice(0, 1).map(({ signer }) => ({ signer, projects }))
  })
}

const isAttested = ({ evidence }: FileFacts): boolean => evidence.kind === 'attested'
const isUnknown = ({ evidence }: FileFacts): boolean => evidence.kind === 'unknown'
/** Known to be without evidence that holds. */
const isBare = ({ evidence: { kind } }: FileFacts): boolean =>
  kind === 'unattested' || kind === 'failed' || kind === 'unsuited'

function lossIn(move: Move): readonly Loss[] {
  const { release, old, files } = move
  const bare = files.filter(isBare)
  if (bare.length === 0) return []
  const had = old.flatMap(it => it.files).filter(isAttested)
  const [last] = old.filter(it => it.files.some(isAttested)).sort((a, b) => compareVersions(b.version, a.version))
  if (last === undefined) return lossAgainstIndex(move, bare)
  const wholly = (kind: FileKind) => old.every(it => it.files.filter(file => kindOf(file) === kind).every(isAttested))
  const lost = bare.filter(file => {
    const kind = kindOf(file)
    return had.some(other => kindOf(other) === kind) && wholly(kind)
  })
  const all = release.files.some(isAttested) ? lost : bare
  return all.length === 0 ? [] : [{ ...toMoved(move), files: all, last: last.version }]
}

type FileKind = 'wheel' | 'other'

function kindOf({ filename }: FileFacts): FileKind {
  return filename.endsWith('.whl') ? 'wheel' : 'other'
}

/**
 * Nothing of the old lock was attested: what the index offers for a release since then, or before a new project, was lost. So is what
 * is offered for these very files, and fails.
 */
function lossAgainstIndex(move: Move, bare: readonly FileFacts[]): readonly Loss[] {
  const { release, from } = move
  const last = release.attestedBefore?.version
  const failed = bare.filter(({ evidence }) => evidence.kind === 'failed')
  if (failed.length > 0) return [{ ...toMoved(move), files: failed, last }]
  if (last === undefined || release.files.some(isAttested)) return []
  if (from.some(version => compareVersions(last, version) <= 0)) return []
  return [{ ...toMoved(move), files: bare, last }]
}

/** Held against the signers in the old lock; where nothing there is attested, against whoever signed the project last. */
function signerChangeIn(move: Move): readonly SignerChange[] {
  const { release, old, from, files } = move
  const signing = signersOf({ files })
  if (signing.length === 0) return []
  const before = old.flatMap(signersOf)
  const known = new Set(before.map(({ key }) => key))
  if (known.size > 0) {
    const strangers = signing.filter(({ key }) => !known.has(key))
    return strangers.length === 0 ? [] : [{ ...toMoved(move), before: unique(before), now: strangers }]
  }
  const { tenure } = release
  if (tenure?.before === undefined) return []
  const { since, before: other } = tenure
  const isRecent =
    from.length === 0
      ? compareVersions(since.version, release.version) === 0
      : from.every(version => compareVersions(since.version, version) > 0)
  const signers = other.signer === undefined ? [] : [other.signer]
  return isRecent && signers.length > 0 ? [{ ...toMoved(move), before: signers, now: signing }] : []
}

function unique(signers: readonly Signer[]): readonly Signer[] {
  return [...new Map(signers.map(signer => [signer.key, signer])).values()]
}

function gained({ release, old }: Move): boolean {
  return old.length > 0 && release.files.every(isAttested) && !old.some(it => it.files.some(isAttested))
}

/** Files that came more than two weeks after the first of their release, as the rule `added-late` has it. */
export function lateFilesOf({ project, version, released, files }: ReleaseFacts): readonly LateFile[] {
  return files.flatMap(file => {
    if (released === undefined || file.uploaded === undefined) return []
    const days = Math.floor((file.uploaded - released) / DAY)
    return file.uploaded - released > LATE_DAYS * DAY ? [{ project, version, file, days }] : []
  })
}

function lateIn({ release, files }: Move): readonly LateFile[] {
  return lateFilesOf({ ...release, files })
}

/** Files that came within the last days; a signature makes none older than itself. */
export function youngFilesOf(
  { project, version, files }: ReleaseFacts,
  { young, now }: Comparing,
): readonly YoungFile[] {
  return files.flatMap(file => {
    const born = bornAt(file)
    return born !== undefined && now - born < young ? [{ project, version, file, born }] : []
  })
}

function youngIn({ release, files }: Move, comparing: Comparing): readonly YoungFile[] {
  return youngFilesOf({ ...release, files }, comparing)
}

function undeterminedIn({ release, old, files }: Move): LockChanges['undetermined'] {
  const { project, version } = release
  const it = { project, version, what: `${project} ${version}` }
  const signing = ['lost', 'changed'] as const
  const unknown = [...files, ...old.flatMap(own => own.files)].flatMap(({ filename, evidence }) =>
    evidence.kind === 'unknown' ? [{ ...it, about: signing, why: `${filename}: ${evidence.detail}` }] : [],
  )
  const missing = files.flatMap(({ filename, evidence }) =>
    evidence.kind === 'missing' ? [{ ...it, about: FAILINGS, why: `${filename}: ${evidence.detail}` }] : [],
  )
  const ageless = files.filter(({ evidence, uploaded }) => uploaded === undefined && evidence.kind !== 'missing')
  return [
    ...unknown.slice(0, 1),
    ...missing.slice(0, 1),
    ...ageless.slice(0, 1).map(({ filename }) => ({
      ...it,
      about: ['late', 'young'] as const,
      why: `the index does not say when ${filename} was uploaded`,
    })),
    ...(release.tenureUnknown === undefined || old.some(it => it.files.some(isAttested))
      ? []
      : [{ ...it, about: ['changed'] as const, why: release.tenureUnknown }]),
  ]
}
