import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Role } from '../../ports/console/sessions.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

interface LoginOptions {
  readonly config?: string
  readonly role: Role
  readonly name?: string
}

const DESCRIPTION = `Prints a URL that signs in to the console once, within ten minutes: open it in a browser and press the button. It works beside a gate that runs, and with or without console.oidc. That it was printed stands in the audit log, and what is done with it stands there under the name.`

const MORE = `
Exit codes:
  0  the URL is on stdout
  2  usage or configuration; there is no console
  3  the data folder or the database could not be written to

${ENVIRONMENT}

Examples:
  portcullis console login
  portcullis console login --role approver --name ada@acme.example`

export function addConsoleLogin(console: Command, services: Services, _conclude: Conclude): void {
  console
    .command('login')
    .summary('print a URL that signs in once')
    .description(DESCRIPTION)
    .addOption(
      new Option('--role <role>', 'as what; each may what those before may')
        .choices(['viewer', 'approver', 'admin'])
        .default('admin'),
    )
    .option('--name <name>', 'as whom: a name, or an address (default: the user of the shell)', parseName)
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      await login(command.optsWithGlobals<LoginOptions>(), services)
    })
}

async function login({ config: path, role, name }: LoginOptions, services: Services): Promise<void> {
  const { config } = await services.loadConfig({ config: path })
  const url = await services.offerSignInLink(config, { role, name })
  services.output.out(`${url}\n`)
  createScreen(services.output, 'err').line(styled('good', '✓'), ` it signs in once, as ${role}, within ten minutes`)
}

function parseName(text: string): string {
  if (text.trim() === text && text !== '' && text.length <= 100 && !/\p{C}/u.test(text)) return text
  throw new InvalidArgumentError('Not a name on one line, of at most 100 characters.')
}
