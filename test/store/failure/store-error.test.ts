import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { storeError } from '../../../src/store/failure/store-error.ts'

t.test('whatever a disk says is "cannot tell" in our own words, with its code and its cause', async t => {
  const cause = Object.assign(new Error('no space left on /var/lib/secret'), { code: 'ENOSPC' })
  const error = storeError('a file could not be stored', cause)
  t.match(error, { code: 'unknown-store', detail: 'a file could not be stored (ENOSPC)', cause })
  t.notMatch(error.detail, 'secret')
  t.equal(storeError('a file could not be stored', 'odd').detail, 'a file could not be stored')
})

t.test('what is said already stays as it is', async t => {
  const said = new GateError('unknown-clock', 'the clock went back')
  t.equal(storeError('anything', said), said)
})
