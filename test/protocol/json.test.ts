import fc from 'fast-check'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import type { UpstreamUrl } from '../../src/domain/packaging/artifact.ts'
import { filePathOf, parseFilePath } from '../../src/protocol/simple/paths.ts'
import { JsonError, parseJsonStrict } from '../../src/protocol/text/json.ts'

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

const REST = '0'.repeat(60)
const SHA256 = sha256Of('x')

t.test('a file path is two, two and sixty hex digits and a name', async t => {
  t.equal(parseFilePath('ab', 'cd', REST, 'foo-1.0.tar.gz'), `/packages/ab/cd/${REST}/foo-1.0.tar.gz`)
  t.equal(parseFilePath('ab', 'cd', REST, 'foo-1!1.0+x.tar.gz'), `/packages/ab/cd/${REST}/foo-1!1.0+x.tar.gz`)
  for (const [a, b, rest, name] of [
    ['AB', 'cd', REST, 'foo-1.0.tar.gz'],
    ['abc', 'cd', REST, 'foo-1.0.tar.gz'],
    ['..', 'cd', REST, 'foo-1.0.tar.gz'],
    ['ab', 'c\n', REST, 'foo-1.0.tar.gz'],
    ['ab', 'cd', REST.slice(1), 'foo-1.0.tar.gz'],
    ['ab', 'cd', `${REST}\n`, 'foo-1.0.tar.gz'],
    ['ab', 'cd', REST, '../../etc/passwd'],
    ['ab', 'cd', REST, '..'],
    ['ab', 'cd', REST, 'foo-1.0.tar.gz\0'],
    ['ab', 'cd', REST, 'a b'],
    ['ab', 'cd', REST, 'foo?x'],
    ['ab', 'cd', REST, 'foo#x'],
    ['ab', 'cd', REST, 'foo%2f'],
    ['ab', 'cd', REST, 'é'],
    ['ab', 'cd', REST, ''],
    ['ab', 'cd', REST, 'a'.repeat(256)],
  ] as const)
    t.equal(parseFilePath(a, b, rest, name), undefined, JSON.stringify([a, b, rest.length, name.slice(0, 20)]))
})

t.test('PyPI’s path stays, another becomes the sha256', async t => {
  const pathOf = (url: string, name: string) => filePathOf(url as UpstreamUrl, SHA256, name)
  const own = `/packages/ab/cd/${REST}/foo-1.0.tar.gz`
  const split = `/packages/${SHA256.slice(0, 2)}/${SHA256.slice(2, 4)}/${SHA256.slice(4)}`
  t.equal(pathOf(`https://files.example${own}`, 'foo-1.0.tar.gz'), own)
  t.equal(pathOf(`https://files.example/team/x${own}?token=1`, 'foo-1.0.tar.gz'), own)
  t.equal(
    pathOf(`https://files.example/packages/ab/cd/${REST}/foo-1.0%2Bx.tar.gz`, 'foo-1.0+x.tar.gz'),
    `/packages/ab/cd/${REST}/foo-1.0+x.tar.gz`,
  )
  t.equal(pathOf(`https://files.example${own}`, 'bar-1.0.tar.gz'), `${split}/bar-1.0.tar.gz`)
  t.equal(pathOf('https://files.example/root/pypi/+f/foo-1.0.tar.gz', 'foo-1.0.tar.gz'), `${split}/foo-1.0.tar.gz`)
  t.match(
    filePathOf('https://files.example/foo-1.0.zip' as UpstreamUrl, undefined, 'foo-1.0.zip'),
    /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/foo-1\.0\.zip$/,
  )
})
