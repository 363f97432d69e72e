import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { consoleListen } from '../config/sections/console.ts'
import { type IndexSettings, indexesOf, sourceNames, sourcesOf } from '../config/sources.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import { createPolicies, type ReloadingPolicies } from '../gate/policy/policies.ts'
import type { Events } from '../observe/events.ts'
import { isLoopback } from '../protocol/simple/upstream-base.ts'
import { prepareFolder } from '../store/open.ts'
import { issuersOf } from './access.ts'
import { readClientSecret } from './console/client-secret.ts'
import { touchFolder } from './first-touch.ts'
import { checkHooks } from './notices/hooks.ts'
import { readSigner } from './summaries/summary-signer.ts'
import { readPair } from './tls.ts'
import { openTrust, readRoot } from './trust.ts'
import { readCa } from './upstream.ts'

interface Parts {
  readonly clock: Clock
  readonly events: Events
  readonly environment: Environment
}

/**
 * The policy in force, once nothing that can be known beforehand stands in the way of a gate: policy, data folder, pinned root and
 * certificates are looked at together, so that whoever puts one right does not meet the next at the next start.
 *
 * @throws GateError `policy-invalid`, `config-invalid`: with everything that is wrong, one a line
 */
export async function policiesOfSoundStart(config: Config, parts: Parts): Promise<readonly IndexPolicies[]> {
  const { events } = parts
  const wrong: GateError[] = []
  const policies = await policiesOf(config, wrong, parts)
  await noting(wrong, async () => {
    await touchFolder(config.data)
    prepareFolder(config.data)
  })
  await noting(wrong, () => readPinned(config, parts))
  for (const [setting, { cert, key }] of [
    ['tls', config.tls],
    ['console.tls', config.console.tls],
  ] as const)
    if (cert !== undefined && key !== undefined) await noting(wrong, () => readPair({ cert, key }, setting))
  for (const { ca } of sourcesOf(config)) await noting(wrong, () => readCa(ca))
  await noting(wrong, () => readSigner(config))
  await noting(wrong, () => checkHooks(config))
  await noting(wrong, () => readClientSecret(config.console))
  await noting(wrong, () => readCa(config.console.oidc.ca, 'console.oidc.ca'))
  // that of `upstream` was looked at above
  await noting(wrong, () => issuersOf({ ...config, upstream: { ...config.upstream, ca: undefined } }))
  const [first, ...others] = wrong
  if (first === undefined) {
    for (const detail of doubtsOf(config)) events.emit({ type: 'config-warning', detail })
    return policies
  }
  for (const { policies: loaded } of policies) loaded.close()
  if (others.length === 0) throw first
  const code = wrong.every(error => error.code === first.code) ? first.code : 'config-invalid'
  throw new GateError(code, wrong.map(({ detail }) => detail).join('\n'), { cause: first })
}

/** Those files are one policy, for every index that names them in this order. */
export interface IndexPolicies {
  readonly paths: Config['policy']
  readonly policies: ReloadingPolicies
}

async function policiesOf(
  config: Config,
  wrong: GateError[],
  { clock, events }: Parts,
): Promise<readonly IndexPolicies[]> {
  const loaded: IndexPolicies[] = []
  const tried = new Set<string>()
  const sources = sourceNames(config)
  for (const { policy: paths } of indexesOf(config)) {
    if (tried.has(keyOf(paths))) continue
    tried.add(keyOf(paths))
    const policies = await noting(wrong, () => createPolicies({ paths, clock, events, readRoot, sources }))
    if (policies !== undefined) loaded.push({ paths, policies })
  }
  return loaded
}

/** The policies of a command, each read once. @throws GateError `policy-invalid` */
export function policiesOfCommand(
  config: Config,
  { clock, events }: Omit<Parts, 'environment'>,
): readonly IndexPolicies[] {
  const own = new Map(indexesOf(config).map(({ policy: paths }) => [keyOf(paths), paths]))
  return [...own.values()].map(paths => ({
    paths,
    policies: createPolicies({ paths, clock, events, readRoot, sources: sourceNames(config), pollMs: 0 }),
  }))
}

