import t from 'tap'
import { HELD, sourceAt } from '../../../src/domain/memory/source.ts'

t.test('an index is one source, with a slash at its end or without', async t => {
  t.equal(sourceAt('https://pypi.example/team/'), sourceAt('https://pypi.example/team'))
  t.not(sourceAt('https://pypi.example/team'), sourceAt('https://pypi.example'))
})

t.test('what a mirror holds is a source that no index can be', async t => t.notMatch(HELD, '/'))
