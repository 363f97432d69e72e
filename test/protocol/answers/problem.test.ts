import t from 'tap'
import { ERRORS, GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import { codeTables } from '../../../src/protocol/answers/code-tables.ts'
import { problemForError, problemForRefusal } from '../../../src/protocol/answers/problem.ts'

const REFUSED = {
  kind: 'refused',
  code: 'unattested',
  detail: 'it has none',
  notes: ['Take 2.0 instead'],
  file: { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: undefined },
  rule: undefined,
} as unknown as Parameters<typeof problemForRefusal>[0]

t.test('a refusal is 403, with its code where every client shows it', async t => {
  const { body, ...head } = problemForRefusal(REFUSED, 'http://gate/x/abc')
  t.match(head, { status: 403, contentType: 'application/problem+json', retryAfter: undefined })
  t.equal(head.reason, 'Refused by policy: unattested (see http://gate/x/abc)')
  t.match(JSON.parse(body.toString()), {
    type: 'urn:portcullis:refusal:unattested',
    code: 'unattested',
    detail: /^it has none\. Take 2\.0 instead\. .* See http:\/\/gate\/x\/abc$/,
    sha256: null,
    rule: null,
  })
  t.equal(problemForRefusal(REFUSED, `http://gate/${'x'.repeat(200)}`).reason, 'Refused by policy: unattested')
})

t.test('an error is of its own status, and says when to ask again', async t => {
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    const { status, reason, retryAfter } = problemForError(new GateError(code, 'é\n'))
    t.equal(status, ERRORS[code].status, code)
    t.match(reason, /^(?:Cannot tell|Not served): [a-z0-9-]+$/, code)
    t.equal(retryAfter === undefined, !('retryAfter' in ERRORS[code]), code)
  }
  const soon = (ms: number) =>
    problemForError(new GateError('unknown-upstream', 'x', { retryAfterMs: millis(ms) })).retryAfter
  t.equal(soon(1), 1, 'whole seconds')
  t.equal(soon(1e9), ERRORS['unknown-upstream'].retryAfter, 'never later than the catalogue says')
})

t.test('the tables have a line for every code', async t => {
  for (const code of Object.keys(ERRORS)) t.match(codeTables(), `\n| \`${code}\` |`)
})
