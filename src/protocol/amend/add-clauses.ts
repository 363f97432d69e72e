import {
  amended,
  type Clause,
  type ClauseKey,
  clausesOf,
  type DocumentPlace,
  keysOf,
  type PolicyTexts,
} from './policy-texts.ts'
import type { Position, YamlEdit } from './yaml-edit.ts'
import type { YamlValue } from './yaml-value.ts'

/** A rule, an exemption or a publisher that is new. */
export interface NewClause {
  readonly key: Exclude<ClauseKey, 'tests'>
  /** `match`, `id`, or the name of a publisher */
  readonly name: string
  readonly value: Readonly<Record<string, YamlValue>>
}

/** Keys in the order in which a policy that is read aloud has them. */
const ORDER = [
  'version',
  'mode',
  'contact',
  'defaults',
  'publishers',
  'projects',
  'exemptions',
  'limits',
  'revocations',
  'tests',
]

/** Adds clauses to one document of the policy, each where the order of its kind has it. */
export function addClauses(texts: PolicyTexts, into: DocumentPlace, clauses: readonly NewClause[]): PolicyTexts {
  const { file, document } = into
  const keys = keysOf(texts, into)
  const edits = [...Map.groupBy(clauses, ({ key }) => key)].flatMap(([key, own]): readonly YamlEdit[] => {
    const sorted = own.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    if (!keys.includes(key)) {
      const place = { document, path: [] }
      return [{ kind: 'pair', place, key, value: sectionOf(key, sorted), position: positionOfKey(key, keys) }]
    }
    const known = clausesOf(texts, key).filter(clause => clause.file === file && clause.place.document === document)
    const place = { document, path: [key] }
    return sorted.map(clause => {
      const position = positionIn(known, clause)
      return key === 'publishers'
        ? { kind: 'pair', place, key: clause.name, value: clause.value, position }
        : { kind: 'item', place, value: clause.value, position }
    })
  })
  return amended(
    texts,
    edits.map(edit => ({ ...edit, file })),
  )
}

function sectionOf(key: NewClause['key'], clauses: readonly NewClause[]): YamlValue {
  return key === 'publishers'
    ? Object.fromEntries(clauses.map(({ name, value }) => [name, value]))
    : clauses.map(({ value }) => value)
}

/** Behind the last key that comes before it. */
function positionOfKey(key: string, keys: readonly string[]): Position {
  const before = new Set(ORDER.slice(0, ORDER.indexOf(key)))
  return { after: keys.findLastIndex(known => before.has(known)) }
}

/**
 * Behind the last of its like that comes before it by name, where those are in order: rules that name publishers and rules that
 * name none often stand apart, below a comment each. Else at the end of them.
 */
function positionIn(known: readonly Clause[], clause: NewClause): Position {
  const like = [...known.entries()].filter(([, { value }]) => sortOf(value) === sortOf(clause.value))
  const last = like.at(-1)
  if (last === undefined) return sortOf(clause.value) === 'signed' ? { after: -1 } : { after: known.length - 1 }
  const sorted = like.every(([, { name }], index) => index === 0 || (like[index - 1]?.[1].name ?? '') <= name)
  if (!sorted) return { after: last[0] }
  const before = like.findLast(([, { name }]) => name < clause.name)
  return before === undefined ? { before: like[0]?.[0] ?? 0 } : { after: before[0] }
}

function sortOf({ publishers }: NewClause['value']): 'signed' | 'bare' {
  return publishers === undefined ? 'bare' : 'signed'
}
