import t from 'tap'
import { globsMeet, literalPrefix, matchesName, matchesRef } from '../../../src/domain/base/glob.ts'

t.test('globs', async t => {
  t.ok(matchesName('acme-*', 'acme-x'))
  t.ok(matchesName('acme*', 'acme'))
  t.ok(matchesName('*', 'anything'))
  t.ok(matchesName('a*b*c', 'a-b-b-c'))
  t.notOk(matchesName('a*b*bc', 'a-bc'), 'literals do not overlap')
  t.notOk(matchesName('acme', 'acme-x'))
  t.ok(matchesRef('refs/tags/*', 'refs/tags/v1'))
  t.notOk(matchesRef('refs/tags/*', 'refs/tags/v1/evil'), '* does not cross a slash')
  t.notOk(matchesRef('refs/tags/*', 'refs/tags'), 'nor does it stand for one')
  t.ok(matchesRef('refs/*/main', 'refs/heads/main'))
  t.equal(literalPrefix('acme-*-x'), 'acme-')
  t.ok(globsMeet('*-x', 'acme-*'))
  t.ok(globsMeet('*', '*'))
  t.notOk(globsMeet('*-x', '*-y'))
  t.notOk(globsMeet('a*', 'b*'))
  t.ok(matchesName(`${'a*'.repeat(100)}b`, `${'a'.repeat(250)}b`), 'a hostile name costs no more than its length')
})
