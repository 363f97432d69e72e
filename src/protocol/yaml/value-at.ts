import type { YamlPath } from './yaml-document.ts'

/** What stands at a path of a document; `undefined` where nothing does. */
export function valueAt(value: unknown, path: YamlPath): unknown {
  let at = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Readonly<Record<string | number, unknown>>)[part]
  }
  return at
}
