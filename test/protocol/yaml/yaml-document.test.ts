import t from 'tap'
import { readYaml, readYamlDocuments } from '../../../src/protocol/yaml/yaml-document.ts'
import { assertRefusedAtPlace, type WrongPolicy } from '../good-policy.ts'

const WRONG: readonly WrongPolicy[] = [
  ['an anchor', 2, 'mode: &a enforce', '2:10', 'anchors are not allowed'],
  ['an alias', 2, 'mode: *a', '2:7', 'aliases are not allowed'],
  ['a tag', 2, 'mode: !!str enforce', '2:13', 'tags are not allowed'],
  ['a merge key', 10, '  - { <<: {}, match: pkg, publishers: [acme, lab] }', '10:7', 'the key "<<" is not allowed'],
  ['a duplicate key', 2, 'version: 1', '2:1', 'this key stands here twice'],
  ['a key that is a number', 2, '3: enforce', '2:1', 'a key must be text'],
  [
    'a key that reaches prototypes',
    4,
    '  __proto__: { kind: google, email: a@b.c }',
    '4:3',
    'the key "__proto__" is not allowed',
  ],
  ['an unclosed bracket', 10, '  - { match: pkg, publishers: [acme, lab }', '10:42', 'not YAML'],
]

t.test('YAML with more than a policy needs is refused at its place', async t => {
  assertRefusedAtPlace(t, WRONG)
})

function told(text: string): readonly string[] {
  const read = readYamlDocuments({ path: 'p', text })
  if ('diagnostics' in read) return read.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`)
  return read.map(document => {
    const { line, column } = document.at(['b'], '')
    return `${JSON.stringify(document.value)} at ${line}:${column}`
  })
}

t.test('each key that stands twice is told at its place, and no other', async t => {
  const twice = (line: number, column: number) => `${line}:${column} this key stands here twice`
  t.strictSame(told('a: 1\nb: 2\na: 3\n"a": 4\n'), [twice(3, 1), twice(4, 1)])
  t.strictSame(told('a: { x: 1, y: 2, x: 3 }\nb:\n  - x: 1\n    x: 2\n  - x: 1\n'), [twice(1, 18), twice(4, 5)])
  t.strictSame(told('a:\n  ? x\n  : 1\n  ? x\n  : 2\n'), [twice(4, 5)])
  t.strictSame(told('a: { b: 1 }\nb: { a: 1, b: 2 }\n'), ['{"a":{"b":1},"b":{"a":1,"b":2}} at 2:4'])
})

t.test('many keys take no more time each than few', async t => {
  const keys = (count: number) => Array.from({ length: count }, (_, at) => `a${at}: 1\n`).join('')
  const took = (count: number) => {
    const { user } = process.cpuUsage()
    readYaml({ path: 'p', text: keys(count) })
    return process.cpuUsage().user - user
  }
  took(2_000)
  const [few, many] = [took(4_000), took(64_000)]
  t.ok(many < 100 * few, `${Math.round(few / 1_000)} ms of 4,000, ${Math.round(many / 1_000)} ms of 64,000`)
})

t.test('what must be one document is refused where the second begins', async t => {
  t.match(readYaml({ path: 'p', text: 'a: 1\n---\nb: 2\n' }), {
    diagnostics: [{ line: 2, column: 1, message: 'the file must hold one YAML document' }],
  })
})

t.test('a file of several documents is read in their order, and each value keeps its place in the file', async t => {
  t.strictSame(told('a: 1\n---\nb: 2\n'), ['{"a":1} at 1:1', '{"b":2} at 3:4'])
  t.strictSame(told('---\na: 1\n---\n# words\nb: 2'), ['{"a":1} at 2:1', '{"b":2} at 5:4'])
})

t.test('a document that says nothing is none, and a file of nothing is one', async t => {
  t.strictSame(told('a: 1\n---\n---\nb: 2\n---\n'), ['{"a":1} at 1:1', '{"b":2} at 4:4'])
  for (const text of ['', '# words', '---\n', '---\n---\n']) t.match(told(text), [/^null at /], JSON.stringify(text))
})

t.test('what a policy may not hold is refused in every document, at its place', async t => {
  t.strictSame(told('a: 1\n---\nb: &x 2\n'), ['3:7 anchors are not allowed: &x'])
  t.strictSame(told('a: 1\n---\nb: 2\nb: 3\n'), ['4:1 this key stands here twice'])
  for (const directive of ['%YAML 1.2', '%TAG ! tag:x,2000:', '%WHAT ever'])
    t.match(told(`a: 1\n...\n${directive}\n---\nb: 2\n`).join(), /directives are not allowed/, directive)
  t.match(told(`a: 1\n---\nb: ${'['.repeat(100_000)}`), [/./], 'nested without end')
})
