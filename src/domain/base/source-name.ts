import type { Brand } from './brand.ts'

/** What the configuration calls a source: `pypi`, `acme`. */
export type SourceName = Brand<string, 'SourceName'>

/** What a source, or an index, may be called. */
export const SOURCE_NAME = /^[a-z][a-z0-9-]{0,31}$/

export function trySourceName(text: string): SourceName | undefined {
  return SOURCE_NAME.test(text) ? (text as SourceName) : undefined
}
