import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { findDownloads } from '../../../src/gate/records/downloads.ts'
import type { JournalRow } from '../../../src/ports/records.ts'

const ROW: JournalRow = {
  at: instant(10),
  filename: 'demo-1.0.tar.gz',
  project: 'demo',
  sha256: 'a'.repeat(64),
  outcome: 'admitted',
  code: 'attestation',
  rule: 'projects[0] demo',
  identity: undefined,
  policyDigest: 'p',
  trustDigest: undefined,
  client: '192.0.2.1',
  count: 1,
}

const found = (...rows: readonly Partial<JournalRow>[]) =>
  findDownloads(
    {
      async *journal() {
        for (const row of rows) yield { ...ROW, ...row }
      },
    },
    { kind: 'file', filename: ROW.filename },
    instant(0),
  )

t.test('rows of one who got one thing are one, with the latest verdict', async t => {
  t.match(
    await found({ count: 2 }, { at: instant(20), code: 'exemption', rule: 'other' }, { at: instant(5), code: 'old' }),
    [{ requests: 4, first: 5, last: 20, verdict: 'exemption', rule: 'other', subject: undefined }],
  )
})

t.test('another subject, address, index or other bytes are another, and a refusal is none', async t => {
  const all = await found(
    {},
    { subject: 'token:ci' },
    { client: '192.0.2.2' },
    { index: 'ml' },
    { sha256: 'b'.repeat(64) },
  )
  t.equal(all.length, 5)
  t.strictSame(await found({ outcome: 'refused' }, { outcome: 'forgotten' }), [])
})
