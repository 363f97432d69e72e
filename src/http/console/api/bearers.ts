import { type TokenRecord, tokenHash, tokenState } from '../../../domain/access/token.ts'
import { GateError } from '../../../domain/base/errors.ts'
import { type Clock, millis } from '../../../domain/base/instant.ts'
import type { Events } from '../../../observe/events.ts'
import type { Person } from '../../../ports/console/sessions.ts'
import type { Tokens } from '../../../ports/tokens.ts'
import { Attempts } from '../../access/attempts.ts'
import { readCredentials } from '../../access/credentials.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import { personOfToken } from './caller.ts'

interface Options {
  readonly tokens: Tokens
  readonly clock: Clock
  readonly events: Events
  readonly attempts?: Attempts
}

/** Programs that call the API with a token of the gate. */
export interface Bearers {
  /** Throws `not-signed-in` for what is no token in force, `too-many-attempts`, `unknown-store`. */
  readonly identify: (exchange: Exchange) => Promise<Person>
  /** The token that somebody was identified by; `undefined`: by none. */
  readonly tokenOf: (person: Person) => TokenRecord | undefined
}

export function createBearers({ tokens, clock, events, attempts = new Attempts() }: Options): Bearers {
  const byPerson = new WeakMap<Person, TokenRecord>()

  async function find(authorization: string | undefined): Promise<TokenRecord | string> {
    const credentials = readCredentials(authorization)
    if (credentials.kind !== 'secret') return 'what stands in Authorization is no token of this gate'
    const hash = tokenHash(credentials.secret)
    if (hash === undefined) return 'the token is mistyped or cut, or none of this gate'
    const token = await tokens.find(hash)
    if (token === undefined) return 'the token is unknown'
    const state = tokenState(token, clock())
    return state === 'in force' ? token : `the token ${token.name} is ${state}`
  }

  return {
    async identify({ request, client: { address } }) {
      const found = await find(request.headers.authorization)
      if (typeof found !== 'string') {
        const person = personOfToken(found)
        byPerson.set(person, found)
        return person
      }
      const wait = attempts.wrong(address)
      if (wait === 0) throw new GateError('not-signed-in', found)
      events.emit({ type: 'limited', limit: 'wrong-credentials', subject: undefined, address })
      throw new GateError('too-many-attempts', 'credentials from this address were wrong too often', {
        retryAfterMs: millis(wait),
      })
    },
    tokenOf: person => byPerson.get(person),
  }
}
