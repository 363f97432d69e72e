import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addRequestsAsk } from './ask.ts'
import { addRequestsApprove, addRequestsDecline, addRequestsWithdraw } from './decide.ts'
import { addRequestsList } from './list.ts'
import { addRequestsShow } from './show.ts'

const MORE = `
A gate that runs is asked, with a token that says who it is:
  export PORTCULLIS_GATE=https://console.acme.example
  export PORTCULLIS_GATE_TOKEN=pcl_...      (or --gate-token FILE)
Scopes of the token: request for ask, list and show; approve for approve, decline and withdraw.`

export function addRequestsCommand(program: Command, services: Services, conclude: Conclude): void {
  const requests = program
    .command('requests')
    .description(
      'Ask a gate that a refused file be let through, see what became of it, and decide (docs/how-to/requests.md).',
    )
    .addHelpText('after', MORE)
  for (const add of [
    addRequestsList,
    addRequestsShow,
    addRequestsAsk,
    addRequestsApprove,
    addRequestsDecline,
    addRequestsWithdraw,
  ])
    add(requests, services, conclude)
}
