import type { Refused } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Indexes } from './indexes.ts'
import type { Sound } from './sound.ts'

interface Options {
  readonly indexes: Pick<Indexes, 'current'>
  readonly sound: Pick<Sound, 'artifact'>
}

/** Every wheel and source distribution of a release that is listed now, or why it is refused before anybody asks who signed it. Throws unknown-…. */
export function createReleaseFiles({ indexes, sound }: Options) {
  return async (project: ProjectName, version: Version, asker?: Asker): Promise<readonly (Artifact | Refused)[]> => {
    const page = await indexes.current(project, asker)
    if (page === undefined) return []
    const files = page.index.files.filter(
      ({ dist }) => dist !== undefined && compareVersions(dist.version, version) === 0,
    )
    const found: (Artifact | Refused)[] = []
    for (const file of files) found.push(await sound.artifact(page, file, asker))
    return found
  }
}
