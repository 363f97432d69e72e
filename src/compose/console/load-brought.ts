import { posix } from 'node:path'
import type { Instant } from '../../domain/base/instant.ts'
import { type LoadedPolicy, loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'

/** A policy that somebody brings, with the pins files that it names. */
export interface Brought {
  readonly files: readonly TextFile[]
  /** by the path that it names them by */
  readonly pins: ReadonlyMap<string, string>
}

/** A folder that there is not: what a policy names that somebody brings is found among what he brings with it. */
const BROUGHT = '/brought'

/** Reads it as strictly as the gate reads its own, and more files beside it; what it names lies among its pins, or nowhere. */
export function loadBrought(
  { files, pins }: Brought,
  { now, sources }: { readonly now: Instant; readonly sources: readonly string[] | undefined },
  beside: readonly TextFile[] = [],
): LoadedPolicy {
  const lying = new Map([...pins].map(([path, text]) => [posix.resolve(BROUGHT, path), text]))
  const loaded = loadPolicy(
    [...files.map(({ path, text }) => ({ path: posix.resolve(BROUGHT, path), text })), ...beside],
    now,
    () => ({ wrong: 'cannot be read here: a policy that is sent brings no trusted root' }),
    path => lying.get(path) ?? { wrong: 'was not sent beside the policy' },
    sources,
  )
  if ('policy' in loaded) return loaded
  const [one, ...more] = loaded.diagnostics
  const named = (diagnostic: typeof one): typeof one => ({
    ...diagnostic,
    file: diagnostic.file.replace(`${BROUGHT}/`, ''),
    message: diagnostic.message.replaceAll(`${BROUGHT}/`, ''),
  })
  return { diagnostics: [named(one), ...more.map(named)] }
}
