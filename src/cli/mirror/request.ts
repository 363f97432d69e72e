import type { Command } from 'commander'
import { renderMirrorPlan } from '../../protocol/carry/mirror-plan.ts'
import { askRecords } from '../command/gate-records.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Services } from '../command/services.ts'
import { type TargetOptions, withTargetOptions } from '../locks/targets-options.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

interface RequestOptions extends TargetOptions {
  readonly config?: string
  readonly data?: string
  readonly out: string
}

export function addMirrorRequest(mirror: Command, services: Services): void {
  withTargetOptions(
    mirror
      .command('request')
      .description(
        'Writes what clients asked of serve --offline and did not get into a plan, to be carried out: mirror fetch resolves it there, a file by its name, a project to the newest release that --python and --platform need. What was carried in since is not asked for again. A version that no page here lists is never asked for by clients, so nobody can know of it: name it in a lock outside. May be run while the gate runs.',
      )
      .requiredOption('--out <plan>', 'where the plan goes; what is there is replaced')
      .option('--data <folder>', 'the mirror’s data folder'),
  )
    .addHelpText(
      'after',
      `
Exit codes:
  0  written; also where nothing was asked in vain
  2  usage, configuration or policy

${ENVIRONMENT}

Examples:
  portcullis mirror request --out request.json --python 3.11 \\
    --platform linux_x86_64
  portcullis mirror fetch request.json      (outside)`,
    )
    .action(async (_options, command: Command) => {
      await request(command.optsWithGlobals<RequestOptions>(), services)
    })
}

async function request(options: RequestOptions, services: Services): Promise<void> {
  const { config } = await services.loadConfig({ ...options })
  await askRecords(config, services, async records => {
    const misses = await records.misses()
    const targets = { pythons: options.python ?? [], platforms: options.platform ?? [] }
    // whoever asked for a file needs that one, whatever else the project has
    const key = ({ index = '', project }: (typeof misses)[number]) => `${index} ${project}`
    const named = new Set(misses.filter(({ filename }) => filename !== undefined).map(key))
    const wanted = misses.filter(miss => miss.filename !== undefined || !named.has(key(miss)))
    const text = renderMirrorPlan({ locks: [], targets, files: [], wanted })
    writeWhole(options.out, text, { over: true })
    const screen = createScreen(services.output)
    for (const { project, filename, index, times } of wanted)
      screen.line(`  ${String(times).padStart(5)}  ${filename ?? project}`, index === undefined ? '' : `  (${index})`)
    screen.line(styled('strong', counted(wanted.length, 'request')), ` in ${options.out}`)
  })
}
