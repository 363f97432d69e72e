import type { YamlPath } from '../yaml/yaml-document.ts'
import type { YamlValue } from './yaml-value.ts'

/** What becomes of the value at a path. `insert` is about the list there, the others about the value itself. */
export type ValueChange =
  | { readonly kind: 'insert'; readonly value: YamlValue; readonly index: number }
  | { readonly kind: 'put'; readonly value: YamlValue }
  | { readonly kind: 'remove' }

/** A plain value with one thing changed: what a text has to mean after it was. */
export function changedValue(value: unknown, path: YamlPath, change: ValueChange): unknown {
  const [part, ...rest] = path
  if (part === undefined) {
    if (change.kind === 'put') return change.value
    if (change.kind !== 'insert' || !Array.isArray(value)) throw new TypeError('a value is replaced by its holder')
    return value.toSpliced(change.index, 0, change.value)
  }
  const goes = rest.length === 0 && change.kind === 'remove'
  if (Array.isArray(value)) {
    const index = Number(part)
    return goes ? value.toSpliced(index, 1) : value.with(index, changedValue(value[index], rest, change))
  }
  const mapping = (value ?? {}) as Readonly<Record<string, unknown>>
  if (goes) return Object.fromEntries(Object.entries(mapping).filter(([key]) => key !== part))
  return { ...mapping, [part]: changedValue(mapping[part], rest, change) }
}
