import t from 'tap'
import { parseSha256 } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { Revocation } from '../../../src/domain/policy/revocation.ts'
import { findRevokedFiles } from '../../../src/gate/revoked/revoked-files.ts'
import type { DownloadSums, JournalFilter } from '../../../src/ports/console/ledger.ts'

const [GOOD, BAD] = [parseSha256('a'.repeat(64)), parseSha256('b'.repeat(64))]
const AT = instant(1_700_000_000_000)
const ref = { id: 'r', file: 'p.yaml', line: 1 }

function got(filename: string, sha256: string | undefined, last = AT): DownloadSums {
  const who = { subject: 'token:ci', client: '127.0.0.1', index: 'main', source: undefined }
  return { ...who, project: 'demo', filename, sha256, code: 'attestation', rule: 'r', requests: 1, first: AT, last }
}

const RECORDS = {
  async *attested() {},
  projects: async () => [],
  project: async () => ProjectMemory.of(parseProjectName('demo')),
  holds: async () => true,
}

t.test('of what a revocation names by project only the versions that it covers are told', async t => {
  if (GOOD === undefined || BAD === undefined) throw new TypeError('they are digests')
  const project = parseProjectName('demo')
  const what = { kind: 'project', project, versions: '==2.0', covers: (version: string) => version === '2.0' } as const
  const asked: JournalFilter[] = []
  const revocations: readonly Revocation[] = [
    { ref, what, reason: 'r' },
    { ref, what: { kind: 'sha256', sha256: GOOD }, reason: 'r' },
  ]
  const [byName, byBytes] = await findRevokedFiles(RECORDS, revocations, async filter => {
    asked.push(filter)
    const rows = [got('demo-1.0.tar.gz', GOOD), got('demo-2.0.tar.gz', BAD), got('demo-2.0.zip', undefined)]
    return { rows: 'sha256' in filter ? rows.slice(0, 1) : rows, next: 'sha256' in filter ? 'more' : undefined }
  })
  t.strictSame(asked, [{ project: 'demo' }, { sha256: GOOD }])
  t.match(byName, {
    files: [{ filename: 'demo-2.0.tar.gz', held: true }],
    downloads: [{ filename: 'demo-2.0.tar.gz' }],
  })
  t.equal(byName?.more, false)
  t.match(byBytes, { downloads: [{ filename: 'demo-1.0.tar.gz' }], more: true })
})
