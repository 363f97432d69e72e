import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addLockRewrite } from './rewrite.ts'

/** `lock rewrite`. */
export function addLockCommand(program: Command, services: Services, conclude: Conclude): void {
  const lock = program.command('lock').description('Changes lock files.')
  addLockRewrite(lock, services, conclude)
}
