import fc from 'fast-check'
import t from 'tap'
import { JsonError, parseJsonStrict } from '../../../src/protocol/text/json.ts'

const LIMITS = { bytes: 10_000, depth: 8 }

function read(text: string | Uint8Array): unknown {
  return parseJsonStrict(typeof text === 'string' ? Buffer.from(text) : text, LIMITS)
}

t.test('JSON comes out as JSON.parse reads it', async t => {
  for (const text of ['null', '0', '-1.5e3', '"a\\u0062\\n"', '[]', ' {"a":[1,{"a":"{\\"a\\":1,"}]} ', '{"a":{"a":1}}'])
    t.strictSame(read(text), JSON.parse(text), text)
})

t.test('any value that is written is read back', async t => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      fc.pre(Buffer.byteLength(text) <= LIMITS.bytes)
      return JSON.stringify(read(text)) === JSON.stringify(JSON.parse(text))
    }),
    { numRuns: 1000 },
  )
  t.pass('all came back')
})

t.test('a name that stands twice in one object is refused, however it is escaped', async t => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0061" :1, "\\u0061"\n:2}',
    '{"b":[{"a":1,"c":{},"a":2}]}',
    '{"":1,"":2}',
    '{"\\"":1,"\\u0022":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"\\ud83d\\ude00":1,"😀":2}',
  ])
    t.throws(() => read(text), JsonError, text)
  t.strictSame(read('[{"a":1},{"a":2}]'), [{ a: 1 }, { a: 2 }])
  t.strictSame(read('{"a":"a","b":"a"}'), { a: 'a', b: 'a' })
  t.strictSame(read('{"a\\\\":1,"a":2}'), { 'a\\': 1, a: 2 })
})

t.test('where a string ends is seen through quotes and backslashes', async t => {
  const name = fc.string({ unit: fc.constantFrom('"', '\\', 'a', ':', ','), maxLength: 12 })
  fc.assert(
    fc.property(name, name, (one, other) => {
      const [first, second] = [JSON.stringify(one), JSON.stringify(other)]
      const text = `{${first}:${second},${second}:[${first}]}`
      if (one === other) t.throws(() => read(text), JsonError, text)
      else t.strictSame(read(text), JSON.parse(text), text)
    }),
    { numRuns: 1000 },
  )
  t.throws(() => read(`"${'\\'.repeat(9)}"`), JsonError)
  t.equal(read(`"${'\\'.repeat(8)}"`), '\\'.repeat(4))
})

t.test('what is not JSON in UTF-8 is refused', async t => {
  for (const text of [
    '',
    ' ',
    '{',
    '[1,]',
    "{'a':1}",
    '{"a":1}x',
    'NaN',
    '01',
    '"\t"',
    '"',
    '"\\',
    '{"\\x":1}',
    ']',
    '\uFEFF{}',
    '// c\n1',
  ])
    t.throws(() => read(text), JsonError, JSON.stringify(text))
  for (const bytes of [[0xff], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0xff, 0xfe, 0x31, 0x00]])
    t.throws(() => read(Uint8Array.from(bytes)), JsonError, bytes.join(' '))
})

t.test('size and depth are bounded', async t => {
  t.ok(read(`${'['.repeat(8)}${']'.repeat(8)}`))
  t.throws(() => read(`${'['.repeat(9)}${']'.repeat(9)}`), { name: 'JsonError', message: /deeper than 8/ })
  t.throws(() => read('[{"a":'.repeat(5)), JsonError)
  t.throws(() => read('['.repeat(10_000)), JsonError)
  t.throws(() => read(`"${'a'.repeat(10_000)}"`), { name: 'JsonError', message: /more than 10000 bytes/ })
})

t.test('no bytes make it throw anything else', async t => {
  const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1', 'a', '\\u0061', ' ', 'null', '"a":')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(pieces, { maxLength: 30 }).map(parts => Buffer.from(parts.join(''))),
      ),
      bytes => {
        try {
          const value = read(bytes)
          return JSON.stringify(value) === JSON.stringify(JSON.parse(Buffer.from(bytes).toString()))
        } catch (error) {
          return error instanceof JsonError
        }
      },
    ),
    { numRuns: 3000 },
  )
  t.pass('only JsonError')
})

t.test('more values than there may be are refused before any is made; what stands in a text is none', async t => {
  const few = (text: string) => parseJsonStrict(Buffer.from(text), { ...LIMITS, values: 3 })
  t.strictSame(few('[1,2,3]'), [1, 2, 3])
  t.strictSame(few('{"a":"1,2,3,4,5","b":[1]}'), { a: '1,2,3,4,5', b: [1] })
  for (const text of ['[1,2,3,4]', '{"a":1,"b":[1,2,3]}']) t.throws(() => few(text), JsonError)
})
