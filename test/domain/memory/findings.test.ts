import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { type FindingKey, Findings, type RememberedFinding } from '../../../src/domain/memory/findings.ts'

const KEY: FindingKey = { sha256: sha256Of('bytes'), filename: 'pkg-1.0.tar.gz', trustDigest: 'root' }
const FOUND: RememberedFinding = { finding: { kind: 'unattested', said: 'index' }, found: instant(1) }

t.test('a finding is about these bytes, under this name and these roots, and no others', async t => {
  const findings = Findings.none.with([{ key: KEY, ...FOUND }])
  t.strictSame(findings.get(KEY), FOUND)
  for (const other of [{ sha256: sha256Of('others') }, { filename: 'pkg-2.0.tar.gz' }, { trustDigest: 'new root' }])
    t.equal(findings.get({ ...KEY, ...other }), undefined, Object.keys(other).join())
})

t.test('the latest finding stays, and the memory before it is as it was', async t => {
  const before = Findings.none.with([{ key: KEY, ...FOUND }])
  const later = { finding: { kind: 'unattested', said: 'integrity' }, found: instant(2) } as const
  const after = before.with([{ key: KEY, ...later }])
  t.strictSame([before.get(KEY), after.get(KEY)], [FOUND, later])
  t.equal(before.with([]), before)
})

t.test('what was kept as text is read once, when it is asked for', async t => {
  let reads = 0
  const findings = Findings.reading([
    [
      KEY,
      () => {
        reads += 1
        return FOUND
      },
    ],
  ])
  t.strictSame([findings.size, reads], [1, 0])
  t.equal(findings.get(KEY), findings.get(KEY), 'equal questions get the same object')
  t.equal(reads, 1)
})

t.test('what cannot be read is absent', async t => {
  const findings = Findings.reading([[KEY, () => undefined]])
  t.equal(findings.get(KEY), undefined)
  t.equal(findings.size, 0)
})
