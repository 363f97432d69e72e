import { dirname, resolve } from 'node:path'
import { parseMatch } from '../clauses/match.ts'
import type { TextFile } from '../yaml/yaml-document.ts'
import { amendYaml } from './amend-yaml.ts'
import { valuesOf } from './parsed-yaml.ts'
import type { YamlEdit, YamlPlace } from './yaml-edit.ts'
import type { YamlValue } from './yaml-value.ts'

/** The texts that a policy is made of. */
export interface PolicyTexts {
  /** policy files, in the order in which they are read */
  readonly yaml: readonly TextFile[]
  /** pins files by their absolute paths; those whose text is empty are to go */
  readonly pins: ReadonlyMap<string, string>
}

export type ClauseKey = 'projects' | 'exemptions' | 'publishers' | 'tests'

/** A rule, an exemption, a test or a publisher as it is written. */
export interface Clause {
  /** path of the policy file */
  readonly file: string
  readonly place: YamlPlace
  /** `match` of a rule in normal form, `id` of an exemption, name of a publisher */
  readonly name: string
  readonly value: Readonly<Record<string, YamlValue>>
}

/** One of the documents of the policy files. */
export interface DocumentPlace {
  readonly file: string
  readonly document: number
}

/** Every clause of a kind, in the order of the files. */
export function clausesOf({ yaml }: Pick<PolicyTexts, 'yaml'>, key: ClauseKey): readonly Clause[] {
  return yaml.flatMap(file =>
    valuesOf(file).flatMap((value, document) =>
      membersOf(value, key).map(([part, member]) => ({
        file: file.path,
        place: { document, path: [key, part] },
        name: nameOf(key, part, member),
        value: member,
      })),
    ),
  )
}

function membersOf(document: unknown, key: ClauseKey): readonly (readonly [string | number, Clause['value']])[] {
  const section = mapping(document)[key]
  if (Array.isArray(section)) return section.map((item: unknown, index) => [index, mapping(item)])
  return Object.entries(mapping(section)).map(([name, value]) => [name, mapping(value)])
}

function nameOf(key: ClauseKey, part: string | number, value: Clause['value']): string {
  if (key === 'publishers') return String(part)
  if (key === 'exemptions') return saidIn(value, 'id')
  const match = parseMatch(saidIn(value, 'match'))
  return typeof match === 'string' ? match : saidIn(value, 'match')
}

/** The text that a clause has under a key; empty where it has none. */
export function saidIn(value: Clause['value'], key: string): string {
  const said = value[key]
  return typeof said === 'string' ? said : ''
}

/** The keys of a document in their order. */
export function keysOf({ yaml }: Pick<PolicyTexts, 'yaml'>, { file, document }: DocumentPlace): readonly string[] {
  const found = yaml.find(({ path }) => path === file)
  return found === undefined ? [] : Object.keys(mapping(valuesOf(found)[document]))
}

/** Every document of the files that says something. */
export function documentsIn({ yaml }: Pick<PolicyTexts, 'yaml'>): readonly DocumentPlace[] {
  return yaml.flatMap(file =>
    valuesOf(file).flatMap((value, document) => (value === null ? [] : [{ file: file.path, document }])),
  )
}

/** The texts with some edits made in the files that they name. */
export function amended(texts: PolicyTexts, edits: readonly (YamlEdit & { readonly file: string })[]): PolicyTexts {
  const byFile = Map.groupBy(edits, ({ file }) => file)
  return { ...texts, yaml: texts.yaml.map(file => amendYaml(file, byFile.get(file.path) ?? [])) }
}

/** Where the pins file of an exemption stands, absolute; `undefined` where it has none. */
export function pinsPathOf({ file, value: { pins } }: Clause): string | undefined {
  return typeof pins === 'string' ? resolve(dirname(file), pins) : undefined
}

function mapping(value: unknown): Readonly<Record<string, YamlValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, YamlValue>>)
    : {}
}
