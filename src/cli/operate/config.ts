import type { Command } from 'commander'
import { type ShownSetting, showConfig, shownDocument, shownLines } from '../../config/show.ts'
import { printable } from '../../protocol/text/quote.ts'
import { formatOption } from '../command/options.ts'
import type { Services } from '../command/services.ts'
import type { Output } from '../terminal/output.ts'

const DESCRIPTION = `Prints the configuration as the gate would start with it: defaults, then the file, then the environment, then flags. Every key is there, paths are absolute, secrets are masked. Everything that is wrong is told at once, each with its place.`

const MORE = `
Exit codes:
  0  the configuration holds
  2  it does not: no gate would start with it

Output: YAML that portcullis reads again (but for the masked secrets). With --origin each line
says where its value comes from: default, file:line:column, the variable or the flag.
--format json prints one object, null where there is no value; with --origin it is
  {config: {…}, origins: {"index.max_age": "portcullis.yaml:3:5", …}}

Environment:
  PORTCULLIS_CONFIG names the file; every key has a variable, PORTCULLIS_ and its path in
  capitals: PORTCULLIS_INDEX_MAX_AGE. Lists are comma-separated. An empty variable is not set.
  PORTCULLIS_UPSTREAM_AUTH holds a YAML or JSON mapping of origins, or PORTCULLIS_UPSTREAM_AUTH_FILE
  names a file with it.

Examples:
  portcullis config show --origin
  PORTCULLIS_INDEX_MODE=hide portcullis --config /etc/portcullis.yaml config show --origin
  portcullis config show --format json | jq .index`

/** `config show`: exit 0, or 2 by the GateError `config-invalid` that loading throws. */
export function addConfigCommand(program: Command, services: Pick<Services, 'loadConfig' | 'output'>): void {
  const config = program.command('config').description('Look at the configuration.')
  config
    .command('show')
    .summary('print the merged configuration and where each value comes from')
    .description(DESCRIPTION)
    .option('--origin', 'say where each value comes from')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<{ config?: string; origin?: true; format: 'text' | 'json' }>()
      const settings = showConfig(await services.loadConfig({ config: options.config }))
      const origins = options.origin === true ? 'told' : 'untold'
      if (options.format === 'json') services.output.out(json(settings, origins))
      else services.output.out(yaml(settings, origins, services.output))
    })
}

function json(settings: readonly ShownSetting[], origins: 'told' | 'untold'): string {
  const config = shownDocument(settings)
  const told = { config, origins: Object.fromEntries(settings.map(({ key, origin }) => [key, origin])) }
  return `${JSON.stringify(origins === 'told' ? told : config, null, 2)}\n`
}

function yaml(
  settings: readonly ShownSetting[],
  origins: 'told' | 'untold',
  { colour }: Pick<Output, 'colour'>,
): string {
  const lines = shownLines(settings)
  const width = Math.min(60, Math.max(...lines.map(({ text }) => text.length)))
  const [dim, off] = colour.out ? ['\x1b[2m', '\x1b[22m'] : ['', '']
  return lines
    .map(({ text, origin }) => {
      if (origin === undefined || origins === 'untold') return `${text}\n`
      return `${text.padEnd(width)}  ${dim}# ${printable(origin)}${off}\n`
    })
    .join('')
}
