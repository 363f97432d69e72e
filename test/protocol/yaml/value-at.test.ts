import t from 'tap'
import { valueAt } from '../../../src/protocol/yaml/value-at.ts'

const DOCUMENT = { rules: [{ match: 'pkg' }], empty: null }

t.test('what stands at a path is found', async t => {
  t.equal(valueAt(DOCUMENT, ['rules', 0, 'match']), 'pkg')
  t.equal(valueAt(DOCUMENT, ['empty']), null)
  t.equal(valueAt(DOCUMENT, []), DOCUMENT)
})

t.test('where nothing stands there is nothing, whatever every object inherits', async t => {
  for (const path of [
    ['rules', 1],
    ['rules', 0, 'match', 'x'],
    ['empty', 'x'],
    ['constructor'],
    ['rules', 'length', 'x'],
  ])
    t.equal(valueAt(DOCUMENT, path), undefined, path.join('.'))
})
