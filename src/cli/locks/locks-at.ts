import { GateError } from '../../domain/base/errors.ts'
import type { Revision } from '../../ports/revision.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { readLock } from '../../protocol/lockfiles/read-lock.ts'
import type { Environment } from '../../protocol/lockfiles/requirements/surroundings.ts'

/** Locks as a revision has them, with what they include there; those that it lacks are left out. Throws `usage`. */
export function locksAt(revision: Revision, paths: readonly string[], environment: Environment): readonly Lock[] {
  const read = (path: string): Uint8Array => {
    const bytes = revision.read(path)
    if (bytes === undefined) throw new GateError('usage', `${path} is not there in the revision ${revision.name}`)
    return bytes
  }
  return paths.flatMap(path => {
    const bytes = revision.read(path)
    return bytes === undefined ? [] : [readLock({ path, bytes }, { read, environment })]
  })
}
