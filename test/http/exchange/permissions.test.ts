import t from 'tap'
import { assertMayEnter, assertMayReadMetrics, privately, turnedAway } from '../../../src/http/exchange/permissions.ts'

const may = { indexes: new Set(['ml']), metrics: false, isPrivate: true }
const client = { address: '192.0.2.1', subject: 'token:ci', may }

t.test('a route of another index is not answered, whatever led there', async t => {
  t.doesNotThrow(() => assertMayEnter(client, 'ml'))
  t.doesNotThrow(() => assertMayEnter({ address: '', subject: '' }, 'main'), 'nobody was asked')
  t.throws(() => assertMayEnter(client, 'main'), { code: 'not-allowed-here' })
  t.throws(() => assertMayEnter({ ...client, subject: 'anonymous' }, 'main'), { code: 'unauthenticated' })
  t.throws(() => assertMayReadMetrics(client), { code: 'not-allowed-here' })
  t.equal(turnedAway('anonymous').code, 'unauthenticated')
})

t.test('what is for somebody is kept by no shared cache, and fits no other credentials', async t => {
  t.strictSame(privately(['ETag', '"x"', 'Cache-Control', 'no-cache', 'Vary', 'Accept']), [
    'ETag',
    '"x"',
    'Cache-Control',
    'private, no-cache',
    'Vary',
    'Accept, Authorization',
  ])
  t.strictSame(privately(['Cache-Control', 'no-store']), ['Cache-Control', 'no-store', 'Vary', 'Authorization'])
})
