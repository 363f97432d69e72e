import { createLocalJWKSet } from 'jose'
import { GateError } from '../../domain/base/errors.ts'
import { millis } from '../../domain/base/instant.ts'
import { isPermittedTransport } from '../../protocol/simple/upstream-base.ts'
import type { UpstreamAgent } from '../agent.ts'
import { fetchSmall } from '../fetch-small.ts'

/** ms; keys are looked at again so often, and after a token under a key that is not known, but no more often than that */
const LASTS = 10 * 60_000
const AGAIN = 30_000
/** ms that known keys stand in for an issuer that cannot be asked */
const STALE = 60 * 60_000
/** bytes of a document of an issuer, which has a handful of keys */
const MOST = 512 * 1024
/** keys of one issuer */
const MOST_KEYS = 100

export type KeySet = ReturnType<typeof createLocalJWKSet>

export interface IssuerKeys {
  /** The keys, of which one is called `kid` where the issuer has such a one. Throws `unknown-issuer`. */
  for(kid: string | undefined): KeySet | Promise<KeySet>
  /** Whether these are the keys that the issuer is believed to have now: one that it withdrew is none after minutes. */
  isCurrent(set: KeySet): boolean
  close(): Promise<void>
}

interface Known {
  readonly set: KeySet
  readonly kids: ReadonlySet<string>
  readonly at: number
}

interface Options {
  /** as it stands in tokens */
  readonly issuer: string
  /** an agent for this origin and no other */
  readonly agentFor: (origin: string) => UpstreamAgent
  /** ms, of a clock that nobody sets */
  readonly now: () => number
}

/** Keys of one issuer by OpenID Connect Discovery 1.0, kept, and asked for by one at a time. */
export function createIssuerKeys({ issuer, agentFor, now }: Options): IssuerKeys {
  const agents = new Map<string, UpstreamAgent>()
  let known: Known | undefined
  let failed: { readonly error: GateError; readonly at: number } | undefined
  let asked = Number.NEGATIVE_INFINITY
  let asking: Promise<Known> | undefined

  function agentOf(origin: string): UpstreamAgent {
    const agent = agents.get(origin) ?? agentFor(origin)
    agents.set(origin, agent)
    return agent
  }

  async function readDocument(url: URL): Promise<Readonly<Record<string, unknown>>> {
    const request = {
      who: WHO,
      what: 'identity-keys',
      url,
      headers: { accept: 'application/json' },
      most: MOST,
    } as const
    const answer = await fetchSmall(agentOf(url.origin), request)
    if (answer.status !== 200) throw unusable(`it answered ${answer.status}`)
    try {
      const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer.bytes))
      if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
    } catch {
      // told below
    }
    throw unusable('what it answered is no JSON object')
  }

  async function read(): Promise<Known> {
    const discovery = await readDocument(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
    const { issuer: itself, jwks_uri: uri } = discovery
    if (itself !== issuer) throw unusable('its configuration is of another issuer')
    const url = typeof uri === 'string' ? URL.parse(uri) : null
    if (url === null || !isPermittedTransport(url) || url.username !== '' || url.password !== '')
      throw unusable('its keys are at no URL that is asked')
    const { keys } = await readDocument(url)
    if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw unusable('its keys are no list, or too long a one')
    const set = createLocalJWKSet({ keys })
    const kids = new Set((keys as { kid?: unknown }[]).flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : [])))
    return { set, kids, at: now() }
  }

  async function refresh(): Promise<Known> {
    asked = now()
    try {
      known = await read()
      failed = undefined
      return known
    } catch (error) {
      failed = { error: asUnknown(error), at: now() }
      throw failed.error
    } finally {
      asking = undefined
    }
  }

  /** Known keys that can answer for this one while the issuer is asked, or cannot be. */
  function standIn(kid: string | undefined): Known | undefined {
    if (known === undefined || now() - known.at > STALE) return undefined
    return kid === undefined || known.kids.has(kid) ? known : undefined
  }

  /** Whoever comes while it is under way waits for the same answer; where there is none, known keys answer for their own. */
  async function ask(kid: string | undefined): Promise<Known> {
    asking ??= refresh()
    try {
      return await asking
    } catch (error) {
      const own = standIn(kid)
      if (own !== undefined) return own
      throw error
    }
  }

  function current(kid: string | undefined): Known | Promise<Known> {
    const own = standIn(kid)
    // what others bring, under keys that nobody knows, is no reason for a token under a known one to wait
    if (own !== undefined && now() - own.at < LASTS) return own
    if (asking === undefined && now() - asked < AGAIN) {
      if (own !== undefined) return own
      // whether it is a new key cannot be told while the issuer is away
      if (failed !== undefined) throw failed.error
      if (known !== undefined) return known
    }
    const answer = ask(kid)
    if (own === undefined || failed === undefined) return answer
    // it was away before: one that is still away makes nobody wait
    answer.catch(() => undefined)
    return own
  }

  return {
    for(kid) {
      const keys = current(kid)
      return keys instanceof Promise ? keys.then(({ set }) => set) : keys.set
    },
    isCurrent: set => known?.set === set && now() - known.at < LASTS,
    async close() {
      await Promise.all(Array.from(agents.values(), agent => agent.close()))
    },
  }
}

const WHO = 'the issuer of identities'

function unusable(why: string): GateError {
  return new GateError('unknown-issuer', `${WHO} cannot be used: ${why}`)
}

function asUnknown(error: unknown): GateError {
  if (error instanceof GateError && error.code === 'unknown-issuer') return error
  const detail = error instanceof GateError ? error.detail : `${WHO} answered something that is no set of keys`
  return new GateError('unknown-issuer', detail, { cause: error, retryAfterMs: millis(AGAIN) })
}
