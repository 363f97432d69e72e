import { sha256Of } from '../../src/domain/base/digest.ts'
import type { Refused } from '../../src/domain/decide/verdict.ts'
import type { UpstreamUrl } from '../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import type { Doer } from '../../src/ports/console/audit-log.ts'
import type { Holdings } from '../../src/ports/mirror.ts'
import type { JournalEntry } from '../../src/ports/store.ts'
import { fileOf, KEY, PKG } from './facts.ts'
import { START } from './stores.ts'

/** Somebody who runs a command. */
export const OPERATOR: Doer = { actor: 'shell:ada', from: 'command line', why: 'SEC-1' }

export const ENTRY: JournalEntry = {
  at: START,
  filename: 'pkg-1.0.tar.gz',
  project: 'pkg',
  sha256: KEY.sha256,
  outcome: 'admitted',
  code: 'attestation',
  rule: 'projects[0] pkg',
  identity: {
    issuer: 'https://token.actions.githubusercontent.com',
    san: 'https://github.com/acme/pkg/.github/workflows/release.yml@refs/tags/v1.0',
    repository: 'acme/pkg',
    workflow: 'release.yml',
    ref: 'refs/tags/v1.0',
  },
  policyDigest: sha256Of('policy'),
  trustDigest: sha256Of('root'),
  client: '192.0.2.1',
}

export const REFUSED: Refused = {
  kind: 'refused',
  code: 'publisher-mismatch',
  file: { project: 'pkg', version: '1.0', filename: 'pkg-1.0.tar.gz', sha256: KEY.sha256 },
  rule: { id: 'projects[0] pkg', file: 'policy.yaml', line: 3 },
  identity: ENTRY.identity,
  detail: 'Signed by "somebody else" – naïve “quotes” and \u{1f40d}.',
  admitWith: 'publishers:\n  - kind: github\n',
  policyDigest: sha256Of('policy'),
  steps: [
    { mark: 'pass', check: 'provenance' },
    { mark: 'fail', check: 'publisher', expected: 'acme/pkg', found: 'evil/pkg' },
    { mark: 'skip', check: 'predicates' },
  ],
  notes: ['Other versions that pass: 0.9.'],
}

type HeldFile = Awaited<ReturnType<Holdings['all']>>[number]

/** A file of `pkg` that a mirror holds. */
export function heldFile(name = 'pkg-1.0.tar.gz', changes: Partial<HeldFile> = {}): HeldFile {
  const filename = parseDistFilename(name)
  if (filename === undefined) throw new TypeError(`not a distribution: ${name}`)
  const { sha256, path } = fileOf(name)
  return {
    project: PKG,
    filename,
    sha256,
    size: 100,
    path,
    url: `https://files.example/${name}` as UpstreamUrl,
    requiresPython: '>=3.9',
    uploadTime: '2026-01-01T00:00:00Z',
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: undefined,
    said: 'none',
    ...changes,
  }
}
