import t from 'tap'
import { readVersions, wrongVersions } from '../../../src/protocol/clauses/versions.ts'

t.test('a set of versions says at least one thing', async t => {
  t.ok(readVersions('==1.0'))
  t.ok(readVersions('>=1, <2'))
  for (const text of ['', ' ', ',', ' , ']) t.equal(readVersions(text), undefined, JSON.stringify(text))
})

t.test('what is none is told with what it might be', async t => {
  t.equal(readVersions('1.17.0'), undefined)
  t.match(wrongVersions('1.17.0'), /such as "==1\.17\.0"; found "1\.17\.0"/)
})
