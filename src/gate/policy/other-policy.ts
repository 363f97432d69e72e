import { dirname, join } from 'node:path'
import type { Instant } from '../../domain/base/instant.ts'
import type { ReadPinsFile } from '../../protocol/clauses/named-pins.ts'
import type { ReadRoot } from '../../protocol/clauses/publisher.ts'
import { type LoadedPolicy, loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'

/** All that a policy was read from, by itself: what makes it again on another thread. */
export interface PolicyTexts {
  readonly files: readonly TextFile[]
  /** of what it names, by path */
  readonly roots: ReadonlyMap<string, ReturnType<ReadRoot>>
  readonly pins: ReadonlyMap<string, ReturnType<ReadPinsFile>>
  /** names of the sources of the configuration; `undefined`: whatever a policy names may be one */
  readonly sources: readonly string[] | undefined
}

const UNREAD = { wrong: 'is not read here: it is none that the policy in force names' }

/** The policy once more, and more files beside it. */
export function loadAgain(
  { files, roots, pins, sources }: PolicyTexts,
  now: Instant,
  beside: readonly TextFile[] = [],
): LoadedPolicy {
  return loadPolicy([...files, ...beside], now, known(roots), known(pins), sources)
}

/**
 * What other files would be in the place of the policy's own, in the same folder. What they name is as the policy read it; `given` stands for
 * every pins file, where it is there; more files may lie beside them. No other file is read.
 */
export function loadInstead(
  { files: own, roots, pins, sources }: PolicyTexts,
  files: readonly TextFile[],
  given: string | undefined,
  now: Instant,
  beside: readonly TextFile[] = [],
): LoadedPolicy {
  const folder = dirname(own[0]?.path ?? '.')
  const here = files.map(({ path, text }) => ({ path: join(folder, path), text }))
  return loadPolicy([...here, ...beside], now, known(roots), given === undefined ? known(pins) : () => given, sources)
}

function known<Found>(found: ReadonlyMap<string, Found>): (path: string) => Found | { readonly wrong: string } {
  return path => found.get(path) ?? UNREAD
}
