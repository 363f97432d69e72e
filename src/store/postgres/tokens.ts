import { LRUCache } from 'lru-cache'
import { apiScopesIn } from '../../domain/access/scope.ts'
import type { TokenRecord } from '../../domain/access/token.ts'
import type { Sha256 } from '../../domain/base/digest.ts'
import { instant } from '../../domain/base/instant.ts'
import type { TokenKeeper, Tokens } from '../../ports/tokens.ts'
import { tokenCreated, tokenRevoked } from '../audit/entries.ts'
import type { Reach } from '../shared/reach.ts'
import { appendShared } from './audit/audit-log.ts'
import type { Connection } from './connection.ts'

/** How long a row that was read counts before it is read again: a command may have revoked it. Milliseconds. */
const LASTS = 1_000
const AT_HAND = 10_000

interface Row {
  readonly name: string
  readonly indexes: string | null
  readonly metrics: boolean
  readonly scopes: string | null
  readonly given_by: string | null
  readonly holder: string | null
  readonly created: number
  readonly expires: number | null
  readonly revoked: number | null
}

const COLUMNS = 'name, indexes, metrics, scopes, given_by, holder, created, expires, revoked'

/** One that is in use is read again in the background, so that nobody waits for it; while the database is away it counts as it was. */
export function createTokens(connection: Connection, reach: Pick<Reach, 'assertUsable' | 'isAway'>): Tokens {
  const atHand = new LRUCache<Sha256, TokenRecord>({
    max: AT_HAND,
    ttl: LASTS,
    allowStale: true,
    noDeleteOnStaleGet: true,
  })
  const reading = new Map<Sha256, Promise<TokenRecord | undefined>>()

  async function read(hash: Sha256): Promise<TokenRecord | undefined> {
    const [row] = await connection.ask<Row>(
      'a token could not be looked up',
      `select ${COLUMNS} from tokens where hash = $1`,
      [hash],
    )
    const token = row === undefined ? undefined : tokenOf(row)
    if (token === undefined) atHand.delete(hash)
    else atHand.set(hash, token)
    return token
  }

  function readOnce(hash: Sha256): Promise<TokenRecord | undefined> {
    const under = reading.get(hash) ?? read(hash).finally(() => reading.delete(hash))
    reading.set(hash, under)
    return under
  }

  return {
    find(hash) {
      reach.assertUsable()
      const known = atHand.get(hash)
      if (known === undefined) return readOnce(hash)
      if (atHand.getRemainingTTL(hash) > 0) return known
      if (reach.isAway) {
        readOnce(hash).catch(() => {})
        return known
      }
      return readOnce(hash).catch((error: unknown) => {
        reach.assertUsable()
        if (reach.isAway) return known
        throw error
      })
    },
  }
}

/** For commands, which have the database for a moment. */
export function createTokenKeeper(connection: Connection): TokenKeeper {
  const what = 'the tokens could not be read or written'
  const inForce =
    'select id from tokens where name = $1 and revoked is null and (expires is null or expires > $2) for update'
  return {
    async list() {
      const rows = await connection.ask<Row>(what, `select ${COLUMNS} from tokens order by id`)
      return rows.map(tokenOf)
    },
    async create(token, hash, by) {
      const { name, indexes, metrics, scopes, givenBy, holder = null, created, expires } = token
      return await connection.transaction(what, async ask => {
        // two that come at once with one name
        await ask('lock table tokens in share row exclusive mode')
        if ((await ask(inForce, [name, created])).length > 0) return false
        const [listed, may, given] = [jsonOf(indexes), jsonOf(scopes), jsonOf(givenBy)]
        await ask(
          'insert into tokens (hash, name, indexes, metrics, scopes, given_by, holder, created, expires) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
          [hash, name, listed, metrics, may, given, holder, created, expires ?? null],
        )
        await appendShared(ask, tokenCreated(token, by))
        return true
      })
    },
    async revoke(name, at, by) {
      return await connection.transaction(what, async ask => {
        const [row] = await ask<{ id: number }>(inForce, [name, at])
        if (row === undefined) return false
        await ask('update tokens set revoked = $1 where id = $2', [at, row.id])
        await appendShared(ask, tokenRevoked(name, at, by))
        return true
      })
    },
  }
}

function jsonOf(list: readonly string[] | undefined): string | null {
  return list === undefined ? null : JSON.stringify(list)
}

function tokenOf({ name, indexes, metrics, scopes, given_by, holder, created, expires, revoked }: Row): TokenRecord {
  return {
    name,
    indexes: indexes === null ? undefined : (JSON.parse(indexes) as readonly string[]),
    metrics,
    ...(scopes === null ? {} : { scopes: apiScopesIn(JSON.parse(scopes) as readonly string[]) }),
    ...(given_by === null ? {} : { givenBy: JSON.parse(given_by) as readonly string[] }),
    ...(holder === null ? {} : { holder }),
    created: instant(created),
    expires: expires === null ? undefined : instant(expires),
    revoked: revoked === null ? undefined : instant(revoked),
  }
}
