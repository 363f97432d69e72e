import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { jsonLine } from '../../../src/protocol/text/json-line.ts'
import { sha256Text } from '../../../src/protocol/text/parsed-text.ts'
import { printable, quote } from '../../../src/protocol/text/quote.ts'

t.test('text from outside is printable and short', async t => {
  t.equal(printable('a\u001b[2Jb'), 'a\\u{1b}[2Jb')
  t.equal(printable('\u{1f600}é'), '\\u{1f600}\\u{e9}')
  t.equal(printable('x'.repeat(200)).length, 120)
  t.equal(quote(undefined), 'nothing')
  t.equal(quote('a"b'), '"a\\"b"')
})

t.test('JSON on one line obeys no terminal, and reads as the same', async t => {
  const value = { text: 'a\nb\u001b\u009b\u202e\u2028\ufeff\u{e0001}' }
  const line = jsonLine(value)
  t.match(line, /^[\x20-\x7e]*\n$/)
  t.strictSame(JSON.parse(line), value)
})

t.test('what a parser of the domain does not take is told in words', async t => {
  t.equal(sha256Text.parse(sha256Of('x')), sha256Of('x'))
  t.match(sha256Text.safeParse('x').error?.issues, [{ message: 'is not a sha256 of 64 hex digits' }])
  t.notOk(sha256Text.safeParse(1).success)
})
