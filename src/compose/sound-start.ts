import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import { createPolicies, type ReloadingPolicies } from '../gate/policy/policies.ts'
import type { Events } from '../observe/events.ts'
import { isLoopback } from '../protocol/simple/upstream-base.ts'
import { prepareFolder } from '../store/open.ts'
import { touchFolder } from './first-touch.ts'
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
export async function policiesOfSoundStart(config: Config, parts: Parts): Promise<ReloadingPolicies> {
  const { clock, events } = parts
  const wrong: GateError[] = []
  const policies = await noting(wrong, () => createPolicies({ paths: config.policy, clock, events, readRoot }))
  await noting(wrong, async () => {
    await touchFolder(config.data)
    prepareFolder(config.data)
  })
  await noting(wrong, () => readPinned(config, parts))
  await noting(wrong, () => readCa(config.upstream.ca))
  const [first, ...others] = wrong
  if (first === undefined && policies !== undefined) {
    for (const detail of doubtsOf(config)) events.emit({ type: 'config-warning', detail })
    return policies
  }
  policies?.close()
  if (first === undefined || others.length === 0) throw first ?? new TypeError('a policy is loaded or wrong')
  const code = wrong.every(error => error.code === first.code) ? first.code : 'config-invalid'
  throw new GateError(code, wrong.map(({ detail }) => detail).join('\n'), { cause: first })
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
function doubtsOf({ listen: { host }, publicUrl }: Config): readonly string[] {
  if (publicUrl !== undefined || isLoopback(host.includes(':') ? `[${host}]` : host)) return []
  return [
    `listen is ${host}, beyond this machine, and public_url is not set: refusals name a page at that address, which others may not reach, and pages leave \`provenance\` out. No URL is made of the Host that a client sends. Set public_url (PORTCULLIS_PUBLIC_URL) to where clients find the gate`,
  ]
}
