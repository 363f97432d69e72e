import type { ServiceTokens } from '../cli/command/services.ts'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import type { WorkloadSettings } from '../config/sections/access.ts'
import { indexesOf } from '../config/sources.ts'
import { workloadSubject } from '../domain/access/workload.ts'
import { type Clock, millis } from '../domain/base/instant.ts'
import { createGuard } from '../http/access/guard.ts'
import { createTrusted } from '../http/door/address.ts'
import type { Guard } from '../http/exchange/guard.ts'
import { answerPersonOr } from '../http/people/failure-page.ts'
import type { Events } from '../observe/events.ts'
import type { Identities } from '../ports/identities.ts'
import type { TokenKeeper, Tokens } from '../ports/tokens.ts'
import { withTokens } from '../store/tokens.ts'
import { createUpstreamAgent } from '../upstream/agent.ts'
import { createIdentities, issuerOf } from '../upstream/oidc/identities.ts'
import { behindDoer, commandDoer } from './audit/command-doer.ts'
import { touchFolder } from './first-touch.ts'
import { readCa } from './upstream.ts'

/** A job waits for an issuer at most three times as long. */
const ISSUER_TIMEOUT = millis(5_000)

interface Parts {
  readonly tokens: Tokens
  readonly events: Events
  readonly clock: Clock
  readonly version: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The guard of the configuration. No issuer is asked before somebody comes with a token of it, so none that is away stops a start. */
export function openGuard(config: Config, parts: Parts): { readonly guard: Guard; close(): Promise<void> } {
  const { tokens, events, clock } = parts
  const indexes = indexesOf(config).map(({ name, path, access }) => ({
    name,
    path,
    access: {
      ...access,
      front: { header: access.front.header.toLowerCase(), trusted: createTrusted(access.front.from) },
    },
  }))
  const identities = config.offline ? offlineIdentities(config) : identitiesOf(config, parts)
  const metricsOpen = config.metrics.open
  const guard = createGuard({ indexes, metricsOpen, tokens, identities, events, clock, answerOf: answerPersonOr })
  return { guard, close: identities.close }
}

/** A gate that is offline asks nobody: identity tokens are worth nothing there. */
function offlineIdentities(config: Config): Identities & { close(): Promise<void> } {
  const issuers = new Set(workloadsOf(config).map(({ issuer }) => issuer))
  const wrong = 'this gate is offline: it can ask no issuer, and takes no identity tokens'
  return {
    verify: token => (issuers.has(issuerOf(token) ?? '') ? { wrong } : { wrong, isForeign: true }),
    async close() {},
  }
}

function identitiesOf(
  config: Config,
  { events, clock, version, environment }: Parts,
): ReturnType<typeof createIdentities> {
  const workloads = workloadsOf(config)
  return createIdentities({
    issuers: issuersOf(config).map(({ issuer, audiences, ca }) => ({
      issuer,
      audiences,
      agentFor: origin =>
        createUpstreamAgent({
          upstreams: [origin],
          files: [],
          auth: {},
          timeout: ISSUER_TIMEOUT,
          ca,
          version,
          environment,
          events,
        }),
    })),
    isSomebody: claims => workloads.some(rule => workloadSubject(rule, claims) !== undefined),
    clock,
  })
}

function workloadsOf(config: Config): readonly WorkloadSettings[] {
  return indexesOf(config).flatMap(({ access }) => access.workloads)
}

interface AskedIssuer {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** PEM */
  readonly ca: string | undefined
}

/** Each issuer once, with every audience that some index lets in, and the authorities to trust when it is asked. Throws `config-invalid`. */
export function issuersOf(config: Config): readonly AskedIssuer[] {
  const rules = Map.groupBy(workloadsOf(config), ({ issuer }) => issuer)
  return Array.from(rules, ([issuer, its]) => {
    const own = its.find(({ ca }) => ca !== undefined)?.ca
    return {
      issuer,
      audiences: [...new Set(its.map(({ audience }) => audience))],
      ca: own === undefined ? readCa(config.upstream.ca) : readCa(own, 'access.workloads ca'),
    }
  })
}

/** The tokens of the configured data folder, or of the database that gates share, for one command. */
export async function keepTokens<Result>(
  config: Config,
  use: (tokens: ServiceTokens) => Result | Promise<Result>,
  { clock, environment }: { readonly clock: Clock; readonly environment: Environment },
): Promise<Result> {
  const ofCommand = (tokens: TokenKeeper): ServiceTokens => ({
    list: tokens.list,
    create: (token, hash, why) => {
      const doer = commandDoer(environment, why)
      return tokens.create({ ...token, givenBy: behindDoer(doer) }, hash, doer)
    },
    revoke: (name, at, why) => tokens.revoke(name, at, commandDoer(environment, why)),
  })
  return await withTokenKeeper(config, tokens => use(ofCommand(tokens)), clock)
}

/** Likewise, for whoever says of each change who makes it. */
export async function withTokenKeeper<Result>(
  { store: { database }, data }: Config,
  use: (tokens: TokenKeeper) => Result | Promise<Result>,
  clock: Clock,
): Promise<Result> {
  if (database !== undefined) {
    const { withSharedTokens } = await import('../store/postgres/with-database.ts')
    return await withSharedTokens(database, use)
  }
  await touchFolder(data)
  return await withTokens(data, clock, use)
}
