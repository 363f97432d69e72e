import type { Command } from 'commander'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

const MORE = `
Exit codes:
  0  withdrawn
  2  usage or configuration: there is no such approval
  3  the data folder could not be written to

${ENVIRONMENT}

Examples:
  portcullis policy approvals withdraw 7k2m9q4x1r0c --reason "fixed in 2.1"`

interface WithdrawOptions {
  readonly config?: string
  readonly reason: string
}

export function addApprovalsWithdraw(approvals: Command, services: Services, _conclude: Conclude): void {
  approvals
    .command('withdraw')
    .summary('end an approval now')
    .description(
      'Ends an approval for good. Every gate goes by that within two seconds; whoever asked sees it on the page of the request, with the reason. It stands in the audit log.',
    )
    .argument('<request>', 'as policy approvals list has it')
    .requiredOption('--reason <text>', 'why, for whoever asked and for the audit log')
    .addHelpText('after', MORE)
    .action(async (request: string, _options, command: Command) => {
      const { config: path, reason } = command.optsWithGlobals<WithdrawOptions>()
      const { config } = await services.loadConfig({ config: path })
      const { filename, index } = await services.withdrawApproval(config, { request, reason })
      createScreen(services.output).line(styled('good', '✓'), ` ${filename} is approved no longer at ${index}`)
    })
}
