import { releaseOf, type Version } from './version.ts'

/** How finely the releases of a project are told apart when one is held against those before it. */
export type ReleaseLine = 'project' | 'major' | 'minor'

const SEGMENTS: Readonly<Record<ReleaseLine, number>> = { project: 0, major: 1, minor: 2 }

/**
 * True where `earlier` belongs to the release line of `version`, or to one before it. A new line continues what the lines
 * before it had; an old line that is still maintained is not held to what a newer one began.
 */
export function isSameOrEarlierLine(earlier: Version, version: Version, by: ReleaseLine): boolean {
  if (by === 'project') return true
  const [left, right] = [releaseOf(earlier), releaseOf(version)]
  if (left.epoch !== right.epoch) return left.epoch < right.epoch
  for (let index = 0; index < SEGMENTS[by]; index += 1) {
    const [a, b] = [left.release[index] ?? 0n, right.release[index] ?? 0n]
    if (a !== b) return a < b
  }
  return true
}
