import { type Command, InvalidArgumentError } from 'commander'
import { indexNamed, oneOfSeveral } from '../../config/sources.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { recordsOfIndex } from '../../gate/records/one-look.ts'
import { replay } from '../../gate/records/replay.ts'
import type { Records } from '../../ports/records.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askRecords, tellDropped } from '../command/gate-records.ts'
import { requireGivenPolicy } from '../command/given-policy.ts'
import { collect, ENVIRONMENT, formatOption, TIMES, timeIn, writtenOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { parseSince, type Since, sinceAt } from '../command/since.ts'
import { namePolicy } from '../command/told-policy.ts'
import { renderReplay, replayJson } from '../report/replay.ts'
import { createScreen } from '../terminal/screen.ts'

interface ReplayOptions {
  readonly config?: string
  readonly policy: readonly string[]
  readonly since: Since
  readonly at?: 'now' | Instant
  readonly index?: string
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Decides the requests that the gate has recorded again under another policy, and lists those whose outcome changes: what would have broken, and what would have passed. Each is decided with the evidence on record, with what was remembered of the project then, and at the time of the request; --at now asks what the same requests would get today.

Nothing is asked of any network. Where the other policy asks for provenance that is not on record, mostly because the file was refused without a look at it, the outcome cannot be determined: it is listed apart.`

const MORE = `
Exit codes:
  0  no outcome changes
  1  an outcome changes
  2  usage, configuration or policy; there is no database of a gate

Output of --format json, one object:
  {requests, changed: [{project, filename, sha256, from: {outcome, code},
     to: {outcome, code, detail}, requests, clients, first, last}],
   watched: [the same], untold: [the same without to]}
watched: of a policy in mode: audit, what would pass only because it watches.

${ENVIRONMENT}

Examples:
  portcullis policy replay --since 30d --policy acme.yaml
  portcullis policy replay --since 2026-11-01 --policy acme.yaml --at now`

export function addPolicyReplay(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('replay')
    .description(DESCRIPTION)
    .requiredOption('--policy <file>', 'the other policy; may be given several times', collect)
    .addOption(
      writtenOption('--since <30d | date>', 'from when on: a length of time, a date or a time', {
        parse: parseSince,
        otherwise: '30d',
      }),
    )
    .option('--at <now | time>', 'decide as of this moment instead of that of each request', parseAt)
    .option('--index <name>', 'what was asked of this index, with what is approved there; default: the first')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      conclude(await replayUnder(command.optsWithGlobals<ReplayOptions>(), services))
    })
}

async function replayUnder(options: ReplayOptions, services: Services): Promise<ExitCode> {
  const { config, policy: files, since, at, index, format } = options
  const { config: gate } = await services.loadConfig({ config })
  const name = indexNamed(gate, index).name
  const { policy: compiled } = await requireGivenPolicy(files, services, { gate, index: name })
  if (format === 'text') namePolicy(compiled, services)
  const decideAgain = async (records: Records): Promise<ExitCode> => {
    const now = services.clock()
    const from = sinceAt(since, now)
    await tellDropped(records, from, services)
    const own = recordsOfIndex(records, oneOfSeveral(gate, name))
    const replayed = await replay(own, compiled, { since: from, at: at === 'now' ? now : at })
    if (format === 'json') services.output.out(jsonLine(replayJson(replayed)))
    else renderReplay(createScreen(services.output), replayed)
    return replayed.changed.length === 0 ? 0 : 1
  }
  return await askRecords(gate, services, decideAgain, name)
}

function parseAt(text: string): 'now' | Instant {
  const at = text === 'now' ? 'now' : timeIn(text)
  if (at === undefined) throw new InvalidArgumentError(`Neither now nor ${TIMES}.`)
  return at
}
