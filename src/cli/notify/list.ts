import type { Command } from 'commander'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { KeptDelivery } from '../../ports/console/notices.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen } from '../terminal/screen.ts'
import { renderTable } from '../terminal/table.ts'

interface ListOptions {
  readonly config?: string
  readonly dead?: true
  readonly format: 'text' | 'json'
}

const MORE = `
Exit codes:
  0  told; also where there is none
  2  usage or configuration
  3  the data folder could not be read

Output of --format json, one object a line and a notice, the oldest first:
  {id, host, type, subject, title, state, attempts, queued, next: null | time,
   died: null | time, why: null | text}
state is waiting or dead; id is the webhook-id of every attempt.

${ENVIRONMENT}

Examples:
  portcullis notify list
  portcullis notify list --dead --format json | jq -r .id`

export function addNotifyList(notify: Command, services: Services, _conclude: Conclude): void {
  notify
    .command('list')
    .summary('list notices that wait, and those that were given up')
    .description(
      'Lists what webhooks were not told yet: notices that wait for their next attempt, and dead ones, which are not tried any more. Those that arrived are gone from the list.',
    )
    .option('--dead', 'those alone that are not tried any more')
    .addOption(formatOption('json prints one object a line and a notice'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const { config: path, dead, format } = command.optsWithGlobals<ListOptions>()
      const { config } = await services.loadConfig({ config: path })
      await assertDatabase(config, services)
      const all = await services.keepNotices(config, keeper => keeper.list())
      const notices = dead === true ? all.filter(({ state }) => state === 'dead') : all
      if (format === 'json') for (const one of notices) services.output.out(jsonLine(toJson(one)))
      else render(notices, services)
    })
}

function toJson({ id, host, type, subject, title, state, attempts, queued, at, why }: KeptDelivery): object {
  const isDead = state === 'dead'
  return {
    id,
    host,
    type,
    subject,
    title,
    state,
    attempts,
    queued: formatInstant(queued),
    next: isDead ? null : formatInstant(at),
    died: isDead ? formatInstant(at) : null,
    why: why ?? null,
  }
}

function render(notices: readonly KeptDelivery[], { output }: Services): void {
  const screen = createScreen(output)
  if (notices.length === 0) {
    screen.line('no notice waits, and none was given up')
    return
  }
  const minute = (at: Instant): string => `${formatInstant(at).slice(0, 16)}Z`
  renderTable(
    screen,
    ['id', 'to', 'what', 'about', 'state', 'tries', 'why'],
    notices.map(({ id, host, type, subject, state, attempts, at, why }) => [
      id,
      host,
      type,
      subject,
      state === 'dead' ? `dead since ${minute(at)}` : `next ${minute(at)}`,
      String(attempts),
      why ?? '-',
    ]),
  )
}
