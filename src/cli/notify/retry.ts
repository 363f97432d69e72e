import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

const MORE = `
Exit codes:
  0  they wait again
  1  with --all: there was none
  2  usage or configuration: no dead notice has this id
  3  the data folder could not be written to

${ENVIRONMENT}

Examples:
  portcullis notify retry msg_2f1c3b0c9a4e4d5f8a7b6c5d4e3f2a1b
  portcullis notify retry --all`

export function addNotifyRetry(notify: Command, services: Services, conclude: Conclude): void {
  notify
    .command('retry')
    .summary('try again what was given up')
    .description(
      'Has dead notices wait again, under the id and with the body that they had; a gate that runs sends them within seconds. A receiver that had said that it is gone (410) is told again.',
    )
    .argument('[id...]', 'as notify list --dead has them')
    .option('--all', 'all of them')
    .addHelpText('after', MORE)
    .action(async (ids: readonly string[], _options, command: Command) => {
      const { config: path, all } = command.optsWithGlobals<{ config?: string; all?: true }>()
      if ((all === true) === ids.length > 0) throw new GateError('usage', 'name ids of dead notices, or --all')
      const { config } = await services.loadConfig({ config: path })
      await assertDatabase(config, services)
      const retried = await services.keepNotices(config, keeper =>
        keeper.retry(all === true ? 'all' : ids, services.clock()),
      )
      const strange = ids.find(id => !retried.includes(id))
      if (strange !== undefined)
        throw new GateError(
          'usage',
          `no dead notice has the id ${JSON.stringify(strange)}; portcullis notify list --dead has all of them`,
        )
      const screen = createScreen(services.output)
      if (retried.length === 0) {
        screen.line('no notice was given up')
        conclude(1)
      } else
        screen.line(styled('good', '✓'), ` ${retried.length} ${retried.length === 1 ? 'notice waits' : 'notices wait'}`)
    })
}
