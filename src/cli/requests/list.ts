import { type Command, Option } from 'commander'
import { askerOf } from '../../domain/requests/request.ts'
import type { RequestState } from '../../ports/console/requests.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, everyItem, gateToAsk } from '../command/asked-gate.ts'
import { formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen } from '../terminal/screen.ts'
import { renderTable } from '../terminal/table.ts'
import { moreHelp, type RequestOptions, stateOf } from './told.ts'
import { readRequest } from './told-request.ts'

interface ListOptions extends RequestOptions {
  readonly state?: RequestState
  readonly project?: string
  readonly index?: string
}

export function addRequestsList(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('list')
    .summary('list requests, the newest first')
    .description('Lists requests, the newest first: those of the token alone where it may do no more than ask.')
    .addOption(
      new Option('--state <state>', 'those in this state alone').choices(['open', 'approved', 'declined', 'withdrawn']),
    )
    .option('--project <name>', 'those about this project alone')
    .option('--index <name>', 'those of this index alone')
    .addOption(formatOption('json prints one object a line and a request'))
    .addHelpText('after', moreHelp('portcullis requests list --gate https://console.acme.example --state open'))
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>()
      const { state, project, index, format } = options
      const items = await askGate(gateToAsk(options, services), services, gate =>
        everyItem(async cursor => await gate.ask('listRequests', { state, project, index, limit: '500', cursor })),
      )
      if (format === 'json') {
        for (const item of items) services.output.out(jsonLine(item))
        return
      }
      const screen = createScreen(services.output)
      if (items.length === 0) {
        screen.line('nobody asked for anything that fits')
        return
      }
      renderTable(
        screen,
        ['at', 'request', 'index', 'file', 'code', 'by', 'state'],
        items.map(item => {
          const request = readRequest(item)
          const { id, filename, code, by } = request
          return [item.at.slice(0, 10), id, item.index, filename, code, askerOf(by), stateOf(request)]
        }),
      )
    })
}
