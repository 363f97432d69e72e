import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import { apiScopesIn } from '../../../../domain/access/scope.ts'
import type { TokenRecord } from '../../../../domain/access/token.ts'
import type { Sha256 } from '../../../../domain/base/digest.ts'
import { type Instant, instant } from '../../../../domain/base/instant.ts'
import type { Doer } from '../../../../ports/console/audit-log.ts'
import type { TokenKeeper, Tokens } from '../../../../ports/tokens.ts'
import { tokenCreated, tokenRevoked } from '../../../audit/entries.ts'
import { appendAudit } from '../audit/audit-table.ts'

/** How long a row that was read counts before it is read again: a command may have revoked it. Milliseconds. */
const LASTS = 1_000
const AT_HAND = 10_000

interface Row {
  readonly name: string
  readonly indexes: string | null
  readonly metrics: number
  readonly scopes: string | null
  readonly given_by: string | null
  readonly holder: string | null
  readonly created: number
  readonly expires: number | null
  readonly revoked: number | null
}

const COLUMNS = 'name, indexes, metrics, scopes, given_by, holder, created, expires, revoked'

/** `ask` runs a statement, and turns what SQLite throws into `unknown-store`. What is not there is looked up each time. */
export function createTokensTable(
  database: Database.Database,
  ask: <Result>(what: string, query: () => Result) => Result,
): Tokens {
  const select = database.prepare<[Buffer], Row>(`select ${COLUMNS} from tokens where hash = ?`)
  const atHand = new LRUCache<Sha256, TokenRecord>({ max: AT_HAND, ttl: LASTS })
  return {
    find(hash) {
      const known = atHand.get(hash)
      if (known !== undefined) return known
      const row = ask('a token could not be looked up', () => select.get(Buffer.from(hash, 'hex')))
      if (row === undefined) return undefined
      const token = tokenOf(row)
      atHand.set(hash, token)
      return token
    },
  }
}

/** For commands, which have the database for a moment. */
export function createTokenKeeper(database: Database.Database): TokenKeeper {
  const all = database.prepare<[], Row>(`select ${COLUMNS} from tokens order by id`)
  const inForce = database
    .prepare<[string, number], number>(
      'select id from tokens where name = ? and revoked is null and (expires is null or expires > ?)',
    )
    .pluck()
  const insert = database.prepare<
    [Buffer, string, string | null, number, string | null, string | null, string | null, number, number | null]
  >(
    'insert into tokens (hash, name, indexes, metrics, scopes, given_by, holder, created, expires) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const end = database.prepare<[number, number]>('update tokens set revoked = ? where id = ?')
  const create = database.transaction((...[token, hash, by]: Parameters<TokenKeeper['create']>): boolean => {
    const { name, indexes, metrics, scopes, givenBy, holder = null, created, expires } = token
    if (inForce.get(name, created) !== undefined) return false
    const [listed, may, given] = [jsonOf(indexes), jsonOf(scopes), jsonOf(givenBy)]
    insert.run(Buffer.from(hash, 'hex'), name, listed, metrics ? 1 : 0, may, given, holder, created, expires ?? null)
    appendAudit(database, tokenCreated(token, by))
    return true
  })
  const revoke = database.transaction((name: string, at: Instant, by: Doer): boolean => {
    const id = inForce.get(name, at)
    if (id === undefined) return false
    end.run(at, id)
    appendAudit(database, tokenRevoked(name, at, by))
    return true
  })
  return {
    list: () => all.all().map(tokenOf),
    create: (token, hash, by) => create.immediate(token, hash, by),
    revoke: (name, at, by) => revoke.immediate(name, at, by),
  }
}

function jsonOf(list: readonly string[] | undefined): string | null {
  return list === undefined ? null : JSON.stringify(list)
}

function tokenOf({ name, indexes, metrics, scopes, given_by, holder, created, expires, revoked }: Row): TokenRecord {
  return {
    name,
    indexes: indexes === null ? undefined : (JSON.parse(indexes) as readonly string[]),
    metrics: metrics !== 0,
    ...(scopes === null ? {} : { scopes: apiScopesIn(JSON.parse(scopes) as readonly string[]) }),
    ...(given_by === null ? {} : { givenBy: JSON.parse(given_by) as readonly string[] }),
    ...(holder === null ? {} : { holder }),
    created: instant(created),
    expires: expires === null ? undefined : instant(expires),
    revoked: revoked === null ? undefined : instant(revoked),
  }
}
