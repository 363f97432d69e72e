import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addConsoleLogin } from './login.ts'
import { addSessionsEnd } from './sessions-end.ts'
import { addSessionsList } from './sessions-list.ts'

export function addConsoleCommand(program: Command, services: Services, conclude: Conclude): void {
  const group = program
    .command('console')
    .description(
      'Sign in to the console without an issuer of identities, see who is signed in, and end that (docs/how-to/console.md).',
    )
  addConsoleLogin(group, services, conclude)
  const sessions = group.command('sessions').description('See who is signed in to the console, and end that.')
  for (const add of [addSessionsList, addSessionsEnd]) add(sessions, services, conclude)
}
