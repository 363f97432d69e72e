import type { HeldFile } from '../../../src/domain/packaging/held-file.ts'
import { heldFileJson, heldFileSchema } from '../../../src/protocol/carry/held-file-json.ts'
import { listed } from '../../world/judging/judging.ts'

/** A file that a mirror holds, with what a test changes of how it is written. */
export function held(filename = 'pkg-1.0-py3-none-any.whl', changes: object = {}): HeldFile {
  return heldFileSchema.parse({ ...written(filename), ...changes })
}

export function written(filename = 'pkg-1.0-py3-none-any.whl'): ReturnType<typeof heldFileJson> {
  const { project, filename: dist, sha256, path } = listed(filename)
  return heldFileJson({
    project,
    filename: dist,
    sha256,
    size: 100,
    path,
    url: `https://files.example${path}` as HeldFile['url'],
    requiresPython: undefined,
    uploadTime: undefined,
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: undefined,
    said: 'unsaid',
  })
}
