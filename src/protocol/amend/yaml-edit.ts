import type { YamlPath } from '../yaml/yaml-document.ts'
import type { YamlValue } from './yaml-value.ts'

/** A place in a file of one or several documents. */
export interface YamlPlace {
  /** from 0 */
  readonly document: number
  readonly path: YamlPath
}

/** Where in its list or mapping something new stands; `after: -1` is before everything, its comments included. */
export type Position = { readonly after: number } | { readonly before: number }

/** The index of the item that the new one pushes on. */
export function indexOf(position: Position): number {
  return 'after' in position ? position.after + 1 : position.before
}

/** Places and positions are those before any of the edits that are made together. */
export type YamlEdit =
  /** an item of the list at the place, which is there */
  | { readonly kind: 'item'; readonly place: YamlPlace; readonly value: YamlValue; readonly position: Position }
  /** a key of the mapping at the place, which is there */
  | {
      readonly kind: 'pair'
      readonly place: YamlPlace
      readonly key: string
      readonly value: YamlValue
      readonly position: Position
    }
  /** another text in the place of one, with the quotes that it has */
  | { readonly kind: 'text'; readonly place: YamlPlace; readonly value: string }
  /**
   * What stands at the place goes, with the list or mapping that would be left empty; and the comment right above it where `owns`
   * says of its text that it is about nothing else.
   */
  | { readonly kind: 'remove'; readonly place: YamlPlace; readonly owns: (comment: string) => boolean }
