import type { Command } from 'commander'
import { askGate, type GateOptions, gateToAsk } from '../command/asked-gate.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { REQUEST_EXITS, REQUEST_JSON, tellRequest } from './told.ts'

interface AskOptions extends GateOptions {
  readonly format: 'text' | 'json'
  readonly reason: string
  readonly email?: string
}

const MORE = `
${REQUEST_EXITS}

${REQUEST_JSON}

${ENVIRONMENT}

Examples:
  portcullis requests ask 3k9q0c7m2a1b --reason "the build needs it"`

export function addRequestsAsk(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('ask')
    .summary('ask that a refusal be looked at')
    .description(
      'Asks that a refused file be let through. The same refusal twice is one request while it is open or its approval holds.',
    )
    .argument('<refusal>', 'its id: the last part of the address that the refusal names (/x/ID)')
    .requiredOption('--reason <text>', 'why it is needed')
    .option('--email <address>', 'where whoever asks can be reached')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText('after', MORE)
    .action(async (refusal: string, _options, command: Command) => {
      const options = command.optsWithGlobals<AskOptions>()
      const { reason, email, format } = options
      const told = await askGate(
        gateToAsk(options, services),
        services,
        async gate =>
          await gate.tell('createRequest', {}, { refusal, reason, ...(email === undefined ? {} : { email }) }),
      )
      tellRequest(told, format, services)
    })
}
