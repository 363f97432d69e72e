import { sha256Of } from '../../../src/domain/base/digest.ts'
import { parseInstant } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { PageView, ViewedFile } from '../../../src/protocol/simple/page-view.ts'
import { listed } from '../../world/judging/judging.ts'

const { filename, sha256, path, url } = listed('demo-1.0-py3-none-any.whl')
/** sha256 of the wheel, and of its METADATA */
export const [WHEEL, METADATA] = [sha256, sha256Of('METADATA')]

/** A wheel of demo as a page of the gate shows it, with everything that may be said of it. */
export const FILE: ViewedFile = {
  file: {
    filename: filename.text,
    dist: filename,
    path,
    url,
    sha256,
    hashes: { sha256 },
    size: 100,
    uploadTime: '2026-01-01T00:00:00Z',
    uploaded: parseInstant('2026-01-01T00:00:00Z'),
    requiresPython: '>=3.9',
    yanked: false,
    coreMetadata: METADATA,
    provenance: 'offered',
  },
  url: `https://gate.example${path}`,
  yanked: 'broken & "old"',
  provenance: 'https://gate.example/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance',
}

export const PAGE: PageView = {
  name: parseProjectName('demo'),
  minor: 4,
  status: 'archived',
  statusReason: 'moved <elsewhere>',
  serial: 7,
  versions: ['1.0'],
  files: [FILE],
}
