import fc from 'fast-check'
import t from 'tap'
import { csvLine } from '../../../src/protocol/text/csv-line.ts'

t.test('a cell with a comma, a quote or the end of a line is quoted', async t => {
  t.equal(csvLine(['a', 'b,c', 'say "no"', 'two\nlines', undefined, 7]), 'a,"b,c","say ""no""","two\nlines",,7\r\n')
})

t.test('what a spreadsheet would calculate is a text', async t => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])
    t.match(csvLine([text]), /^"?'/, JSON.stringify(text))
  t.equal(csvLine([-1]), '-1\r\n', 'a number is none')
})

t.test('a record is what RFC 4180 has', async t => {
  t.equal(csvLine(['a', 1, '', null, undefined]), 'a,1,,,\r\n')
  t.equal(csvLine(['a,b', 'say "x"', 'two\nlines']), '"a,b","say ""x""","two\nlines"\r\n')
})

for (const sign of ['=', '+', '-', '@', '\t', '\r'])
  t.test(`a cell that begins with ${JSON.stringify(sign)} is calculated by no spreadsheet`, async t => {
    const [cell] = csvLine([`${sign}cmd|' /C calc'!A0`]).split('\r\n')
    t.match(cell, /^"?'/)
  })

t.test('a number is no formula', async t => t.equal(csvLine([-1]), '-1\r\n'))

t.test('every line reads back', async t => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '=', ' ') }), { minLength: 1 }),
      cells => {
        const read = readLine(csvLine(cells))
        return cells.every((cell, place) => read[place] === (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell))
      },
    ),
  )
  t.pass('by a reader of RFC 4180')
})

/** Outside of quotes a comma ends a cell; inside, two quotes are one. */
function readLine(line: string): readonly string[] {
  const cells = ['']
  let quoted = false
  for (let at = 0; at < line.length - 2; at += 1) {
    const [character = '', following] = [line[at], line[at + 1]]
    const place = cells.length - 1
    if (character === '"' && quoted && following === '"') {
      cells[place] += '"'
      at += 1
    } else if (character === '"') quoted = !quoted
    else if (character === ',' && !quoted) cells.push('')
    else cells[place] += character
  }
  return cells
}
