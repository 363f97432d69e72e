import { GateError } from '../../domain/base/errors.ts'
import type { SettledFile } from '../../domain/memory/sighting.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Index } from '../../ports/outward.ts'
import type { LegacyJson } from '../../protocol/legacy/legacy-json.ts'

/** A file of a page whose sha256 is another than the first that was given. */
export type Disputed = Pick<SettledFile, 'filename' | 'sha256'>

/**
 * Those of these files for which the index's other document, the JSON API, gives the same sha256 as the page does now. An index
 * without one, or one that cannot answer, has no second opinion: then it is time that tells.
 */
export async function secondOpinion(
  index: Pick<Index, 'legacy'>,
  project: ProjectName,
  disputed: readonly Disputed[],
): Promise<readonly Disputed[]> {
  try {
    const answer = await index.legacy(project)
    if (answer.kind === 'absent') return []
    const digests = digestsIn(answer.json)
    return disputed.filter(({ filename, sha256 }) => digests.get(filename) === sha256)
  } catch (error) {
    if (error instanceof GateError) return []
    throw error
  }
}

function digestsIn({ releases = [], urls }: LegacyJson): ReadonlyMap<string, string | undefined> {
  const files = [...urls, ...releases.flatMap(release => release.files)]
  return new Map(files.map(({ filename, sha256 }) => [filename, sha256]))
}
