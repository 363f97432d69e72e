import t from 'tap'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { createNoIntegrity } from '../../../src/gate/sources/no-integrity.ts'
import { DEMO } from '../../upstream/one-answer.ts'

t.test('an index without an Integrity API has no document of any file, and says so itself', async t => {
  const integrity = createNoIntegrity()
  const filename = parseDistFilename('demo-1.0.tar.gz')
  if (filename === undefined) throw new TypeError('a distribution')
  t.strictSame(await integrity.provenance(DEMO, filename), { kind: 'absent' })
  t.ok(integrity.isOwnOrigin(DEMO))
})
