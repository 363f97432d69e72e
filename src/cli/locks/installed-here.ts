import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type Machine, targetsOfMachine } from '../../domain/packaging/machine.ts'
import { mayHold } from '../../domain/packaging/marker.ts'
import { pickForOne, type Targets } from '../../domain/packaging/targets.ts'
import type { Surveyed } from '../../gate/explain/survey.ts'
import type { Lock, LockedPackage } from '../../protocol/lockfiles/lock.ts'

/** The machine that this runs on. */
export function thisMachine(): Machine {
  const { platform, arch } = process
  const report: (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined = process.report
  if (report !== undefined) report.excludeNetwork = true // else it looks names up
  const { header } = (report?.getReport() ?? {}) as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return { platform, arch, glibc: header?.glibcVersionRuntime }
}

/**
 * What one client of a lock takes on a machine, with a Python that the lock is for: wheels that fit, or where none does what it builds
 * from. A file whose name says nothing may be taken.
 */
export function installedHere<It extends Pick<Surveyed, 'lock' | 'package' | 'explanation'>>(
  locks: readonly Lock[],
  surveyed: readonly It[],
  machine: Machine,
): ReadonlySet<It> {
  const here = new Set<It>()
  for (const [locked, files] of Map.groupBy(surveyed, it => it.package)) {
    const lock = locks.find(({ path }) => path === files[0]?.lock)
    const targets = targetsOfMachine(machine, lock?.requiresPython)
    if (!holdsOn(locked, targets)) continue
    const named = files.flatMap(it => {
      const filename = parseDistFilename(it.explanation.file.filename, locked.project)
      return filename === undefined ? [] : [{ filename, it }]
    })
    const nameless = files.filter(file => named.every(({ it }) => it !== file))
    const taken = pickForOne(named, targets, lock?.formats?.(locked.project)).map(({ it }) => it)
    for (const it of [...taken, ...nameless]) here.add(it)
  }
  return here
}

function holdsOn({ marker }: LockedPackage, { pythons, platforms: [platform] }: Targets): boolean {
  if (marker === undefined) return true
  if (pythons.length === 0) return mayHold(marker, { python: undefined, platform })
  return pythons.some(python => mayHold(marker, { python, platform }))
}
