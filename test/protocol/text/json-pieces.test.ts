import fc from 'fast-check'
import t from 'tap'
import { JsonError } from '../../../src/protocol/text/json.ts'
import { JsonPieces, type PieceLimits } from '../../../src/protocol/text/json-pieces.ts'

const WIDE: PieceLimits = { depth: 64, members: 10_000, values: 100_000, element: 1_000_000 }

/** The document in chunks of so many bytes: what is left of it, and the elements that were taken out. */
function read(text: string, size: number, limits: PieceLimits = WIDE) {
  const taken: string[] = []
  const pieces = new JsonPieces(limits, { name: 'files', take: element => void taken.push(element) })
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) pieces.write(bytes.subarray(at, at + size))
  return { frame: Buffer.from(pieces.end()).toString(), taken }
}

/** The document put together again. */
function joined({ frame, taken }: ReturnType<typeof read>): unknown {
  const document = JSON.parse(frame)
  const elements = taken.map(element => JSON.parse(element))
  document.files = document.files.map((left: unknown) => (left === 0 ? elements.shift() : left))
  return document
}

t.test('frame and elements are the document, wherever it is cut', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '[', '{', ',', ':', 'é', '𝒳', '\n') })
  // V8 13.6 reads a name that is one escaped character as a backslash now and then
  const name = text.filter(name => !/^["\\\n]$/.test(name))
  const value = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer({ min: 1 }),
      fc.constantFrom(null, true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    ),
  })).value
  fc.assert(
    fc.property(
      fc.dictionary(
        name.filter(key => key !== '__proto__'),
        value,
        { maxKeys: 3 },
      ),
      fc.array(value, { maxLength: 5 }),
      fc.dictionary(name, value, { maxKeys: 3 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, 1),
      (before, files, after, size, indent) => {
        const document = { a: before, files, z: after, files2: files }
        return (
          JSON.stringify(joined(read(JSON.stringify(document, undefined, indent), size))) === JSON.stringify(document)
        )
      },
    ),
    { numRuns: 300 },
  )
})

t.test('the list is found however its name is escaped, and only where it stands in the document itself', async t => {
  t.equal(read('{"\\u0066iles":[{},{}]}', 3).taken.length, 2)
  t.equal(read('{"meta":{"files":[{},{}]},"x":"files","files":{"files":[{}]}}', 5).taken.length, 0)
  t.throws(() => read('{"files":[{}],"files":[]}', 5), JsonError, 'twice is once too often')
})

t.test('what is no JSON is none in its frame or in one of its elements', async t => {
  for (const text of [
    '{"files":[{}',
    '{"files":[{]}',
    '{"files":[{"a":1]}',
    '{"files":[{}{}]}',
    '{"files":[{},]}',
    '}',
    '{"files":["',
  ])
    t.throws(() => joined(read(text, 4)), text)
  const pieces = new JsonPieces(WIDE, { name: 'files', take() {} })
  t.throws(
    () => pieces.write(Buffer.from('{"files":[{"a":"\xff"}]}', 'latin1')),
    JsonError,
    'an element that is no UTF-8',
  )
})

t.test('a document is refused as soon as it holds more than it may', async t => {
  const limits: PieceLimits = { depth: 4, members: 10, values: 30, element: 100 }
  const refused = (text: string) => {
    const pieces = new JsonPieces(limits, { name: 'files', take() {} })
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += 1) {
      try {
        pieces.write(bytes.subarray(at, at + 1))
      } catch (error) {
        if (error instanceof JsonError) return { at, why: error.message }
        throw error
      }
    }
    return undefined
  }
  t.equal(refused(`{"files":[${'{},'.repeat(8)}{}]}`), undefined)
  t.match(refused(`{"files":[${'{},'.repeat(1_000)}{}]}`), { at: 39, why: /10 members/ })
  t.match(refused(`{"x":[${'{},'.repeat(1_000)}{}]}`), { why: /10 members/ }, 'in any list')
  t.match(refused(`{"x":${'['.repeat(1_000)}`), { at: 8, why: /deeper than 4/ })
  t.match(refused(`{"files":[{"a":"${'x'.repeat(1_000)}"}]}`), { at: 110, why: /100 bytes/ })
  t.match(refused(`{"x":["${'x'.repeat(1_000)}"]}`), { why: /100 bytes/ }, 'in any list')
  t.match(refused(`{"files":[${'[1,1,1],'.repeat(20)}`), { why: /30 values/ })
})

t.test('what stands beside an element is no part of it', t => {
  const lists = ['1{}', '-{}', '{}.5', '{}e5', '{}0', '{}{}', '{}[]', 'true{}', '{}"a"', '0{}', '{}1,2', '[]-1']
  for (const list of lists) {
    t.throws(() => JSON.parse(`[${list}]`), `[${list}] is no JSON`)
    for (const size of [1, 3, 100]) t.throws(() => joined(read(`{"files":[${list}]}`, size)), SyntaxError, list)
  }
  t.strictSame(joined(read('{"files":[ {} ,\n[] , 1.5]}', 2)), { files: [{}, [], 1.5] })
  t.end()
})
