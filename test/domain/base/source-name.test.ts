import t from 'tap'
import { trySourceName } from '../../../src/domain/base/source-name.ts'

t.test('a source is called by lower-case letters, digits and hyphens, at most 32', async t => {
  for (const name of ['pypi', 'a', 'acme-2', 'x'.repeat(32)]) t.equal(trySourceName(name), name)
  for (const wrong of ['', 'Acme', '2nd', '-a', 'a b', 'a/b', 'ä', 'x'.repeat(33), 'pypi\n'])
    t.equal(trySourceName(wrong), undefined, JSON.stringify(wrong))
})
