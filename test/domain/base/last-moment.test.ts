import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { lastDay, lastMoment } from '../../../src/domain/base/last-moment.ts'

t.test('an end is said by its last day where it ends with one', t => {
  const [midnight, morning] = [instant(Date.UTC(2027, 1, 28)), instant(Date.UTC(2027, 1, 28, 9, 30))]
  t.equal(lastMoment(midnight), 'the end of 2027-02-27 (UTC)')
  t.equal(lastDay(midnight), '2027-02-27')
  t.equal(lastMoment(morning), '2027-02-28 09:30 UTC')
  t.equal(lastDay(morning), undefined)
  t.end()
})
