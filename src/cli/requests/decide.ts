import type { Command } from 'commander'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import { formatOption, parseTimeOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { askForRequest, moreHelp, type RequestOptions } from './told.ts'

interface ApproveOptions extends RequestOptions {
  readonly ends: Instant
  readonly release?: true
  readonly ticket?: string
  readonly words?: string
}

interface DeclineOptions extends RequestOptions {
  readonly words: string
}

export function addRequestsApprove(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('approve')
    .summary('let the file through until a time')
    .description(
      'Lets the file of a request through until the approval ends, on every gate within two seconds. Nobody approves what he asked for himself; no hard refusal is waived, and limits.exemption_max bounds it.',
    )
    .argument('<request>', 'as requests list has it')
    .requiredOption('--ends <time>', 'when it ends: 2026-11-24 or 2026-11-24T12:00:00Z', parseTimeOption)
    .option('--release', 'every file of the release that is listed now, each pinned by its sha256')
    .option('--ticket <text>', 'where it is written down elsewhere')
    .option('--words <text>', 'for whoever asked')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText('after', moreHelp('portcullis requests approve 7k2m9q4x1r0c --ends 2026-12-24 --ticket SEC-7'))
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<ApproveOptions>()
      const { ends, release, ticket, words } = options
      const body = {
        ends: formatInstant(ends),
        extent: release === true ? ('release' as const) : ('file' as const),
        ...(ticket === undefined ? {} : { ticket }),
        ...(words === undefined ? {} : { words }),
      }
      await askForRequest(options, services, async gate => await gate.tell('approveRequest', { id }, body))
    })
}

export function addRequestsDecline(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('decline')
    .summary('say no, and why')
    .description('Declines a request. Whoever asked sees the words on the page of the request, and may ask again.')
    .argument('<request>', 'as requests list has it')
    .requiredOption('--words <text>', 'why, for whoever asked')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText('after', moreHelp('portcullis requests decline 7k2m9q4x1r0c --words "take 2.1, it is attested"'))
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<DeclineOptions>()
      const { words } = options
      await askForRequest(options, services, async gate => await gate.tell('declineRequest', { id }, { words }))
    })
}
