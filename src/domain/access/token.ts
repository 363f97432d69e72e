import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Sha256, sha256Of } from '../base/digest.ts'
import type { Instant } from '../base/instant.ts'
import type { ApiScope } from './scope.ts'

/** What every token begins with, so that people, scanners of leaks and the gate know one when they see it. */
export const TOKEN_PREFIX = 'pcl_'

/** `pcl_`, 256 random bits and a check sum of 32, in base64url: 53 characters. */
const TOKEN = /^pcl_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/

/** A new token. Only {@link tokenHash} of it is ever kept. */
export function mintToken(): string {
  const secret = randomBytes(32).toString('base64url')
  return `${TOKEN_PREFIX}${secret}${sumOf(secret)}`
}

/** What a token is known by; `undefined` for what was mistyped or cut, and is no token. */
export function tokenHash(text: string): Sha256 | undefined {
  const [, secret = '', sum = ''] = TOKEN.exec(text) ?? []
  return secret !== '' && sum === sumOf(secret) ? sha256Of(text) : undefined
}

/** It tells a typing error from an unknown token, and keeps nobody out. */
function sumOf(secret: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(secret))
  return bytes.toString('base64url')
}

/** A token as it is kept: everything but itself. */
export interface TokenRecord {
  readonly name: string
  /** names of indexes; `undefined`: every one, those that come later included */
  readonly indexes: readonly string[] | undefined
  /** whether it reads the metrics */
  readonly metrics: boolean
  /** what it may ask of the console's API; absent: what any token may */
  readonly scopes?: readonly ApiScope[] | undefined
  /** who gave it out and stands behind it (`standing.ts`); absent: nobody wrote that down */
  readonly givenBy?: readonly string[] | undefined
  /** whom it was given out for, by an address or as he is called at the console; absent: nobody said so */
  readonly holder?: string | undefined
  readonly created: Instant
  /** from then on it is none; `undefined`: it has no end */
  readonly expires: Instant | undefined
  readonly revoked: Instant | undefined
}

export type TokenState = 'in force' | 'expired' | 'revoked'

export function tokenState({ expires, revoked }: Pick<TokenRecord, 'expires' | 'revoked'>, now: Instant): TokenState {
  if (revoked !== undefined) return 'revoked'
  return expires !== undefined && expires <= now ? 'expired' : 'in force'
}
