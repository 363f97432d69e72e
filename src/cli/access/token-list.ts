import type { Command } from 'commander'
import { type TokenRecord, tokenState } from '../../domain/access/token.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen } from '../terminal/screen.ts'
import { renderTable } from '../terminal/table.ts'

interface ListOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
}

const MORE = `
Exit codes:
  0  told; also where there is none
  2  usage or configuration
  3  the data folder could not be read

Output of --format json, one object a line and a token:
  {name, subject, indexes, scopes, holder, state, created, expires, revoked}
indexes is null where it is for every one; state is in force, expired or revoked; holder is whom it was
given out for, null where nobody said so.

${ENVIRONMENT}

Examples:
  portcullis token list
  portcullis token list --format json | jq 'select(.state == "in force")'`

export function addTokenList(token: Command, services: Services, _conclude: Conclude): void {
  token
    .command('list')
    .summary('list tokens, those that ended too')
    .description(
      'Lists every token that was given out, without the tokens themselves, which nobody keeps. Those that ended stay, because the journal names them.',
    )
    .addOption(formatOption('json prints one object a line and a token'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const { config: path, format } = command.optsWithGlobals<ListOptions>()
      const { config } = await services.loadConfig({ config: path })
      await assertDatabase(config, services)
      const tokens = await services.keepTokens(config, keeper => keeper.list())
      const now = services.clock()
      if (format === 'json') for (const one of tokens) services.output.out(jsonLine(toJson(one, now)))
      else render(tokens, now, services)
    })
}

function toJson(token: TokenRecord, now: Instant): object {
  const { name, indexes, holder, created, expires, revoked } = token
  return {
    name,
    subject: `token:${name}`,
    indexes: indexes ?? null,
    scopes: scopesOf(token),
    holder: holder ?? null,
    state: tokenState(token, now),
    created: formatInstant(created),
    expires: expires === undefined ? null : formatInstant(expires),
    revoked: revoked === undefined ? null : formatInstant(revoked),
  }
}

function scopesOf({ metrics, scopes = [] }: TokenRecord): readonly string[] {
  return [...(metrics ? ['metrics'] : []), ...scopes]
}

function placesOf({ metrics, scopes = [] }: TokenRecord): readonly string[] {
  return [...(metrics ? ['/metrics'] : []), ...scopes.map(scope => `API ${scope}`)]
}

function render(tokens: readonly TokenRecord[], now: Instant, { output }: Services): void {
  const screen = createScreen(output)
  if (tokens.length === 0) {
    screen.line('no token was given out')
    return
  }
  const day = (at: Instant | undefined): string => (at === undefined ? '-' : formatInstant(at).slice(0, 10))
  renderTable(
    screen,
    ['name', 'state', 'created', 'ends', 'for', 'whose'],
    tokens.map(token => [
      token.name,
      tokenState(token, now),
      day(token.created),
      day(token.revoked ?? token.expires),
      [...(token.indexes ?? ['every index']), ...placesOf(token)].join(', '),
      token.holder ?? '-',
    ]),
  )
}
