import { apiScopesIn } from '../../../../domain/access/scope.ts'
import { HOLDERS, holderOf, standingBehind } from '../../../../domain/access/standing.ts'
import { mintToken, tokenHash } from '../../../../domain/access/token.ts'
import { GateError } from '../../../../domain/base/errors.ts'
import { formatInstant } from '../../../../domain/base/instant.ts'
import { parseProjectName } from '../../../../domain/packaging/name.ts'
import type { Doer } from '../../../../ports/console/audit-log.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Handlers } from '../call.ts'
import { assertEveryIndex, type Caller } from '../caller.ts'
import { momentOf, tellToken } from './as-told.ts'

/** What only admins do: who gets in, and what is let go of. Each stands in the audit log. */
export function tokenHandlers(parts: ApiParts): Handlers<'listTokens' | 'createToken' | 'revokeToken' | 'forget'> {
  const { clock, keepTokens } = parts
  return {
    async listTokens({ caller }) {
      assertEveryIndex(caller)
      const now = clock()
      return { items: (await keepTokens(tokens => tokens.list())).map(token => tellToken(token, now)) }
    },
    async createToken({ body, caller }) {
      assertEveryIndex(caller)
      const { name, indexes, expires, reason, scopes = [] } = body
      const holder = body.holder === undefined ? undefined : holderOf(body.holder)
      if (body.holder !== undefined && holder === undefined) throw new GateError('invalid-body', `holder: ${HOLDERS}`)
      const strange = indexes?.find(asked => !parts.indexes.some(index => index.name === asked))
      if (strange !== undefined) throw new GateError('invalid-body', `indexes: there is none called ${strange}`)
      const now = clock()
      const ends = expires === undefined ? undefined : momentOf(expires)
      if (ends !== undefined && ends <= now) throw new GateError('invalid-body', 'expires: is past')
      const [metrics, may] = [scopes.includes('metrics'), apiScopesIn(scopes)]
      const token = mintToken()
      const hash = tokenHash(token)
      if (hash === undefined) throw new TypeError('a token that was minted is one')
      const row = {
        name,
        indexes: indexes === undefined ? (metrics && may.length === 0 ? [] : undefined) : [...new Set(indexes)],
        metrics,
        ...(may.length === 0 ? {} : { scopes: may }),
        ...(holder === undefined ? {} : { holder }),
        givenBy: standingBehind(caller.person),
        created: now,
        expires: ends,
      }
      if (!(await keepTokens(tokens => tokens.create(row, hash, doerOf(caller, reason)))))
        throw new GateError('name-in-use', `a token in force is called ${name}`)
      return { ...tellToken({ ...row, revoked: undefined }, now), token }
    },
    async revokeToken({ params: { name }, body, caller }) {
      assertEveryIndex(caller)
      const now = clock()
      if (!(await keepTokens(tokens => tokens.revoke(name, now, doerOf(caller, body.reason)))))
        throw new GateError('not-found', `no token in force is called ${name}`)
      return { name, revoked: formatInstant(now) }
    },
    async forget({ body, caller }) {
      assertEveryIndex(caller)
      const { what, project, filename, source, reason } = body
      if ((project === undefined) !== (what === 'clock'))
        throw new GateError('invalid-body', what === 'clock' ? 'project: the clock is of none' : 'project: say which')
      if (filename !== undefined && (what === 'clock' || what === 'serial'))
        throw new GateError('invalid-body', `filename: the ${what} is of no file`)
      if (filename === undefined && what === 'path') throw new GateError('invalid-body', 'filename: say which')
      const of = project === undefined ? undefined : parseProjectName(project)
      const order = { what, project: of, filename, source, reason }
      return { forgotten: await parts.forget(order, doerOf(caller, reason)) }
    },
  }
}

function doerOf({ person, address }: Caller, why: string | undefined): Doer {
  return { actor: person.subject, from: address, why }
}
