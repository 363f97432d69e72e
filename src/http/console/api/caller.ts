import { API_SCOPES, type ApiScope, mayDo } from '../../../domain/access/scope.ts'
import { isAskedWith, standingBehindToken } from '../../../domain/access/standing.ts'
import type { TokenRecord } from '../../../domain/access/token.ts'
import { GateError } from '../../../domain/base/errors.ts'
import type { AccessRequest } from '../../../ports/console/requests.ts'
import type { Person, Role } from '../../../ports/console/sessions.ts'

/** Whoever calls the API. */
export interface Caller {
  /** `token:ci`, `user:ada@acme.example`: one's own requests are known by it */
  readonly person: Person
  readonly scopes: readonly ApiScope[]
  /** of which he may see and decide what there is; `undefined`: every one */
  readonly indexes: readonly string[] | undefined
  readonly address: string
  /** that he calls with; `undefined`: he is signed in */
  readonly token: TokenRecord | undefined
}

const SCOPES_OF_ROLES: Readonly<Record<Role, readonly ApiScope[]>> = {
  viewer: ['request', 'read'],
  approver: ['request', 'read', 'approve'],
  admin: ['request', 'read', 'approve', 'admin'],
}

/** What any token may that is for an index: what whoever gets packages needs when one is refused. */
const OF_ANY_TOKEN: readonly ApiScope[] = ['request']

/** As whom a token calls. Its name is no person's, whatever it may decide. */
export function personOfToken(token: TokenRecord): Person {
  const { name, scopes = OF_ANY_TOKEN } = token
  const role = mayDo(scopes, 'admin') ? 'admin' : mayDo(scopes, 'approve') ? 'approver' : 'viewer'
  return { subject: `token:${name}`, email: undefined, name: undefined, role, also: standingBehindToken(token) }
}

export function callerOf(person: Person, token: TokenRecord | undefined, address: string): Caller {
  if (token === undefined) return { person, scopes: SCOPES_OF_ROLES[person.role], indexes: undefined, address, token }
  return { person, scopes: token.scopes ?? OF_ANY_TOKEN, indexes: token.indexes, address, token }
}

/** @throws GateError `not-allowed-here` */
export function assertScope({ person: { subject, role }, scopes, token }: Caller, need: ApiScope): void {
  if (mayDo(scopes, need)) return
  const enough = API_SCOPES.filter(scope => mayDo([scope], need)).join(' or ')
  throw new GateError(
    'not-allowed-here',
    token === undefined
      ? `${subject} is signed in as ${role}, which is not enough: this takes what a token of the scope ${enough} may`
      : `the token ${token.name} has the scope ${scopes.join(', ')}; this takes ${enough}`,
  )
}

/** For what is of no index, or of all of them. @throws GateError `not-allowed-here` */
export function assertEveryIndex({ person, indexes }: Caller): void {
  if (indexes === undefined) return
  throw new GateError(
    'not-allowed-here',
    `this is of every index, and ${person.subject} is for ${indexes.join(', ') || 'none'}`,
  )
}

/** Whether he asked for this himself: with this token, not with one that had its name before. */
export function hasAsked({ token, person }: Caller, { by, at }: Pick<AccessRequest, 'by' | 'at'>): boolean {
  return token === undefined ? by.subject === person.subject : isAskedWith(token, { ...by, at })
}

/** Whether what is of this index may be seen. */
export function maySee({ indexes }: Caller, index: string | undefined): boolean {
  return indexes === undefined || (index !== undefined && indexes.includes(index))
}

/** @throws GateError `not-allowed-here` */
export function assertIndex(caller: Caller, index: string): void {
  if (maySee(caller, index)) return
  throw new GateError('not-allowed-here', `${caller.person.subject} is not for the index ${index}`)
}

/**
 * The index to filter a list by: what was asked for; else all that there are or, for whoever is for one alone, that one.
 *
 * @throws GateError `not-allowed-here`; `bad-call` where one of several has to be named
 */
export function indexToList(caller: Caller, asked: string | undefined): string | undefined {
  const { indexes, person } = caller
  if (asked !== undefined) {
    assertIndex(caller, asked)
    return asked
  }
  if (indexes === undefined) return undefined
  const [only, ...others] = indexes
  if (only === undefined) throw new GateError('not-allowed-here', `${person.subject} is for no index`)
  if (others.length === 0) return only
  throw new GateError('bad-call', `index: ${person.subject} is for ${indexes.join(', ')}; say which is meant`)
}
