import { randomBytes } from 'node:crypto'
import { type Sha256, sha256Of } from '../../../domain/base/digest.ts'
import { type Clock, instant, millis } from '../../../domain/base/instant.ts'
import type { AuditEntry } from '../../../ports/console/audit-log.ts'
import type { Person, Sessions } from '../../../ports/console/sessions.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import { clearCookie, readCookie, setCookie } from './cookies.ts'

const LASTS = millis(12 * 3_600_000)
/** one that nobody used for so long has ended */
export const IDLE = millis(3_600_000)

/** Who is signed in, and what his forms carry. */
export interface Recognised {
  readonly person: Person
  readonly csrf: string
}

export interface SessionKeeper {
  /** By the cookie that is of `origin`. Throws `unknown-store`. */
  recognise(exchange: Exchange, origin: string): Promise<Recognised | undefined>
  /** A session of its own, whatever was there before, with its row in the audit log; the cookie, as a header. */
  begin(exchange: Exchange, origin: string, person: Person, entry: AuditEntry): Promise<readonly string[]>
  /** Ends the one of the cookie, on every replica; the header that takes the cookie away. */
  end(exchange: Exchange, origin: string, entry: AuditEntry): Promise<readonly string[]>
}

export function createSessionKeeper({
  sessions,
  clock,
}: {
  readonly sessions: Sessions
  readonly clock: Clock
}): SessionKeeper {
  async function end({ request }: Exchange, origin: string, entry?: AuditEntry): Promise<readonly string[]> {
    const secret = readCookie(request, 'session', origin)
    if (secret !== undefined) await sessions.end(sha256Of(secret), entry)
    return clearCookie('session', origin)
  }

  return {
    async recognise({ request }, origin) {
      const secret = readCookie(request, 'session', origin)
      if (secret === undefined || !SECRET.test(secret)) return undefined
      const session = await sessions.find(sha256Of(secret), clock(), IDLE)
      return session === undefined ? undefined : { person: session.person, csrf: csrfOf(secret) }
    },
    async begin(exchange, origin, person, entry) {
      await end(exchange, origin)
      const secret = mintSecret()
      const began = clock()
      await sessions.begin(sha256Of(secret), { person, began, ends: instant(began + LASTS) }, entry)
      return setCookie('session', secret, origin, LASTS / 1_000)
    },
    end,
  }
}

/** 256 random bits, in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/

/** Of what signs in: a cookie, or a link. */
export function mintSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Where a link leads. */
export function linkPath(secret: string): string {
  return `/link/${secret}`
}

/** Made of the cookie, so that what is kept of a session is worth nothing to whoever reads it. */
function csrfOf(secret: string): Sha256 {
  return sha256Of(`form ${secret}`)
}
