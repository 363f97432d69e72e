import t from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { countDownloads, watchedFiles } from '../../../src/gate/records/watched-files.ts'
import type { JournalRow } from '../../../src/ports/records.ts'

function row(changes: Partial<JournalRow>): JournalRow {
  const filename = changes.filename ?? 'pkg-1.0.tar.gz'
  const none = { rule: undefined, identity: undefined, trustDigest: undefined }
  const file = { project: 'pkg', filename, sha256: sha256Of(filename) }
  return {
    ...none,
    ...file,
    at: instant(0),
    policyDigest: '',
    client: 'c',
    outcome: 'admitted',
    code: '',
    count: 1,
    ...changes,
  }
}

function journalOf(...rows: readonly Partial<JournalRow>[]) {
  return {
    async *journal(since: Instant) {
      yield* rows.map(row).filter(({ at }) => at >= since)
    },
  }
}

t.test('what passed because the policy only watched is named as a lock would name it, each file once', async t => {
  const journal = journalOf(
    { code: 'audit:unattested' },
    { code: 'audit:unattested' },
    { code: 'attestation', filename: 'pkg-1.1.tar.gz' },
    { code: 'unattested', outcome: 'refused', filename: 'pkg-1.2.tar.gz' },
    { code: 'audit:no-rule', filename: 'pkg-1.3.tar.gz', sha256: undefined },
    { code: 'audit:no-rule', filename: 'not a file' },
  )
  t.match(await watchedFiles(journal, instant(0)), [
    {
      project: 'pkg',
      version: '1.0',
      open: false,
      files: [{ filename: 'pkg-1.0.tar.gz', sha256: sha256Of('pkg-1.0.tar.gz') }],
    },
  ])
  t.equal((await watchedFiles(journal, instant(0))).length, 1)
  t.strictSame(await watchedFiles(journal, instant(1)), [], 'what is longer ago does not count')
})

t.test('downloads are counted by their bytes, and refusals are none', async t => {
  const wanted = new Set<Sha256>([sha256Of('pkg-1.0.tar.gz')])
  const journal = journalOf({ count: 3 }, { count: 2 }, { outcome: 'refused' }, { filename: 'pkg-1.1.tar.gz' })
  t.strictSame([...(await countDownloads(journal, instant(0), wanted))], [[sha256Of('pkg-1.0.tar.gz'), 5]])
})
