import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addNotifyList } from './list.ts'
import { addNotifyRetry } from './retry.ts'
import { addNotifyTest } from './test.ts'

const MORE = `
A secret for secret_file:
  printf 'whsec_%s' "$(openssl rand -base64 32)" > webhook.secret`

export function addNotifyCommand(program: Command, services: Services, conclude: Conclude): void {
  const notify = program
    .command('notify')
    .description(
      'Look at what webhooks were not told yet, tell them again, and try them: those of notify in the configuration (docs/how-to/notify.md).',
    )
    .addHelpText('after', MORE)
  for (const add of [addNotifyList, addNotifyRetry, addNotifyTest]) add(notify, services, conclude)
}
