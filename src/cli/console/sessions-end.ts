import type { Command } from 'commander'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { type ToldSession, toldSession } from './told-session.ts'

interface EndOptions extends GateOptions {
  readonly config?: string
  readonly reason?: string
}

const MORE = `
Exit codes:
  0  ended
  2  usage or configuration: nobody is signed in who is called so
  3  the data folder or the database could not be written to
  4  the gate that --gate names could not be asked

${ENVIRONMENT}

Examples:
  portcullis console sessions end ada@acme.example --reason "left the company"
  portcullis console sessions end 3f9a1c07d2b45e68 --gate https://console.acme.example`

export function addSessionsEnd(sessions: Command, services: Services, _conclude: Conclude): void {
  sessions
    .command('end')
    .summary('end a session, or all of somebody')
    .description(
      'Ends one session by its id, or all of somebody by name, and the links that would sign him in: at every gate that shares the database, at once. It stands in the audit log. It keeps nobody from signing in again: take the groups away at the issuer first.',
    )
    .argument('<whose>', 'id or subject (user:ada@acme.example, or without user:), as console sessions list has them')
    .option('--reason <text>', 'why, for whoever reads the audit log later')
    .addHelpText('after', MORE)
    .action(async (whose: string, _options, command: Command) => {
      const ended = await end(whose, command.optsWithGlobals<EndOptions>(), services)
      const screen = createScreen(services.output)
      for (const { id, subject, began } of ended)
        screen.line(
          styled('good', '✓'),
          ` ${began === null ? 'a link for' : 'a session of'} ${subject} is ended (${id})`,
        )
    })
}

async function end(whose: string, options: EndOptions, services: Services): Promise<readonly ToldSession[]> {
  const { config: path, reason } = options
  const named = gateNamed(options, services)
  if (named !== undefined) {
    const body = { whose, ...(reason === undefined ? {} : { reason }) }
    return await askGate(named, services, async gate => (await gate.tell('endSessions', {}, body)).items)
  }
  const { config } = await services.loadConfig({ config: path })
  await assertDatabase(config, services)
  return (await services.keepSessions(config, async sessions => await sessions.end(whose, reason))).map(toldSession)
}
