import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import { verdictJson } from '../../gate/explain/verdict-json.ts'
import type { Fetched } from '../../gate/mirror/fetch.ts'
import { readMirrorPlan } from '../../protocol/carry/mirror-plan.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { namePolicy } from '../command/told-policy.ts'
import { labelOf, renderOthers, renderTally } from '../report/outcomes.ts'
import { formatBytes } from '../terminal/bytes.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'
import { readGiven } from '../terminal/read-given.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { collectCodes, withMirrorOptions } from './options.ts'

interface FetchOptions {
  readonly config?: string
  readonly data?: string
  readonly allowRefused?: readonly RefusalCode[]
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Fetches what a plan names, several files at once, and holds what the policy admits: each file goes through the same judge and the same door as any client's. Files, their METADATA and their provenance, byte for byte, stay in the data folder, and no cache limit takes them out again.

A run that was interrupted goes on where it was: files that are here are judged and not fetched again, larger ones that broke off go on in the middle. The data folder must not be in use by a gate.`

const MORE = `
Exit codes:
  0  everything of the plan is held
  1  a file is refused for a code that --allow-refused does not name, or the
     index does not list it as the plan has it
  2  usage, configuration or policy; or the data folder is in use
  3  internal error
  4  the upstream could not answer for a file: run it again
  5  the trust root cannot be used, or is too old

Output of --format json, one object a line and a file: as verify --format json.

${ENVIRONMENT}

Examples:
  portcullis mirror fetch plan.json
  portcullis mirror fetch plan.json --data /var/lib/mirror \\
    --allow-refused unattested`

export function addMirrorFetch(mirror: Command, services: Services, conclude: Conclude): void {
  withMirrorOptions(
    mirror
      .command('fetch')
      .description(DESCRIPTION)
      .argument('<plan>', 'a plan of mirror plan, or of mirror request')
      .option('--allow-refused <code...>', 'refusals that do not make the command fail', collectCodes)
      .addOption(formatOption('json prints one object a line and a file')),
  )
    .addHelpText('after', MORE)
    .action(async (path: string, _options, command: Command) => {
      conclude(await fetch(path, command.optsWithGlobals<FetchOptions>(), services))
    })
}

async function fetch(path: string, options: FetchOptions, services: Services): Promise<ExitCode> {
  const plan = readMirrorPlan(readGiven(path), path)
  const { config } = await services.loadConfig({ ...options })
  const progress = createProgress(services.output)
  const all = plan.files.reduce((sum, { size }) => sum + (size ?? 0), 0)
  const came = { bytes: 0, files: 0, of: plan.files.length }
  let shown = Number.NEGATIVE_INFINITY
  const show = (): void => {
    const now = performance.now()
    if (now - shown < REDRAW_MS) return
    shown = now
    progress.show(bar(came, all))
  }
  const mirror = await services.openMirror(config, bytes => {
    came.bytes += bytes
    show()
  })
  try {
    if (options.format === 'text') namePolicy(mirror.policy(), services)
    const fetched = await mirror.fetch(plan, (done, of) => {
      came.files = done
      came.of = of
      show()
    })
    progress.clear()
    if (options.format === 'json') for (const it of fetched) services.output.out(jsonLine(verdictJson(it)))
    else tell(createScreen(services.output), fetched, came.bytes)
    return exitOf(fetched, new Set(options.allowRefused))
  } finally {
    progress.clear()
    await mirror.close()
  }
}

/** Bytes come in thousands of pieces. */
const REDRAW_MS = 100

interface Came {
  readonly bytes: number
  readonly files: number
  readonly of: number
}

function bar({ bytes, files, of }: Came, all: number): string {
  const expected = all > 0 ? ` of about ${formatBytes(all)}` : ''
  return `${drawBar(files, of)} ${files} of ${of} files, ${formatBytes(bytes)}${expected}`
}

function tell(screen: Screen, fetched: readonly Fetched[], bytes: number): void {
  renderOthers(screen, fetched)
  const held = fetched.flatMap(({ size }) => size ?? [])
  const total = held.reduce((sum, size) => sum + size, 0)
  screen.line(
    styled('strong', `${counted(held.length, 'file')}, ${formatBytes(total)}`),
    ` held, ${formatBytes(bytes)} of it fetched now`,
  )
  renderTally(screen, fetched.map(labelOf))
}

function exitOf(fetched: readonly Fetched[], allowed: ReadonlySet<RefusalCode>): ExitCode {
  const refused = fetched.some(({ outcome }) =>
    outcome instanceof GateError
      ? outcome.code === 'not-listed'
      : outcome.kind === 'refused' && !allowed.has(outcome.code),
  )
  return refused ? 1 : exitOfUnknown(fetched)
}
