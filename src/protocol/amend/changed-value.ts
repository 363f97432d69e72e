import type { YamlPath } from '../yaml/yaml-document.ts'
import type { YamlValue } from './yaml-value.ts'

/** One change of a plain value; every path is that before any of them. */
export type ValueChange =
  /** into the list at the path, before the item that has the index now */
  | { readonly kind: 'insert'; readonly path: YamlPath; readonly index: number; readonly value: YamlValue }
  | { readonly kind: 'put'; readonly path: YamlPath; readonly value: YamlValue }
  | { readonly kind: 'remove'; readonly path: YamlPath }

/** A plain value with some things changed: what a text has to mean after they were. */
export function changedValue(value: unknown, changes: readonly ValueChange[]): unknown {
  if (changes.length === 0) return value
  const [put] = changes.filter(({ kind, path }) => kind === 'put' && path.length === 0)
  if (put?.kind === 'put') return put.value
  const below = Map.groupBy(
    changes.filter(({ path }) => path.length > 0),
    ({ path: [part] }) => part,
  )
  const within = (part: string | number) =>
    (below.get(part) ?? []).map(change => ({ ...change, path: change.path.slice(1) }))
  const goes = (part: string | number) => within(part).some(({ kind, path }) => kind === 'remove' && path.length === 0)
  if (Array.isArray(value)) {
    const inserted = (at: number) =>
      changes.flatMap(change =>
        change.kind === 'insert' && change.path.length === 0 && change.index === at ? [change.value] : [],
      )
    return [
      ...value.flatMap((item: unknown, at) => [...inserted(at), ...(goes(at) ? [] : [changedValue(item, within(at))])]),
      ...inserted(value.length),
    ]
  }
  const mapping = (value ?? {}) as Readonly<Record<string, unknown>>
  const keys = new Set([...Object.keys(mapping), ...[...below.keys()].map(String)])
  return Object.fromEntries(
    [...keys].filter(key => !goes(key)).map(key => [key, changedValue(mapping[key], within(key))]),
  )
}
