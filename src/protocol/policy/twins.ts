import type { Publisher } from '../../domain/identity/publisher.ts'
import type { Exemption } from '../../domain/policy/policy.ts'
import type { ReadExemption } from '../clauses/exemption.ts'
import type { NamedPublisher } from '../clauses/publisher.ts'
import type { ReadRule } from '../clauses/rule.ts'
import type { Placed } from '../clauses/sections.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'

/** What a clause says, key by key, in a form in which equal means the same. */
type Meaning = Readonly<Record<string, unknown>>

interface Kind<Read> {
  /** what two of them may not share without being equal */
  readonly name: (read: Read) => string
  readonly meaning: (read: Read) => Meaning
  /** says that a clause differs from the first of its name, and in which keys */
  readonly tell: (read: Read, first: Read, differences: string) => Diagnostic
}

export interface Merged<Read> {
  /** one of each name: the first */
  readonly kept: readonly Read[]
  /** those of them that another contradicts: nothing that follows from them is worth saying */
  readonly doubtful: ReadonlySet<Read>
}

/** Equal twins are one, whatever files they stand in. That two are unequal is one diagnostic, with both places. */
function merge<Read extends Placed<unknown>>(
  reads: readonly Read[],
  { name, meaning, tell }: Kind<Read>,
  diagnostics: Diagnostic[],
): Merged<Read> {
  const first = new Map<string, Read>()
  const doubtful = new Set<Read>()
  for (const read of reads) {
    const twin = first.get(name(read))
    if (twin === undefined) {
      first.set(name(read), read)
      continue
    }
    const differences = differencesOf(meaning(twin), meaning(read))
    if (differences === '') continue
    doubtful.add(twin)
    diagnostics.push(tell(read, twin, differences))
  }
  return { kept: [...first.values()], doubtful }
}

export function mergePublishers(
  publishers: readonly NamedPublisher[],
  diagnostics: Diagnostic[],
): Merged<NamedPublisher> {
  const kind: Kind<NamedPublisher> = {
    name: ({ name }) => name,
    // what could not be read was told already
    meaning: ({ publisher }) => (publisher === undefined ? {} : meaningOf(publisher)),
    tell: ({ document, path, name, value }, first) => {
      const written = differencesOf(keysOf(first.value), keysOf(value))
      const differences = written === '' ? 'trusted_root' : written // the same words, read from two folders
      return document.atKey(
        path,
        `the publisher "${name}" stands in ${placeOf(first)} too, and differs in ${differences}`,
      )
    },
  }
  const readable = publishers.filter(({ publisher }) => publisher !== undefined)
  const merged = merge(readable, kind, diagnostics)
  const names = new Set(merged.kept.map(({ name }) => name))
  return { ...merged, kept: [...merged.kept, ...publishers.filter(({ name }) => !names.has(name))] }
}

export function mergeRules(rules: readonly ReadRule[], diagnostics: Diagnostic[]): Merged<ReadRule> {
  return merge(
    rules,
    {
      name: ({ rule }) => `${rule.match} ${rule.source ?? ''}`,
      meaning: ({ rule, value }) => ({
        ...value,
        match: rule.match,
        publishers: rule.publishers?.map(publisher => stable(meaningOf(publisher))),
      }),
      tell: ({ document, path, rule }, first, differences) =>
        document.at(
          [...path, 'match'],
          `${placeOf(first)} matches the same: "${rule.match}", and differs in ${differences}`,
        ),
    },
    diagnostics,
  )
}

/** Pins are compared, not the files that they stand in. */
export function mergeExemptions(
  exemptions: readonly ReadExemption[],
  diagnostics: Diagnostic[],
): Merged<ReadExemption> {
  return merge(
    exemptions,
    {
      name: ({ exemption }) => exemption.id,
      meaning({ exemption, value: { versions, match } }) {
        const { waive, reason, owner, ticket, ends: expires, pins, pinsFile } = exemption
        const bytes = { [pinsFile === undefined ? 'files' : 'pins']: meaningOfPins(pins) }
        return { waive, reason, owner, ticket, expires, versions, match: match ?? '*', ...bytes }
      },
      tell: ({ document, path, exemption: { id } }, first, differences) =>
        document.at(
          [...path, 'id'],
          `the exemption "${id}" stands in ${placeOf(first)} already, and differs in ${differences}`,
        ),
    },
    diagnostics,
  )
}

/** Sections that stand once, however often they are written: the first, unless another contradicts it. */
export function mergeSections(
  key: string,
  sections: readonly Placed<unknown>[],
  diagnostics: Diagnostic[],
): Merged<Placed<unknown>> {
  return merge(
    sections,
    {
      name: () => key,
      meaning: ({ value }) => keysOf(value),
      tell: ({ document }, first, differences) => {
        const told = differences === 'value' ? '' : `, and differs in ${differences}`
        return document.atKey([key], `"${key}" stands in ${placeOf(first)} already${told}`)
      },
    },
    diagnostics,
  )
}

function keysOf(value: unknown): Meaning {
  return typeof value === 'object' && value !== null ? { ...value } : { value }
}

function placeOf({ document, path }: Placed<unknown>): string {
  const { file, line } = document.atKey(path, '')
  return `${file}:${line}`
}

/** The keys of which the two say different things, for people; empty where they are equal. */
function differencesOf(one: Meaning, other: Meaning): string {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return keys.filter(key => stable(one[key]) !== stable(other[key])).join(', ')
}

/** A publisher is who it is, whatever a policy calls it. */
function meaningOf(publisher: Publisher): Meaning {
  return { ...publisher, label: undefined }
}

function meaningOfPins(pins: Exemption['pins']): readonly string[] {
  return [...pins].flatMap(([project, own]) =>
    own.by === 'file'
      ? [...own.files].map(([filename, sha256]) => `${project} ${filename} ${sha256}`)
      : [...own.releases].flatMap(([version, hashes]) => [...hashes].map(sha256 => `${project}==${version} ${sha256}`)),
  )
}

/** JSON in which neither the order of keys nor that of words counts. */
function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) => {
      if (Array.isArray(part)) return part.every(item => typeof item === 'string') ? [...part].sort() : part
      if (typeof part !== 'object' || part === null) return part
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
    }) ?? ''
  )
}
