import t from 'tap'
import { parseLength, parseSince, sinceAt } from '../../../src/cli/command/since.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { runCommand } from '../../world/commands/commands.ts'

const NOW = instant(Date.parse('2026-11-24T12:00:00Z'))

t.test('each option of a time says which forms it takes', async t => {
  const folder = t.testdir()
  for (const [words, said] of [
    [['exemptions', 'expiring', '--within', '100'], 'Not a length of time such as 14d, 36h or 90m.'],
    [['exemptions', 'expiring', '--within', '2027-12-31'], 'Not a length of time such as 14d, 36h or 90m.'],
    [
      ['policy', 'replay', '--since', '100'],
      'Neither a length of time such as 14d, 36h or 90m, nor a date (2026-11-24)',
    ],
    [['policy', 'replay', '--at', 'soon'], 'Neither now nor a date (2026-11-24)'],
  ] as const)
    t.match((await runCommand([...words], { folder })).err.replace(/\s+/g, ' '), said, words.join(' '))
})

t.test('a length of time counts back from now, a moment is itself', async t => {
  const at = (text: string) => new Date(sinceAt(parseSince(text), NOW)).toISOString()
  t.equal(at('2d'), '2026-11-22T12:00:00.000Z')
  t.equal(at('3h'), '2026-11-24T09:00:00.000Z')
  t.equal(at('90m'), '2026-11-24T10:30:00.000Z')
  t.equal(at('2026-11-01'), '2026-11-01T00:00:00.000Z')
})

t.test('what is neither is said to be none', async t => {
  for (const text of ['2w', 'd', '-1d', '1.5h', '100000d', 'yesterday', ''])
    t.throws(() => parseSince(text), { code: 'commander.invalidArgument' }, text)
  t.throws(() => parseSince('100'), {
    message:
      'Neither a length of time such as 14d, 36h or 90m, nor a date (2026-11-24) or a time with its offset (2026-11-24T12:00:00Z).',
  })
  t.equal(parseLength('14d'), 14 * 86_400_000)
  for (const text of ['100', '2026-11-01', '2w', ''])
    t.throws(() => parseLength(text), { message: 'Not a length of time such as 14d, 36h or 90m.' }, text)
})
