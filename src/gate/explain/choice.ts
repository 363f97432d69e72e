import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { mayHold } from '../../domain/packaging/marker.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { eachTarget, type Targets, takeForTargets } from '../../domain/packaging/targets.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { Lock, LockedPackage } from '../../protocol/lockfiles/lock.ts'
import type { Wanted } from './explain.ts'

/** What a lock lets in and these targets do not take: it was not judged. */
export interface Aside {
  readonly lock: string
  readonly line: number
  readonly project: ProjectName
  readonly version: Version
  /** `undefined`: the whole release, whose marker holds on no target */
  readonly filename: string | undefined
}

/** What is judged of locks, for these targets; nothing is left aside where nobody is named. */
export interface Choice {
  readonly targets: Targets
  /** The locks without releases whose marker can hold on none of the targets. */
  locks(locks: readonly Lock[]): readonly Lock[]
  wanted(lock: Lock, locked: LockedPackage): Wanted
  /** Each once, in no order that means anything. */
  aside(): readonly Aside[]
}

export function createChoice(targets: Targets): Choice {
  const each = eachTarget(targets)
  const left = new Map<string, Aside>()
  const set = (aside: Aside) => left.set(`${aside.project} ${aside.version} ${aside.filename ?? ''}`, aside)
  const about = (lock: Lock, { project, version, line }: LockedPackage) => ({ lock: lock.path, line, project, version })

  function holds({ marker }: LockedPackage): boolean {
    if (marker === undefined) return true
    return each.some(({ pythons: [python], platforms: [platform] }) => mayHold(marker, { python, platform }))
  }

  return {
    targets,
    locks: locks =>
      locks.map(lock => {
        const packages = lock.packages.filter(holds)
        for (const it of lock.packages) if (!packages.includes(it)) set({ ...about(lock, it), filename: undefined })
        return packages.length === lock.packages.length ? lock : { ...lock, packages }
      }),
    wanted: (lock, locked) => filenames => {
      const { project } = locked
      const named = filenames.flatMap(text => {
        const filename = parseDistFilename(text, project)
        return filename === undefined ? [] : [{ text, filename }]
      })
      const { files } = takeForTargets(named, targets, lock.formats?.(project))
      const unwanted = new Set(named.filter(it => !files.includes(it)).map(({ text }) => text))
      for (const filename of unwanted) set({ ...about(lock, locked), filename })
      return new Set(filenames.filter(text => !unwanted.has(text)))
    },
    aside: () => [...left.values()],
  }
}
