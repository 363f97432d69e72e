import { Readable, type Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { rootListToHtml, rootListToJson } from '../../../src/protocol/simple/root-list.ts'

const LIST =
  '{"meta":{"_last-serial":9,"api-version":"1.4","tracks":"x"},"projects":[{"_last-serial":7,"name":"Demo"},{"name":"zöe"},{"evil":1,"name":"b.c"}]}'

/** The list as it comes in pieces of so many bytes. */
function rebuilt(form: Transform, list = LIST, size = 5): Promise<string> {
  const bytes = Buffer.from(list)
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  )
  return text(Readable.from(pieces).compose(form))
}

t.test('names and serials come through, and nothing else, however the list is cut', async t => {
  const expected =
    '{"meta":{"_last-serial":9,"api-version":"1.4"},"projects":[{"_last-serial":7,"name":"Demo"},{"name":"b.c"}]}\n'
  for (const size of [1, 3, 7, 10_000])
    t.equal(await rebuilt(rootListToJson('9'), LIST, size), expected, `${size} bytes`)
})

t.test('a serial that is no number is none', async t =>
  t.match(await rebuilt(rootListToJson('9\r\nX: y')), /^\{"meta":\{"api-version":"1\.4"\},/),
)

t.test('as HTML each project is a link to its normal name', async t => {
  const html = await rebuilt(rootListToHtml())
  t.match(html, '<a href="demo/">Demo</a>')
  t.match(html, '<a href="b-c/">b.c</a>')
  t.notMatch(html, 'zöe', 'no project has such a name')
  t.match(html, /<\/html>\n$/)
})

t.test('a list that ends early, or a member that never ends, is never a whole list', async t => {
  await t.rejects(rebuilt(rootListToJson(undefined), LIST.slice(0, -1)), { message: /ends early/ })
  await t.rejects(rebuilt(rootListToJson(undefined), `{"projects":[{"name":"${'a'.repeat(70_000)}`, 1_000), {
    message: /never ends/,
  })
})