export function policiesFor(
  all: readonly IndexPolicies[],
  { policy }: Pick<IndexSettings, 'policy'>,
): ReloadingPolicies {
  const own = all.find(({ paths }) => keyOf(paths) === keyOf(policy))
  if (own === undefined) throw new TypeError('a policy of an index that was not loaded')
  return own.policies
}

/** Each by itself: one that does not compile keeps none of the others back. */
export function reloadAll(all: readonly IndexPolicies[]): ReturnType<ReloadingPolicies['reload']> {
  const outcomes = all.map(({ policies }) => policies.reload())
  if (outcomes.includes('kept')) return 'kept'
  return outcomes.includes('loaded') ? 'loaded' : 'unchanged'
}

function keyOf(paths: Config['policy']): string {
  return JSON.stringify(paths)
}

/** What an operator can put right is noted; anything else ends it. */
async function noting<Result>(wrong: GateError[], look: () => Result | Promise<Result>): Promise<Result | undefined> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof GateError) || !/^(?:config|policy)-invalid$/.test(error.code)) throw error
    wrong.push(error)
    return undefined
  }
}

/** A root of TUF is none of it: to open it is to begin a refresh. Certificates are looked at by themselves. */
async function readPinned(config: Config, parts: Parts): Promise<void> {
  if (config.trust.root === 'tuf') return
  const alone = { ...config, upstream: { ...config.upstream, ca: undefined } }
  const trust = await openTrust(alone, { ...parts, events: { emit() {} }, refresh: false })
  await trust.close()
}

/** What holds, and is probably not what somebody meant. */
function doubtsOf(config: Config): readonly string[] {
  return [...doubtsOfListening(config), ...doubtsOfConsole(config), ...doubtsOfWorkloads(config)]
}

function doubtsOfListening(config: Config): readonly string[] {
  const { host } = config.listen
  if (isLoopback(host.includes(':') ? `[${host}]` : host)) return []
  const open = indexesOf(config).filter(({ access }) => access.anonymous)
  const which = open.length === 1 ? '' : ` by any of ${open.length} indexes`
  return [
    ...(config.publicUrl === undefined
      ? [
          `listen is ${host}, beyond this machine, and public_url is not set: refusals name a page at that address, which others may not reach, and pages leave \`provenance\` out. No URL is made of the Host that a client sends. Set public_url (PORTCULLIS_PUBLIC_URL) to where clients find the gate`,
        ]
      : []),
    ...(open.length > 0
      ? [
          `listen is ${host}, beyond this machine, and whoever reaches it is served${which} without credentials. Where that is not meant, set access.anonymous to false (PORTCULLIS_ACCESS_ANONYMOUS) and give out tokens (portcullis token create)`,
        ]
      : []),
  ]
}

/** `tls` was never the console's: whoever has a front before it alone would be shut out. */
function doubtsOfConsole({ tls, console: settings, trustProxy }: Config): readonly string[] {
  const at = consoleListen(settings)
  if (at === undefined || tls.cert === undefined || settings.tls.cert !== undefined) return []
  if (trustProxy.length > 0 || isLoopback(at.host.includes(':') ? `[${at.host}]` : at.host)) return []
  return [
    `console.listen is ${at.host}, beyond this machine, and speaks plain HTTP: tls is of packages alone. Name a certificate in console.tls, which may be the same one, or put a front before it and name that in trust_proxy`,
  ]
}

function doubtsOfWorkloads(config: Config): readonly string[] {
  const workloads = indexesOf(config).flatMap(({ access }) => access.workloads)
  const anybodys = workloads.filter(({ claims }) => Object.keys(claims).length === 0).map(({ issuer }) => issuer)
  return [
    ...[...new Set(anybodys)].map(
      issuer =>
        `a rule of access.workloads has no claims: everybody whom ${issuer} gives a token for the audience is let in. Where that issuer is not yours alone, name a claim that is, such as repository_owner`,
    ),
    ...(config.offline && workloads.length > 0
      ? ['access.workloads is set and the gate is offline: it can ask no issuer, and takes no identity tokens']
      : []),
  ]
}
