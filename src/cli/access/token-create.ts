import type { Command } from 'commander'
import { indexesOf } from '../../config/sources.ts'
import { API_SCOPES, type ApiScope, apiScopesIn } from '../../domain/access/scope.ts'
import { HOLDERS, holderOf } from '../../domain/access/standing.ts'
import { mintToken, type TokenRecord, tokenHash } from '../../domain/access/token.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { ENDS, type End, parseEnd } from '../command/end.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

interface CreateOptions {
  readonly config?: string
  readonly name: string
  readonly index?: readonly string[]
  readonly scope?: readonly string[]
  readonly expires?: End
  readonly for?: string
  readonly reason?: string
}

const DESCRIPTION = `Gives out a token: prints it alone on stdout, this once. Only its hash is kept, so whoever loses it asks for another. A gate that runs takes it at once. That it was given out stands in the audit log.

A token without --scope gets packages, may ask the console's API to explain, and may ask that a refusal be looked at. With --scope it may more:

  metrics  read /metrics, and no index that --index does not name
  request  what any token may ask of the API
  read     see what the console shows
  approve  decide requests of others
  admin    give out tokens, forget

Each from request on may what those before it may. What is of an index it may see and decide for those that --index names.

With --for it is that person's: what is asked or decided with it counts as asked or decided by that person, who does not decide about requests made with it. Without it only whoever gave it out is known, and the name of the token.

Clients send it as the password, with any user name (https://__token__:pcl_…@pypi.acme.example/simple/), as the user name with an empty password, or as "Authorization: Bearer pcl_…".`

const MORE = `
Exit codes:
  0  the token is on stdout
  2  usage or configuration: a name in use, an index that there is not
  3  the data folder could not be written to

${ENVIRONMENT}

Examples:
  portcullis token create --name ci --expires 90d
  portcullis token create --name laptop --for ada@acme.example
  portcullis token create --name research --index ml,main
  portcullis token create --name prometheus --scope metrics
  portcullis token create --name bot --scope approve --index main`

export function addTokenCreate(token: Command, services: Services, _conclude: Conclude): void {
  token
    .command('create')
    .summary('give out a token; it is shown once')
    .description(DESCRIPTION)
    .requiredOption('--name <name>', 'what it is called: in the journal as token:<name>')
    .option(
      '--index <name>',
      'for this index alone; repeats, or takes a comma list (default: for every index)',
      several,
    )
    .option(
      '--scope <scope>',
      'metrics, request, read, approve or admin; repeats, or takes a comma list (default: none of them)',
      several,
    )
    .option('--for <person>', 'whose it is: an address, or what a front or the issuer calls somebody')
    .option('--expires <when>', `its end: ${ENDS} (default: it has none)`, parseEnd)
    .option('--reason <text>', 'why, for whoever reads the audit log later')
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      await create(command.optsWithGlobals<CreateOptions>(), services)
    })
}

async function create(options: CreateOptions, services: Services): Promise<void> {
  const { name, index, scope, expires, reason, for: person } = options
  if (!NAME.test(name))
    throw new GateError(
      'usage',
      `a name has letters, digits, ".", "_" and "-", at most 64; found ${JSON.stringify(name)}`,
    )
  const holder = person === undefined ? undefined : holderOf(person)
  if (person !== undefined && holder === undefined)
    throw new GateError('usage', `--for takes ${HOLDERS}; found ${JSON.stringify(person)}`)
  const { config } = await services.loadConfig({ config: options.config })
  const known = indexesOf(config).map(one => one.name)
  const strange = index?.find(one => !known.includes(one))
  if (strange !== undefined)
    throw new GateError(
      'usage',
      `there is no index ${JSON.stringify(strange)}; the configuration has: ${known.join(', ')}`,
    )
  const { metrics, scopes } = readScopes(scope ?? [])
  const now = services.clock()
  const end = expires?.(now)
  if (end !== undefined && end <= now) throw new GateError('usage', `--expires ${formatInstant(end)} is past`)
  const token = mintToken()
  const hash = tokenHash(token)
  if (hash === undefined) throw new TypeError('a token that was minted is one')
  const row = {
    name,
    // what reads the metrics alone is for no index
    indexes: index === undefined ? (metrics && scopes.length === 0 ? [] : undefined) : [...new Set(index)],
    metrics,
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(holder === undefined ? {} : { holder }),
    created: now,
    expires: end,
  }
  if (!(await services.keepTokens(config, tokens => tokens.create(row, hash, reason))))
    throw new GateError(
      'usage',
      `a token in force is called ${JSON.stringify(name)}: revoke it first, or choose another name`,
    )
  services.output.out(`${token}\n`)
  const screen = createScreen(services.output, 'err')
  const until = end === undefined ? 'without an end' : `until ${formatInstant(end).slice(0, 16)}Z`
  screen.line(styled('good', '✓'), ` token ${name}, ${until}; it is not shown again`)
  if (!indexesOf(config).some(({ access }) => access.tokens))
    screen.line(styled('doubt', 'note'), ': access.tokens is false for every index: the gate takes no tokens')
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** @throws GateError `usage` for what is no scope */
function readScopes(words: readonly string[]): Pick<TokenRecord, 'metrics'> & { readonly scopes: readonly ApiScope[] } {
  const wrong = words.find(word => word !== 'metrics' && apiScopesIn([word]).length === 0)
  if (wrong !== undefined)
    throw new GateError('usage', `${JSON.stringify(wrong)} is no scope: there are metrics, ${API_SCOPES.join(', ')}`)
  return { metrics: words.includes('metrics'), scopes: apiScopesIn(words) }
}

function several(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...value.split(',').map(one => one.trim())]
}
