import type { Command } from 'commander'
import { formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { askForRequest, moreHelp, type RequestOptions } from './told.ts'

export function addRequestsShow(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('show')
    .summary('show a request, and what became of it')
    .description('Shows who asked for what and why, and what was decided.')
    .argument('<request>', 'as requests list has it')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText('after', moreHelp('portcullis requests show 7k2m9q4x1r0c --gate https://console.acme.example'))
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<RequestOptions>()
      await askForRequest(options, services, async gate => await gate.ask('getRequest', { id }))
    })
}
