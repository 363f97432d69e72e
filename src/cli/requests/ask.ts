import type { Command } from 'commander'
import { formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { askForRequest, moreHelp, type RequestOptions } from './told.ts'

interface AskOptions extends RequestOptions {
  readonly reason: string
  readonly email?: string
}

export function addRequestsAsk(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('ask')
    .summary('ask that a refusal be looked at')
    .description(
      'Asks that a refused file be let through. The same refusal twice is one request while it is open or its approval holds.',
    )
    .argument('<refusal>', 'its id, or the address that the refusal names (https://…/x/ID)')
    .requiredOption('--reason <text>', 'why it is needed')
    .option('--email <address>', 'where whoever asks can be reached')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText('after', moreHelp('portcullis requests ask 3k9q0c7m2a1b --reason "the build needs it"'))
    .action(async (refusal: string, _options, command: Command) => {
      const options = command.optsWithGlobals<AskOptions>()
      const { reason, email } = options
      const body = { refusal: refusalIn(refusal), reason, ...(email === undefined ? {} : { email }) }
      await askForRequest(options, services, async gate => await gate.tell('createRequest', {}, body))
    })
}

/** pip prints a URL, `/x/<id>`, with the code behind it where a client shows nothing else. */
function refusalIn(text: string): string {
  return /\/x\/([0-9a-z]{1,64})(?:\/[a-z-]*)?$/.exec(text)?.[1] ?? text
}
