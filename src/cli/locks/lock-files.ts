import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { readLock } from '../../protocol/lockfiles/read-lock.ts'
import type { Environment } from '../../protocol/lockfiles/requirements/surroundings.ts'
import { readGiven } from '../terminal/read-given.ts'

/** Reads lock files, and what they include. Throws `usage` naming the file, and the line where there is one. */
export function readLocks(paths: readonly string[], environment: Environment): readonly Lock[] {
  return paths.map(path => readLock({ path, bytes: readGiven(path) }, { read: readGiven, environment }))
}
