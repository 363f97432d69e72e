import type { Command } from 'commander'
import { askGate, type GateOptions, gateToAsk } from '../command/asked-gate.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { REQUEST_EXITS, REQUEST_JSON, tellRequest } from './told.ts'

interface ShowOptions extends GateOptions {
  readonly format: 'text' | 'json'
}

const MORE = `
${REQUEST_EXITS}

${REQUEST_JSON}

${ENVIRONMENT}

Examples:
  portcullis requests show 7k2m9q4x1r0c --gate https://console.acme.example`

export function addRequestsShow(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('show')
    .summary('show a request, and what became of it')
    .description('Shows who asked for what and why, and what was decided.')
    .argument('<request>', 'as requests list has it')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText('after', MORE)
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<ShowOptions>()
      const named = gateToAsk(options, services)
      tellRequest(
        await askGate(named, services, async gate => await gate.ask('getRequest', { id })),
        options.format,
        services,
      )
    })
}
