import type { Command } from 'commander'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

const MORE = `
Exit codes:
  0  withdrawn
  2  usage or configuration: there is no such approval
  3  the data folder could not be written to
  4  the gate that --gate names could not be asked

${ENVIRONMENT}

Examples:
  portcullis policy approvals withdraw 7k2m9q4x1r0c --reason "fixed in 2.1"`

interface WithdrawOptions extends GateOptions {
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
      const options = command.optsWithGlobals<WithdrawOptions>()
      const { filename, index } = await withdraw(request, options, services)
      createScreen(services.output).line(styled('good', '✓'), ` ${filename} is approved no longer at ${index}`)
    })
}

async function withdraw(
  request: string,
  options: WithdrawOptions,
  services: Services,
): Promise<{ readonly filename: string; readonly index: string }> {
  const { config: path, reason } = options
  const named = gateNamed(options, services)
  if (named !== undefined)
    return await askGate(
      named,
      services,
      async gate => await gate.tell('withdrawRequest', { id: request }, { words: reason }),
    )
  const { config } = await services.loadConfig({ config: path })
  await assertDatabase(config, services)
  return await services.withdrawApproval(config, { request, reason })
}
