import t from 'tap'
import { csvLine } from '../../../src/protocol/text/csv-line.ts'

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
