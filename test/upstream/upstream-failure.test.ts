import t from 'tap'
import { upstreamFailure } from '../../src/upstream/upstream-failure.ts'
import { UNKNOWN } from './one-answer.ts'

t.test('a failure keeps code and text of its cause, and nothing else of it', async t => {
  const raw = Object.assign(new Error('connect to http://user:secret@host failed'), {
    code: 'ECONNRESET',
    socket: 'secret',
    cert: 'secret',
  })
  const error = upstreamFailure('the index', raw)
  t.match(error, { code: 'unknown-upstream', detail: 'the connection to the index failed (ECONNRESET)' })
  t.match(error.cause, { code: 'ECONNRESET', message: 'connect to http://host failed' })
  t.notMatch(JSON.stringify(error.cause), 'secret')
  t.match(upstreamFailure('the index', { code: 'rm -rf' }), { detail: 'the connection to the index failed' })
  t.match(upstreamFailure('the index', undefined), UNKNOWN)
  t.equal(upstreamFailure('the file origin', error), error, 'a GateError stays what it is')
})
