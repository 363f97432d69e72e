import { GateError } from '../../domain/base/errors.ts'
import type { RefusedFile } from '../../domain/decide/verdict.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Lock, LockedPackage } from '../../protocol/lockfiles/lock.ts'
import type { Choice } from './choice.ts'
import type { Explain } from './explain.ts'
import type { Explanation, LockedExplanation } from './explanation.ts'

/** A file that a lock allows, and what becomes of it. */
export interface Surveyed<Told extends Explanation = Explanation> {
  readonly lock: string
  readonly package: LockedPackage
  readonly explanation: Told
}

/** A look at the files of locks, which another policy can be held against. */
export type Survey = readonly Surveyed<LockedExplanation>[]

/** packages judged so far, and all */
export type SurveyProgress = (done: number, all: number) => void

/** Packages at once; their files are limited once more where they are examined. */
const AT_ONCE = 16

/**
 * Judges every file of every lock side by side, in the order of the locks. One that cannot be determined does not stop the
 * others; a package that several locks name is judged once. With a choice, what is not wanted is not judged.
 */
export async function survey(
  locks: readonly Lock[],
  explain: Pick<Explain, 'locked'>,
  progress: SurveyProgress,
  choice?: Pick<Choice, 'wanted'>,
): Promise<Survey> {
  const limit = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'packages' })
  const packages = locks.flatMap(lock => lock.packages.map(locked => ({ lock, locked })))
  const once = new Map<string, Promise<readonly LockedExplanation[]>>()
  let done = 0

  function judge(lock: Lock, locked: LockedPackage): Promise<readonly LockedExplanation[]> {
    const files = locked.files.map(({ filename, sha256, url }) => [filename, sha256, url === undefined])
    const formats = choice === undefined ? undefined : lock.formats?.(locked.project)
    const key = JSON.stringify([locked.project, locked.version, files, locked.open, formats])
    const known = once.get(key) ?? limit.run(() => explain.locked(locked, choice?.wanted(lock, locked)))
    once.set(key, known)
    return known
  }

  // releases of one project follow each other, so that its page is asked for once however little is kept
  const inTurn = packages.toSorted((a, b) =>
    a.locked.project < b.locked.project ? -1 : Number(a.locked.project > b.locked.project),
  )
  for (const { lock, locked } of inTurn) void judge(lock, locked)
  const judged = await Promise.all(
    packages.map(async ({ lock, locked }) => {
      const explanations = await judge(lock, locked)
      done += 1
      progress(done, packages.length)
      return explanations.map(explanation => ({ lock: lock.path, package: locked, explanation }))
    }),
  )
  return judged.flat()
}

/** What another policy makes of the same look: one file after the other, so that what is remembered of one project is at hand, and not of all. */
export async function judgeUnder(policy: Policy, look: Survey): Promise<readonly Surveyed[]> {
  const judged: Surveyed[] = []
  for (const it of look) judged.push({ ...it, explanation: await it.explanation.under(policy) })
  return judged
}

/** Each file once, whatever locks name it. */
export function onePerFile(surveyed: readonly Surveyed[]): readonly Surveyed[] {
  return [...new Map(surveyed.map(it => [fileKey(it.explanation.file), it])).values()]
}

/** The same for the same bytes of the same file. */
export function fileKey({ project, filename, sha256 }: Pick<RefusedFile, 'project' | 'filename' | 'sha256'>): string {
  return `${project} ${filename} ${sha256}`
}

/** Files that count as unattested on an index that speaks no PEP 740: a mirror, very likely. */
export function onSilentIndex(surveyed: readonly Surveyed[]): number {
  return surveyed.filter(({ explanation: { silentUnder } }) => silentUnder !== undefined).length
}

/** The settings that would have another index asked about these files. */
export function settingsOfSilent(surveyed: readonly Surveyed[]): readonly string[] {
  return [...new Set(surveyed.flatMap(({ explanation: { silentUnder } }) => silentUnder ?? []))]
}

/** What cannot be determined, as opposed to what is refused or not listed. */
export function isUnknown({ outcome }: Explanation): boolean {
  return outcome instanceof GateError && outcome.code !== 'not-listed'
}
