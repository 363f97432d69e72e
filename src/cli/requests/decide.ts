import { type Command, InvalidArgumentError } from 'commander'
import { parseSha256 } from '../../domain/base/digest.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import type { RemoteGate } from '../../ports/console/remote-gate.ts'
import type { Told } from '../../protocol/api/operation.ts'
import type { OPERATIONS } from '../../protocol/api/operations.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, gateToAsk } from '../command/asked-gate.ts'
import { ENDS, type End, parseEnd } from '../command/end.ts'
import { formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, type Screen } from '../terminal/screen.ts'
import { askForRequest, moreHelp, type RequestOptions } from './told.ts'

interface ApproveOptions extends RequestOptions {
  readonly ends: End
  readonly release?: true
  readonly ticket?: string
  readonly words?: string
  readonly seen?: string
  readonly dryRun?: true
}

interface WordsOptions extends RequestOptions {
  readonly words: string
}

export function addRequestsApprove(requests: Command, services: Services, _conclude: Conclude): void {
  requests
    .command('approve')
    .summary('let the file through until a time')
    .description(
      'Lets the file of a request through until the approval ends, on every gate within two seconds. What it lets through is shown on stderr, as a policy, and nothing else is approved: where a file came to the release since, or is refused for something else, the gate says so. Nobody approves what he asked for himself; no hard refusal is waived, and limits.exemption_max bounds it.',
    )
    .argument('<request>', 'as requests list has it')
    .requiredOption('--ends <time>', `when it ends: ${ENDS}`, parseEnd)
    .option('--release', 'every file of the release that is listed now, each pinned by its sha256')
    .option('--dry-run', 'show what it would let through, and the digest for --seen; decide nothing')
    .option('--seen <sha256>', 'approve what --dry-run showed with this digest, and nothing else', parseSeen)
    .option('--ticket <text>', 'where it is written down elsewhere')
    .option('--words <text>', 'for whoever asked')
    .addOption(formatOption('json prints the request as one object'))
    .addHelpText(
      'after',
      moreHelp(`portcullis requests approve 7k2m9q4x1r0c --ends 2026-12-24 --ticket SEC-7
  portcullis requests approve 7k2m9q4x1r0c --ends 2026-12-24 --release --dry-run`),
    )
    .action(async (id: string, _options, command: Command) => {
      const options = command.optsWithGlobals<ApproveOptions>()
      const { release, ticket, words, dryRun } = options
      const order = {
        ends: formatInstant(options.ends(services.clock())),
        extent: release === true ? ('release' as const) : ('file' as const),
      }
      if (dryRun === true) {
        tellPreview(await askGate(gateToAsk(options, services), services, preview), options.format, services)
        return
      }
      await askForRequest(options, services, async gate => {
        const seen = options.seen ?? (await shown(gate))
        const said = { ...(ticket === undefined ? {} : { ticket }), ...(words === undefined ? {} : { words }) }
        return await gate.tell('approveRequest', { id }, { ...order, ...said, seen })
      })

      async function preview(gate: RemoteGate): Promise<ToldPreview> {
        return await gate.ask('previewApproval', { id, ...order })
      }

      async function shown(gate: RemoteGate): Promise<string> {
        const { yaml, seen } = await preview(gate)
        tellYaml(yaml, createScreen(services.output, 'err'))
        return seen
      }
    })
}

type ToldPreview = Told<(typeof OPERATIONS)['previewApproval']>

function tellPreview(told: ToldPreview, format: 'text' | 'json', { output }: Services): void {
  if (format === 'json') {
    output.out(jsonLine(told))
    return
  }
  const screen = createScreen(output)
  tellYaml(told.yaml, screen)
  screen.line(`# --seen ${told.seen}`)
}

function tellYaml(yaml: string, screen: Screen): void {
  for (const line of yaml.trimEnd().split('\n')) screen.line(line)
}

function parseSeen(text: string): string {
  if (parseSha256(text) === undefined) throw new InvalidArgumentError('Not a sha256 in hexadecimal digits.')
  return text
}

export function addRequestsDecline(requests: Command, services: Services, _conclude: Conclude): void {
  addWithWords(requests.command('decline'), services, 'declineRequest')
    .summary('say no, and why')
    .description('Declines a request. Whoever asked sees the words on the page of the request, and may ask again.')
    .addHelpText('after', moreHelp('portcullis requests decline 7k2m9q4x1r0c --words "take 2.1, it is attested"'))
}

export function addRequestsWithdraw(requests: Command, services: Services, _conclude: Conclude): void {
  addWithWords(requests.command('withdraw'), services, 'withdrawRequest')
    .summary('take an approval back, at once and everywhere')
    .description(
      'Takes the approval of a request back: it holds no longer, on any gate within two seconds. Beside the gate itself, policy approvals withdraw does the same without a token.',
    )
    .addHelpText('after', moreHelp('portcullis requests withdraw 7k2m9q4x1r0c --words "fixed in 2.1"'))
}

/** A decision that says nothing but why. */
function addWithWords(command: Command, services: Services, decide: 'declineRequest' | 'withdrawRequest'): Command {
  return command
    .argument('<request>', 'as requests list has it')
    .requiredOption('--words <text>', 'why, for whoever asked')
    .addOption(formatOption('json prints the request as one object'))
    .action(async (id: string, _options, called: Command) => {
      const options = called.optsWithGlobals<WordsOptions>()
      const { words } = options
      await askForRequest(options, services, async gate => await gate.tell(decide, { id }, { words }))
    })
}
