import { basename, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import { parseEnd } from '../../protocol/clauses/time.ts'
import { collect } from '../command/options.ts'
import type { Services } from '../command/services.ts'
import { parseLength } from '../command/since.ts'
import type { LockOptions } from '../locks/own-locks.ts'

export interface InitOptions extends LockOptions {
  readonly config?: string
  readonly trustRoot?: string
  readonly out?: string
  readonly force?: boolean
  readonly owner?: string
  readonly expires?: string
  /** milliseconds */
  readonly spread?: number
  readonly base?: readonly string[]
}

const DAY = 86_400_000
const LIFE = 90 * DAY
const WEEK = 7 * DAY

export function withInitOptions(command: Command): Command {
  return command
    .option('--out <file>', 'write here instead of stdout, and pins into the folder pins beside it')
    .option('--force', 'overwrite the file of --out, and its pins')
    .option(
      '--base <file>',
      'a policy that this one is read beside: writes only what it lacks; may be given several times',
      collect,
    )
    .option('--owner <who>', 'who answers for the exemptions (default: you, or "unassigned")')
    .option('--expires <date>', 'when the exemptions end (default: in 90 days)', parseDate)
    .option('--spread <30d>', 'shares the ends out over so many days up to that date', parseLength)
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root')
}

function parseDate(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || parseEnd(text) === undefined)
    throw new InvalidArgumentError('Not a date such as 2027-03-31.')
  return text
}

/** What exemptions say that are written now. Throws `usage` where the window of their ends begins in the past. */
export function exemptionOptions({ owner, out, ...options }: InitOptions, { environment, clock }: Services) {
  const now = clock()
  const inUse = environment['USER'] ?? environment['LOGNAME']
  return {
    at: now,
    owner: owner ?? inUse ?? 'unassigned',
    ends: endsOf(options, now),
    beside: out === undefined ? undefined : basename(resolve(out)).replace(/\.ya?ml$/, ''),
  }
}

/** Dates: one a week over a window, one a day where it is no longer than a week. */
function endsOf({ expires, spread = 0 }: Pick<InitOptions, 'expires' | 'spread'>, now: Instant): readonly string[] {
  const last = expires ?? dateOf(instant(now + LIFE))
  const step = spread > WEEK ? WEEK : DAY
  const count = Math.floor(spread / step) + 1
  const end = Date.parse(`${last}T00:00:00Z`)
  const ends = Array.from({ length: count }, (_, index) => {
    const before = count === 1 ? 0 : (spread * (count - 1 - index)) / (count - 1)
    return dateOf(instant(end - Math.floor(before / DAY) * DAY))
  })
  const [first = last] = ends
  if (count > 1 && (parseEnd(first) ?? now) <= now)
    throw new GateError('usage', `--spread begins ${first}, which is past: choose a later --expires, or spread less`)
  return ends
}

function dateOf(at: Instant): string {
  return formatInstant(at).slice(0, 10)
}
