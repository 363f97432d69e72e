import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { RemoteGate } from '../../ports/console/remote-gate.ts'
import { isPermittedTransport } from '../../protocol/simple/upstream-base.ts'
import type { GateNamed, Services } from './services.ts'

/** What the command line says of a gate that is asked from afar. */
export interface GateOptions {
  readonly gate?: string
  readonly gateToken?: string
  readonly ca?: string
}

const VARIABLE = 'PORTCULLIS_GATE'
const TOKEN_VARIABLE = 'PORTCULLIS_GATE_TOKEN'

/** Commands that ask a gate as well as a data folder. */
const ASKING: ReadonlySet<string> = new Set([
  'explain',
  'history show',
  'downloads show',
  'exemptions expiring',
  'revocations show',
  'policy approvals list',
  'policy approvals export',
  'policy approvals withdraw',
  'requests list',
  'requests show',
  'requests ask',
  'requests approve',
  'requests decline',
  'requests withdraw',
  'console sessions list',
  'console sessions end',
])

/** Whoever names a gate means it. @throws GateError `usage` */
export function assertAsksGates(command: Command): void {
  const { gate } = command.optsWithGlobals<GateOptions>()
  const names: string[] = []
  for (let at: Command | null = command; at?.parent != null; at = at.parent) names.unshift(at.name())
  const name = names.join(' ')
  if (gate === undefined || ASKING.has(name)) return
  throw new GateError('usage', `${name} asks no gate from afar; --gate is for ${[...ASKING].join(', ')}`)
}

/**
 * The gate that is to be asked; `undefined`: a data folder is. `unfit`: options that have no meaning there, as they were given.
 *
 * @throws GateError `usage`
 */
export function gateNamed(
  { gate, gateToken, ca }: GateOptions,
  { environment }: Pick<Services, 'environment'>,
  unfit: Readonly<Record<string, unknown>> = {},
): GateNamed | undefined {
  const url = gate ?? (environment[VARIABLE] || undefined)
  if (url === undefined) return undefined
  const [strange] = Object.entries(unfit).filter(([, value]) => value !== undefined)
  if (strange !== undefined)
    throw new GateError('usage', `${strange[0]} has no meaning with --gate: the gate goes by what it has itself`)
  return { origin: originOf(url), token: tokenIn(gateToken, environment), ca }
}

/** The same, for what only a gate answers. @throws GateError `usage` where none is named */
export function gateToAsk(options: GateOptions, services: Pick<Services, 'environment'>): GateNamed {
  const named = gateNamed(options, services)
  if (named !== undefined) return named
  throw new GateError('usage', `a gate that runs is asked about requests: name it with --gate or ${VARIABLE}`)
}

/** Asks it, and lets go of it. */
export async function askGate<Answer>(
  named: GateNamed,
  services: Pick<Services, 'openGate'>,
  ask: (gate: RemoteGate) => Promise<Answer>,
): Promise<Answer> {
  const gate = await services.openGate(named)
  try {
    return await ask(gate)
  } finally {
    await gate.close()
  }
}

/** All pages of a list. */
export async function everyItem<Item>(
  page: (cursor: string | undefined) => Promise<{ readonly items: readonly Item[]; readonly next: string | null }>,
): Promise<readonly Item[]> {
  const all: Item[] = []
  let cursor: string | undefined
  do {
    const { items, next } = await page(cursor)
    all.push(...items)
    cursor = next ?? undefined
  } while (cursor !== undefined)
  return all
}

function originOf(text: string): string {
  const url = URL.parse(text)
  const wrong = (why: string): GateError => new GateError('usage', `--gate (${VARIABLE}) ${why}`)
  if (url === null) throw wrong('is no URL')
  if (url.username !== '' || url.password !== '')
    throw wrong(`holds credentials: a token is named with --gate-token or ${TOKEN_VARIABLE}`)
  if (!isPermittedTransport(url)) throw wrong('is neither https: nor http: on a loopback address')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw wrong('is where the console is, and no page of it')
  return url.origin
}

/** It never stands on a command line, which others on the machine may read, and in no message. */
function tokenIn(file: string | undefined, environment: Services['environment']): string | undefined {
  const named = file ?? (environment[`${TOKEN_VARIABLE}_FILE`] || undefined)
  const text = named === undefined ? environment[TOKEN_VARIABLE] : readToken(named)
  const token = text?.trim() ?? ''
  if (token === '') return undefined
  if (/^[\x21-\x7e]{1,8192}$/.test(token)) return token
  throw new GateError('usage', 'the token for --gate is none: it has one line of printable characters')
}

function readToken(file: string): string {
  if (file.startsWith('pcl_'))
    throw new GateError('usage', '--gate-token names a file: a token on a command line is everybody’s')
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new GateError('usage', `--gate-token: ${file} ${whyUnread(error)}`)
  }
}
