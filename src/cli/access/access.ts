import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addTokenCreate } from './token-create.ts'
import { addTokenList } from './token-list.ts'
import { addTokenRevoke } from './token-revoke.ts'

export function addTokenCommand(program: Command, services: Services, conclude: Conclude): void {
  const token = program
    .command('token')
    .description(
      'Give out, list and revoke tokens: what clients name themselves with where access.tokens is on (docs/how-to/who-asks.md).',
    )
  for (const add of [addTokenCreate, addTokenList, addTokenRevoke]) add(token, services, conclude)
}
