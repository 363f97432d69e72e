import t from 'tap'
import { parseEnd, parseTime } from '../../../src/protocol/clauses/time.ts'

t.test('a date ends with its day, a time at itself', async t => {
  t.equal(parseEnd('2027-03-31'), Date.parse('2027-04-01T00:00:00Z'))
  t.equal(parseEnd('2028-02-29'), Date.parse('2028-03-01T00:00:00Z'))
  t.equal(parseEnd('2027-03-31T10:00:00+02:00'), Date.parse('2027-03-31T08:00:00Z'))
})

t.test('a day that does not exist is no time, nor is one without an offset', async t => {
  for (const text of ['2027-02-30', '2027-02-29', '2027-13-01', 'soon', '']) t.equal(parseEnd(text), undefined, text)
  for (const text of ['2027-02-30T00:00:00Z', '2027-03-31T10:00:00', '2027-03-31'])
    t.equal(parseTime(text), undefined, text)
})
