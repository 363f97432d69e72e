import type { Sha256 } from '../../domain/base/digest.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Indexes } from './indexes.ts'
import type { KnownPage } from './known-page.ts'

/**
 * Whether the index is known to list a file with this sha256: on the project's page as it is at hand, or on any page of the source
 * that was ever read.
 */
export function createIsFile({
  indexes,
  memory,
}: {
  readonly indexes: Pick<Indexes, 'atHand'>
  readonly memory: Pick<Memory, 'isListed'>
}): ({ project }: Artifact, sha256: Sha256) => Promise<boolean> {
  const digests = new WeakMap<KnownPage, ReadonlySet<Sha256>>()

  function digestsOn(page: KnownPage): ReadonlySet<Sha256> {
    const known = digests.get(page) ?? new Set(page.index.files.flatMap(({ sha256 }) => sha256 ?? []))
    digests.set(page, known)
    return known
  }

  return async ({ project }, sha256) => {
    const page = indexes.atHand(project)
    return (page !== undefined && digestsOn(page).has(sha256)) || (await memory.isListed(sha256))
  }
}
