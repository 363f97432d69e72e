import t from 'tap'
import { ERRORS, GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import { REFUSALS } from '../../../src/domain/base/refusal.ts'
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

t.test('a refusal says whom to ask and what passes, in words and for programs', async t => {
  const contact = { name: 'Platform team', url: 'https://tickets.acme.example/?c=unattested' }
  const passes = { version: '0.9', filename: 'demo-0.9.tar.gz' }
  const told = (
    ...help: Parameters<typeof problemForRefusal> extends [unknown, unknown, ...infer Rest] ? Rest : never
  ) => JSON.parse(problemForRefusal(REFUSED, 'http://gate/x/abc', ...help).body.toString())
  t.match(told({ contact, passes }), {
    contact,
    passes,
    detail:
      /^it has none\. The newest version of demo that passes is 0\.9 \(demo-0\.9\.tar\.gz\)\. .* Whom to ask: Platform team \(https:\/\/tickets\.acme\.example\/\?c=unattested\)\. See http:\/\/gate\/x\/abc$/,
  })
  t.notOk(
    ['contact', 'passes'].some(key => key in told()),
    'where there is none, there is none',
  )
  const beside = (...notes: readonly string[]) =>
    JSON.parse(problemForRefusal({ ...REFUSED, notes }, undefined, { contact: undefined, passes }).body.toString())
      .detail
  t.match(
    beside('Other versions that pass: 0.9, 0.8.'),
    /passes is 0\.9 \(demo-0\.9\.tar\.gz\)\. Other versions that pass: 0\.8\. Pick/,
  )
  for (const needless of ['Other versions that pass: 0.9.', 'Versions with attestations, not judged yet: 0.9.'])
    t.match(beside(needless), /^it has none\. The newest version/, `${needless} is said better`)
  for (const code of Object.keys(REFUSALS) as (keyof typeof REFUSALS)[]) {
    const { detail, title } = JSON.parse(problemForRefusal({ ...REFUSED, code }, undefined).body.toString())
    t.equal(title, `Refused by policy: ${code}`)
    t.ok(detail.length > 20, code)
    t.notMatch(detail, /^(?!.*platform team).*portcullis /i, `${code}: no command stands alone`)
  }
})
