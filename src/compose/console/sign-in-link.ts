import type { SignInLinkOrder } from '../../cli/command/services.ts'
import type { Config } from '../../config/schema.ts'
import { consoleBase, consoleListen } from '../../config/sections/console.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, instant } from '../../domain/base/instant.ts'
import { linkPath, mintSecret } from '../../http/console/sign-in/session-keeper.ts'
import type { Doer } from '../../ports/console/audit-log.ts'
import { behindDoer } from '../audit/command-doer.ts'
import { withSessionsOf } from './standing-sessions.ts'

/** ms */
const GOOD_FOR = 10 * 60_000

/**
 * A URL that signs in once, within ten minutes, at every gate that shares the store. That it was made stands in the audit log.
 *
 * @throws GateError `config-invalid` where there is no console, `unknown-store`
 */
export async function offerSignInLink(
  config: Config,
  { role, name }: SignInLinkOrder,
  { clock, doer }: { readonly clock: Clock; readonly doer: Doer },
): Promise<string> {
  const base = assertConsoleUrl(config)
  const who = name ?? doer.actor.replace(/^shell:/, '')
  const email = who.includes('@') ? who : undefined
  const person = { subject: `user:${who}`, email, name: who, role, also: behindDoer(doer) }
  const secret = mintSecret()
  const now = clock()
  const ends = instant(now + GOOD_FOR)
  const detail = { ...doer.detail, role: person.role }
  const entry = { ...doer, at: now, action: 'sign-in-link', target: person.subject, detail } as const
  await withSessionsOf(config, sessions => sessions.offer(sha256Of(secret), { person, ends }, entry), clock)
  return `${base}${linkPath(secret)}`
}

function assertConsoleUrl({ console: settings }: Config): string {
  if (consoleListen(settings) === undefined)
    throw new GateError('config-invalid', 'there is no console: set console.listen, such as 127.0.0.1:8081')
  const url = consoleBase(settings)
  if (url === undefined)
    throw new GateError('config-invalid', 'console.listen leaves the port to the system: set console.public_url')
  return url
}
