import t from 'tap'
import { errorCode } from '../../../src/domain/base/error-code.ts'

t.test('a failure is called what Node or a library calls it', async t =>
  t.equal(errorCode(Object.assign(new Error('no space'), { code: 'ENOSPC' })), 'ENOSPC'),
)

t.test('what has no name in words has none', async t => {
  for (const thrown of [
    new Error('plain'),
    Object.assign(new Error('odd'), { code: 5 }),
    { code: 'ENOENT' },
    'x',
    null,
  ])
    t.equal(errorCode(thrown), undefined, JSON.stringify(thrown))
})
