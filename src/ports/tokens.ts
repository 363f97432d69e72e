import type { TokenRecord } from '../domain/access/token.ts'
import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { Doer } from './console/audit-log.ts'

type Awaitable<Value> = Value | Promise<Value>

/** Tokens as the gate looks them up, those that ended too. What another process changes it sees within a second. */
export interface Tokens {
  /** By what a token is known by. Throws `unknown-store`. */
  find(hash: Sha256): Awaitable<TokenRecord | undefined>
}

/** Tokens as whoever gives them out sees them; what is done stands in the audit log, or is not done. Throws `unknown-store`. */
export interface TokenKeeper {
  /** Every token that ever was, the oldest first. */
  list(): Awaitable<readonly TokenRecord[]>
  /** False where a token in force has this name. */
  create(token: Omit<TokenRecord, 'revoked'>, hash: Sha256, by: Doer): Awaitable<boolean>
  /** False where no token in force has this name. */
  revoke(name: string, at: Instant, by: Doer): Awaitable<boolean>
}
