import t from 'tap'
import { objectionTo } from '../../../src/protocol/api/objection.ts'
import type { Operation } from '../../../src/protocol/api/operation.ts'
import { OPERATIONS } from '../../../src/protocol/api/operations.ts'

/** What is said of a body, or of a query. */
function said(of: keyof typeof OPERATIONS, value: unknown, part: 'body' | 'query' = 'body'): string | undefined {
  const operation: Operation = OPERATIONS[of]
  const { error } = operation[part]?.safeParse(value) ?? {}
  return error && objectionTo(error, value)
}

t.test('a field is named with what it takes', t => {
  t.equal(said('createToken', {}), 'name: is missing; it takes a text')
  t.equal(said('createToken', { name: 1 }), 'name: takes a text')
  t.equal(said('createToken', []), 'the whole: takes an object')
  t.equal(said('createToken', { name: 'x'.repeat(65) }), 'name: takes at most 64 characters')
  t.equal(
    said('createToken', { name: 'a b' }),
    'name: takes letters, digits, ".", "_" and "-", beginning with a letter or digit',
  )
  t.match(said('createToken', { name: 'x', scopes: ['all'] }), /^scopes\.0: takes one of metrics, request, read, /)
  t.equal(
    said('createToken', { name: 'x', expires: 'soon' }),
    'expires: takes a time as RFC 3339 has it, such as 2027-01-31T12:00:00Z',
  )
  t.equal(said('createToken', { name: 'x', more: 1 }), 'the whole: there is nothing called "more" here')
  t.equal(said('createToken', { name: 'x', reason: '' }), 'reason: takes at least 1 character')
  t.equal(said('createToken', { name: 'x', reason: 'a\nb' }), 'reason: takes one line without control characters')
  t.equal(said('declineRequest', { words: '\u0000' }), 'words: takes text without control characters')
  t.equal(said('listTokens', { limit: 1 }, 'query'), 'the whole: there is nothing called "limit" here')
  t.equal(said('listRequests', { limit: 0 }, 'query'), 'limit: takes a number of at least 1')
  t.equal(said('listRequests', { limit: 'x' }, 'query'), 'limit: takes a number')
  t.end()
})

t.test('no call is answered in the words of a library', t => {
  const odd = [undefined, null, 0, 1.5, -1, 1e9, '', 'x y', '\u0000', 'x'.repeat(5_000), [], [{}], {}, true]
  for (const operation of Object.values(OPERATIONS) as readonly Operation[])
    for (const schema of [operation.params, operation.query, operation.body]) {
      if (schema === undefined) continue
      const fields = 'shape' in schema ? Object.keys(schema.shape as object) : []
      const values = [...odd, ...fields.flatMap(field => odd.map(value => ({ [field]: value })))]
      for (const value of values) {
        const { error } = schema.safeParse(value)
        if (error !== undefined)
          t.notMatch(
            objectionTo(error, value),
            /Invalid|expected|received|Unrecognized|Too (?:big|small)|pattern|is not what|something else/,
          )
      }
    }
  t.end()
})
