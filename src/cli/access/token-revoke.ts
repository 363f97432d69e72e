import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

const MORE = `
Exit codes:
  0  revoked
  2  usage or configuration: no token in force has this name
  3  the data folder could not be written to

${ENVIRONMENT}

Examples:
  portcullis token revoke ci`

export function addTokenRevoke(token: Command, services: Services, _conclude: Conclude): void {
  token
    .command('revoke')
    .summary('end a token')
    .description(
      'Ends a token for good. A gate that runs answers it with 401 within a second, also where whoever brings none is served. Downloads that are under way go on.',
    )
    .argument('<name>', 'as token list has it')
    .option('--reason <text>', 'why, for whoever reads the audit log later')
    .addHelpText('after', MORE)
    .action(async (name: string, _options, command: Command) => {
      const { config: path, reason } = command.optsWithGlobals<{ config?: string; reason?: string }>()
      const { config } = await services.loadConfig({ config: path })
      await assertDatabase(config, services)
      const found = await services.keepTokens(config, tokens => tokens.revoke(name, services.clock(), reason))
      if (!found)
        throw new GateError(
          'usage',
          `no token in force is called ${JSON.stringify(name)}; portcullis token list has all of them`,
        )
      createScreen(services.output).line(styled('good', '✓'), ` token ${name} is revoked`)
    })
}
