import t from 'tap'
import { parseEnd } from '../../../src/cli/command/end.ts'
import { instant } from '../../../src/domain/base/instant.ts'

const NOW = instant(Date.parse('2026-11-29T12:00:00Z'))

t.test('an end is a length from now on, a day with all of it, or a time', async t => {
  const ends = (text: string) => new Date(parseEnd(text)(NOW)).toISOString()
  t.equal(ends('2d'), '2026-12-01T12:00:00.000Z')
  t.equal(ends('12h'), '2026-11-30T00:00:00.000Z')
  t.equal(ends('2026-12-24'), '2026-12-25T00:00:00.000Z', 'as expires of a policy')
  t.equal(ends('2026-12-24T10:00:00+02:00'), '2026-12-24T08:00:00.000Z')
  for (const text of ['0d', 'soon', '2026-02-30', '24.12.2026'])
    t.throws(() => parseEnd(text), { code: 'commander.invalidArgument' }, text)
})
