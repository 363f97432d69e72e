import type { WheelFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { Explain } from '../explain/explain.ts'
import type { LockedExplanation } from '../explain/explanation.ts'

/** A wheel that an index lists, and what becomes of it. */
export interface ShelvedWheel {
  readonly filename: WheelFilename
  readonly requiresPython: string | undefined
  /** Whoever asks twice gets the same. */
  judge(): Promise<LockedExplanation>
}

/** The wheels of one version. Wheels that are yanked are here only where all are. */
export interface ShelvedRelease {
  readonly version: Version
  readonly yanked: boolean
  readonly wheels: readonly ShelvedWheel[]
}

/** Where builds look for what they need: releases with wheels, the newest first. Throws no-project, internal, unknown-…. */
export type Shelf = (project: ProjectName) => Promise<readonly ShelvedRelease[]>

export function createShelf({ listed }: Pick<Explain, 'listed'>): Shelf {
  const projects = new Map<ProjectName, Promise<readonly ShelvedRelease[]>>()

  async function look(project: ProjectName): Promise<readonly ShelvedRelease[]> {
    const wheels = (await listed(project)).flatMap(({ file, judge }) => {
      if (file.dist?.kind !== 'wheel') return []
      let judged: Promise<LockedExplanation> | undefined
      const { dist: filename, requiresPython, yanked } = file
      return [{ filename, requiresPython, yanked: yanked !== false, judge: () => (judged ??= judge()) }]
    })
    const releases = [...Map.groupBy(wheels, ({ filename }) => canonicalVersion(filename.version)).values()]
    return releases
      .flatMap(all => {
        const kept = all.some(({ yanked }) => !yanked) ? all.filter(({ yanked }) => !yanked) : all
        const [first] = kept
        return first === undefined ? [] : [{ version: first.filename.version, yanked: first.yanked, wheels: kept }]
      })
      .sort((a, b) => compareVersions(b.version, a.version))
  }

  return project => {
    const known = projects.get(project) ?? look(project)
    projects.set(project, known)
    known.catch(() => {}) // whoever waits for it is told
    return known
  }
}
