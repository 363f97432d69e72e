import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Events } from '../../observe/events.ts'
import type { ReadPinsFile } from '../../protocol/clauses/named-pins.ts'
import type { ReadRoot } from '../../protocol/clauses/publisher.ts'
import { type LoadedPolicy, loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'
import type { PolicyTexts } from './other-policy.ts'
import { fingerprintOf, readPinsFile, readPolicyFiles } from './policy-files.ts'

/** The policy in force. */
export interface Policies {
  current(): Policy
  /** Why the last reload was rejected; `undefined` when what is on disk is in force. */
  lastError(): string | undefined
  /** Why nobody knows at present what is approved beside the files; `undefined`, or absent: it is known. */
  unread?(): GateError | undefined
}

export interface ReloadingPolicies extends Policies {
  /** Reads the files again. What does not compile is told, and changes nothing; so does what is the same. */
  reload(): 'loaded' | 'unchanged' | 'kept'
  /** The pins files that the policy in force was read with. */
  pinsFiles(): readonly TextFile[]
  /** What the policy in force would be with these files beside it; what it names is as it was when it was read. */
  beside(files: readonly TextFile[]): LoadedPolicy
  /** All that the policy in force was read from. */
  texts(): PolicyTexts
  /** Stops looking for changes. */
  close(): void
}

interface Options {
  /** files or folders */
  readonly paths: readonly string[]
  readonly clock: Clock
  readonly events: Events
  readonly readRoot: ReadRoot
  readonly readPins?: ReadPinsFile
  /** names of the sources of the configuration; default: whatever a policy names may be one */
  readonly sources?: readonly string[] | undefined
  /** how often to look for changes; 0 never looks */
  readonly pollMs?: number
  readonly readFiles?: (paths: readonly string[]) => readonly TextFile[]
  readonly fingerprint?: (paths: readonly string[]) => string
}

const POLL_MS = 2_000

type Read = Extract<LoadedPolicy, { policy: Policy }> & {
  readonly again: ReloadingPolicies['beside']
  readonly texts: PolicyTexts
}

/**
 * Loads the policy and keeps it: a reload that fails keeps the last good one, says so in an event and in `lastError`.
 * Changes are found by polling, because what a container mounts announces nothing reliably.
 *
 * @throws GateError `policy-invalid` with every diagnostic, one a line, when the first load fails
 */
export function createPolicies(options: Options): ReloadingPolicies {
  const { paths, clock, events, readRoot, sources, pollMs = POLL_MS } = options
  const { readFiles = readPolicyFiles, readPins = readPinsFile, fingerprint = fingerprintOf } = options
  /** beside the policy: whatever it named when it was read last, so that mending one of them mends the policy */
  let beside: ReadonlySet<string> = new Set()
  const look = (): string => fingerprint([...paths, ...beside])
  let seen = look()
  let { policy, contents, again, texts } = read()
  let failure: string | undefined
  announce('loaded', undefined)

  function read(): Read {
    const files = readFiles(paths)
    const named = new Set<string>()
    const [roots, pinned] = [new Map<string, ReturnType<ReadRoot>>(), new Map<string, ReturnType<ReadPinsFile>>()]
    const noting =
      <Found>(readFile: (path: string) => Found, known: Map<string, Found>) =>
      (path: string): Found => {
        named.add(path)
        const found = known.get(path) ?? readFile(path)
        known.set(path, found)
        return found
      }
    const [root, pins] = [noting(readRoot, roots), noting(readPins, pinned)]
    const loaded = loadPolicy(files, clock(), root, pins, sources)
    // what is new is looked at from now on; the next look takes that for a change, and finds none
    beside = named
    if (!('policy' in loaded))
      throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
    return {
      ...loaded,
      again: more => loadPolicy([...files, ...more], clock(), root, pins, sources),
      texts: { files, roots, pins: pinned, sources },
    }
  }

  function announce(action: 'loaded' | 'reloaded', before: string | undefined): void {
    const { digest, files } = policy
    events.emit({ type: 'policy', action, digest, before, files, diagnostics: [] })
    for (const detail of policy.warnings) events.emit({ type: 'policy-warning', detail })
  }

  function reload(): 'loaded' | 'unchanged' | 'kept' {
    seen = look() // before the read: a change during it is seen as one more
    try {
      const fresh = read()
      const recovered = failure !== undefined
      failure = undefined
      const before = policy.digest
      if (fresh.policy.digest === before && !recovered) return 'unchanged'
      ;({ policy, contents, again, texts } = fresh)
      announce('reloaded', before)
      return 'loaded'
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      failure = error.detail
      const { digest, files } = policy
      const diagnostics = error.detail.split('\n')
      events.emit({ type: 'policy', action: 'rejected', digest, before: digest, files, diagnostics })
      return 'kept'
    }
  }

  let changing: string | undefined

  /** Waits until two looks agree: while an editor or a copy is at work, half of a policy could compile. */
  function lookForChange(): void {
    const found = look()
    if (found !== seen && found === changing) reload()
    changing = found
  }

  const timer = pollMs > 0 ? setInterval(lookForChange, pollMs) : undefined
  timer?.unref()
  return {
    current: () => policy,
    lastError: () => failure,
    reload,
    beside: files => again(files),
    texts: () => texts,
    pinsFiles: () => contents.pinsFiles.map(({ path, text }) => ({ path, text })),
    close: () => clearInterval(timer),
  }
}
