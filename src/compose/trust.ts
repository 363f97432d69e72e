import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import { parseSha256 } from '../domain/base/digest.ts'
import { whyUnread } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import type { Events } from '../observe/events.ts'
import type { Trust, TrustRoots } from '../ports/trust.ts'
import type { ReadRoot } from '../protocol/clauses/publisher.ts'
import { createTrust } from '../verify/trust/trust.ts'
import { readTrustedRoot } from '../verify/trust/trusted-root.ts'
import { createVerifierPool, type WarmVerifier } from '../verify/workers/pool.ts'
import { touchFolder } from './first-touch.ts'
import { readCa } from './upstream.ts'

/** Work on one document never takes this long; a worker that does is ended. */
const VERIFICATION_TIMEOUT_MS = 10_000
const LONGEST_VERIFICATION_QUEUE = 1_000

export function openVerifier(events: Events): WarmVerifier {
  return createVerifierPool({
    size: Math.max(1, Math.min(4, availableParallelism())),
    timeoutMs: VERIFICATION_TIMEOUT_MS,
    maxQueue: LONGEST_VERIFICATION_QUEUE,
    events,
  })
}

/** What is asked first is being ready: that is not to wait for a worker's start. */
const WARM_AFTER_MS = 300

/** Has a worker wait for the first document, as soon as there is a root to verify it under. What it gives back calls that off. */
export function warmUpSoon(
  verifier: Pick<WarmVerifier, 'warmUp'>,
  trust: Pick<Trust, 'fresh' | 'settled'>,
  { clock, custom }: { readonly clock: Clock; readonly custom: () => TrustRoots['custom'] },
): { close(): Promise<void> } {
  const attempt = (): void => verifier.warmUp({ sigstore: trust.fresh(clock()), custom: custom() })
  const timer = setTimeout(() => {
    try {
      attempt()
    } catch {
      // without a root nothing is verified yet
      trust
        .settled()
        .then(attempt)
        .catch(() => {})
    }
  }, WARM_AFTER_MS).unref()
  return { close: async () => clearTimeout(timer) }
}

interface TrustParts {
  readonly clock: Clock
  readonly events: Events
  readonly environment: Environment
  /** false: nobody is asked */
  readonly refresh?: boolean
}

export async function openTrust(
  config: Config,
  { clock, events, environment, refresh = true }: TrustParts,
): Promise<Trust> {
  const { root, tufUrl, tufRoot, maxAge } = config.trust
  if (root === 'tuf') await touchFolder(config.data)
  return await createTrust({
    root: root === 'tuf' || root === 'embedded' ? root : { file: root },
    tufUrl,
    tufRoot,
    maxAge,
    folder: join(config.data, 'trust'),
    clock,
    events,
    environment,
    refresh,
    ca: readCa(config.upstream.ca),
  })
}

/** For commands: a root that was named and cannot be used is no fault of the configuration's form, but nothing to trust. */
export async function openUsableTrust(config: Config, parts: TrustParts): Promise<Trust> {
  try {
    return await openTrust(config, parts)
  } catch (error) {
    if (error instanceof GateError && error.code === 'config-invalid' && config.trust.root !== 'tuf')
      throw new GateError('unknown-trust', error.detail, { cause: error })
    throw error
  }
}

/** The trusted root of a `custom` publisher, for the policy that names it. */
export function readRoot(path: string): ReturnType<ReadRoot> {
  try {
    const { digest, json } = readTrustedRoot(readFileSync(path))
    const sha256 = parseSha256(digest)
    return sha256 === undefined ? { wrong: 'has no digest' } : { digest: sha256, json }
  } catch (error) {
    if (error instanceof GateError) return { wrong: `${path} is no usable trusted_root.json: ${causeOf(error)}` }
    return { wrong: `${path} ${whyUnread(error)}` }
  }
}

function causeOf({ cause, detail }: GateError): string {
  return cause instanceof Error ? cause.message : detail
}
