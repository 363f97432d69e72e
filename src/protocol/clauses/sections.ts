import type { YamlDocument, YamlPath } from '../yaml/yaml-document.ts'

/** A value of the file with its place. */
export interface Placed<Value> {
  readonly value: Value
  readonly document: YamlDocument
  readonly path: YamlPath
}

interface Schema<Value> {
  safeParse(value: unknown): { readonly data?: Value | undefined }
}

/** A top-level key as it stands in the file, valid or not; `undefined` where it is absent. */
export function sectionAt(document: YamlDocument, key: string): unknown {
  return mapping(document.value)[key]
}

/** The mapping under a top-level key; empty when there is none. */
export function mappingAt(document: YamlDocument, key: string): Readonly<Record<string, unknown>> {
  return mapping(sectionAt(document, key))
}

/** The list under a top-level key, with the place of each item; empty when there is none. */
export function listAt(documents: readonly YamlDocument[], key: string): readonly Placed<unknown>[] {
  return documents.flatMap(document =>
    list(sectionAt(document, key)).map((value, index) => ({ value, document, path: [key, index] })),
  )
}

/** The items of a list that their schema has nothing against. */
export function readItems<Value>(
  documents: readonly YamlDocument[],
  key: string,
  schema: Schema<Value>,
): readonly Placed<Value>[] {
  return listAt(documents, key).flatMap(({ value, document, path }) => {
    const { data } = schema.safeParse(value)
    return data === undefined ? [] : [{ value: data, document, path }]
  })
}

/** The texts in the list `key` of an item, valid or not, with their places. */
export function textsAt({ value, document, path }: Placed<unknown>, key: string): readonly Placed<string>[] {
  return list(mapping(value)[key]).flatMap((entry, index) =>
    typeof entry === 'string' ? [{ value: entry, document, path: [...path, key, index] }] : [],
  )
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
