import type { Command } from 'commander'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen } from '../terminal/screen.ts'
import { renderTable } from '../terminal/table.ts'
import { type ToldSession, toldSession } from './told-session.ts'

interface ListOptions extends GateOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
}

const MORE = `
Exit codes:
  0  told; also where nobody is signed in
  2  usage or configuration
  3  the data folder or the database could not be read
  4  the gate that --gate names could not be asked

Output of --format json, one object a line and a session:
  {id, subject, email, name, role, began, used, ends}
began and used are null for a link of console login that nobody followed yet.

${ENVIRONMENT}

Examples:
  portcullis console sessions list
  portcullis console sessions list --gate https://console.acme.example`

export function addSessionsList(sessions: Command, services: Services, _conclude: Conclude): void {
  sessions
    .command('list')
    .summary('list who is signed in')
    .description(
      'Lists who is signed in to the console of the gate, or of all gates that share the database: as what, since when, when they used it last (to the minute) and when it ends by itself. Links that would sign somebody in are listed, too.',
    )
    .addOption(formatOption('json prints one object a line and a session'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>()
      const sessions = await listed(options, services)
      if (options.format === 'json') for (const one of sessions) services.output.out(jsonLine(one))
      else render(sessions, services)
    })
}

async function listed(options: ListOptions, services: Services): Promise<readonly ToldSession[]> {
  const named = gateNamed(options, services)
  if (named !== undefined)
    return await askGate(named, services, async gate => (await gate.ask('listSessions', {})).items)
  const { config } = await services.loadConfig({ config: options.config })
  await assertDatabase(config, services)
  return (await services.keepSessions(config, async ({ list }) => await list())).map(toldSession)
}

function render(sessions: readonly ToldSession[], { output }: Services): void {
  const screen = createScreen(output)
  if (sessions.length === 0) {
    screen.line('nobody is signed in')
    return
  }
  const minute = (at: string | null): string => (at === null ? '-' : `${at.slice(0, 16)}Z`)
  renderTable(
    screen,
    ['id', 'who', 'role', 'signed in', 'last used', 'ends'],
    sessions.map(({ id, subject, role, began, used, ends }) => [
      id,
      subject,
      role,
      began === null ? 'by a link, not yet' : minute(began),
      minute(used),
      minute(ends),
    ]),
  )
}
