import t from 'tap'
import { ERRORS, errorEntry, GateError } from '../../../src/domain/base/errors.ts'
import { LIMITS } from '../../../src/domain/base/limits.ts'
import { REFUSALS, type RefusalCode, refusalEntry } from '../../../src/domain/base/refusal.ts'

const CODE = /^[a-z][a-z0-9-]+$/

t.test('an error carries its code, what happened and its cause', async t => {
  const cause = new Error('inside')
  const error = new GateError('unknown-store', 'the disk is full', { cause })
  t.match(error, { name: 'GateError', code: 'unknown-store', detail: 'the disk is full', cause })
  t.equal(error.message, 'unknown-store: the disk is full')
})

t.test('what is overloaded says which limit was reached, and others have none', async t => {
  t.equal(new GateError('unknown-overloaded', 'too much', { limit: 'space' }).limit, 'space')
  t.equal(new GateError('unknown-overloaded', 'too much').limit, 'overloaded')
  t.equal(new GateError('unknown-store', 'the disk is full').limit, undefined)
  for (const name of Object.keys(LIMITS)) t.match(name, CODE)
})

t.test('the catalogues say what to do, under codes that are not in both', async t => {
  for (const code of Object.keys(REFUSALS) as RefusalCode[]) {
    const { title, meaning, remedy } = refusalEntry(code)
    t.match(code, CODE)
    t.notOk(Object.hasOwn(ERRORS, code), `${code} is a refusal or an error`)
    t.ok(title.length <= 60, `${code}: ${title}`)
    for (const sentence of [meaning, remedy]) t.match(sentence, /^\S.*\.$/, code)
  }
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    t.match(code, CODE)
    t.match(errorEntry(code).remedy, /^\S.*\.$/, code)
  }
})

t.test('whatever proves that something is wrong cannot be waived', async t => {
  for (const [code, entry] of Object.entries(REFUSALS)) if (entry.hard) t.notOk('waive' in entry, code)
})
