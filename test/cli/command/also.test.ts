import { Command } from 'commander'
import t from 'tap'
import { alsoOption } from '../../../src/cli/command/also.ts'

function parsed(...argv: readonly string[]): unknown {
  const command = new Command()
    .exitOverride()
    .configureOutput({ writeErr() {} })
    .addOption(alsoOption(['text', 'sarif']))
  command.parse(argv, { from: 'user' })
  return command.opts()['also']
}

t.test('each is a format and a file, and the file may have any name', async t => {
  t.strictSame(parsed('--also', 'sarif=a.sarif', '--also=text=b=c'), [
    { format: 'sarif', path: 'a.sarif' },
    { format: 'text', path: 'b=c' },
  ])
})

t.test('another format, no file and no format are told', async t => {
  for (const wrong of ['yaml=a', 'sarif=', 'sarif', '=a', ''])
    t.throws(() => parsed('--also', wrong), { message: /is no FORMAT=FILE with one of text, sarif/ }, wrong)
})
