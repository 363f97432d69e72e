import { GateError } from '../domain/errors.ts'
import type { Clock } from '../domain/instant.ts'
import type { Policy } from '../domain/policy.ts'
import type { Events } from '../observe/events.ts'
import { formatDiagnostic } from '../protocol/diagnostic.ts'
import { loadPolicy } from '../protocol/policy-yaml.ts'
import type { TextFile } from '../protocol/yaml-document.ts'
import { fingerprintOf, readPolicyFiles } from './policy-files.ts'

/** The policy in force. */
export interface Policies {
  current(): Policy
  /** Why the last reload was rejected; `undefined` when what is on disk is in force. */
  lastError(): string | undefined
}

export interface ReloadingPolicies extends Policies {
  /** Reads the files again. What does not compile is told, and changes nothing. */
  reload(): 'loaded' | 'kept'
  /** Stops looking for changes. */
  close(): void
}

interface Options {
  /** files or folders */
  readonly paths: readonly string[]
  readonly clock: Clock
  readonly events: Events
  /** how often to look for changes; 0 never looks */
  readonly pollMs?: number
  readonly readFiles?: (paths: readonly string[]) => readonly TextFile[]
  readonly fingerprint?: (paths: readonly string[]) => string
}

const POLL_MS = 2_000

/**
 * Loads the policy and keeps it: a reload that fails keeps the last good one, says so in an event and in `lastError`.
 * Changes are found by polling, because what a container mounts announces nothing reliably.
 *
 * @throws GateError `policy-invalid` with every diagnostic, one a line, when the first load fails
 */
export function createPolicies(options: Options): ReloadingPolicies {
  const { paths, clock, events, pollMs = POLL_MS, readFiles = readPolicyFiles, fingerprint = fingerprintOf } = options
  let seen = fingerprint(paths)
  let policy = readPolicy(readFiles(paths), clock)
  let failure: string | undefined
  announce('loaded')

  function announce(action: 'loaded' | 'reloaded'): void {
    events.emit({ type: 'policy', action, digest: policy.digest, files: policy.files, diagnostics: [] })
    for (const detail of policy.warnings) events.emit({ type: 'policy-warning', detail })
  }

  function reload(): 'loaded' | 'kept' {
    seen = fingerprint(paths) // before the read: a change during it is seen as one more
    try {
      const fresh = readPolicy(readFiles(paths), clock)
      failure = undefined
      policy = fresh
      announce('reloaded')
      return 'loaded'
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      failure = error.detail
      const { digest, files } = policy
      events.emit({ type: 'policy', action: 'rejected', digest, files, diagnostics: error.detail.split('\n') })
      return 'kept'
    }
  }

  let changing: string | undefined

  /** Waits until two looks agree: while an editor or a copy is at work, half of a policy could compile. */
  function lookForChange(): void {
    const found = fingerprint(paths)
    if (found !== seen && found === changing) reload()
    changing = found
  }

  const timer = pollMs > 0 ? setInterval(lookForChange, pollMs) : undefined
  timer?.unref()
  return {
    current: () => policy,
    lastError: () => failure,
    reload,
    close: () => clearInterval(timer),
  }
}

function readPolicy(files: readonly TextFile[], clock: Clock): Policy {
  const loaded = loadPolicy(files, clock())
  if ('policy' in loaded) return loaded.policy
  throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
}
