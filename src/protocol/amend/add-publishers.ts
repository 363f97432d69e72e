import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import type { ObservedPublisher, Publisher } from '../../domain/identity/publisher.ts'
import { publisherKeys } from '../../domain/identity/publisher-text.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Rule } from '../../domain/policy/policy.ts'
import { longName, shortName } from '../policy/write.ts'
import { addClauses, type NewClause } from './add-clauses.ts'
import { amended, type Clause, clausesOf, type DocumentPlace, type PolicyTexts } from './policy-texts.ts'
import type { YamlEdit } from './yaml-edit.ts'
import type { YamlValue } from './yaml-value.ts'

/** Who signed files of a project that its rule does not name. */
export interface SignerNeed {
  readonly observed: ObservedPublisher
  /** whether a publisher of the policy would do for all these files */
  fits(publisher: Publisher): boolean
}

/** A project whose rule has to name somebody more, or that has to have a rule. */
export interface ProjectNeed {
  readonly project: ProjectName
  /** the rule that decides it now */
  readonly rule: Rule | undefined
  /** empty where it is enough that there is a rule */
  readonly signers: readonly SignerNeed[]
}

/** What became of a need. */
export interface NamedSigner {
  readonly project: ProjectName
  /** key under `publishers` */
  readonly name: string
  readonly publisher: ObservedPublisher
  /** as a policy writes it */
  readonly written: Readonly<Record<string, YamlValue>>
  /** whether the policy had it before */
  readonly known: boolean
  /** how the project's rule calls those that it named before */
  readonly before: readonly string[]
  readonly rule: 'new' | 'extended'
}

/**
 * Names for each project who signed it: a publisher that the policy has where one is the same, and else a new one; in the rule of
 * the project, and else in a new one that says what the rule said which decided it before.
 */
export function addPublishers(
  texts: PolicyTexts,
  into: DocumentPlace,
  needs: readonly ProjectNeed[],
): { readonly texts: PolicyTexts; readonly named: readonly NamedSigner[]; readonly bare: readonly ProjectName[] } {
  const known = clausesOf(texts, 'publishers')
  const taken = new Map(known.map(({ name, value }) => [name, value]))
  const rules = Map.groupBy(clausesOf(texts, 'projects'), ({ name }) => name)
  const compiled = new Map(
    needs.flatMap(({ rule }) => rule?.publishers ?? []).map(publisher => [publisher.label, publisher] as const),
  )
  const added: NewClause[] = []
  const edits: (YamlEdit & { readonly file: string })[] = []
  const named: NamedSigner[] = []
  const bare: ProjectName[] = []
  for (const { project, rule, signers } of needs) {
    const names = signers.map(signer => {
      const same = [...taken].find(([name, value]) => isSame(value, signer, compiled.get(name)))?.[0]
      const name = same ?? freshName(signer.observed, taken)
      const value = writtenAs(signer.observed)
      if (same === undefined) {
        taken.set(name, value)
        added.push({ key: 'publishers', name, value })
      }
      return { name, publisher: signer.observed, written: value, known: known.some(it => it.name === same) }
    })
    const own = rules.get(project) ?? []
    const wider = own.length > 0 || rule?.match === undefined ? undefined : rules.get(rule.match)?.[0]
    const before = (rule?.publishers ?? []).map(({ label }) => label)
    for (const it of names) named.push({ project, ...it, before, rule: own.length > 0 ? 'extended' : 'new' })
    if (own.length > 0)
      edits.push(
        ...own.flatMap(clause =>
          extend(
            clause,
            names.map(({ name }) => name),
          ),
        ),
      )
    else
      added.push(
        newRule(
          project,
          wider,
          names.map(({ name }) => name),
        ),
      )
    if (names.length === 0) bare.push(project)
  }
  return { texts: addClauses(amended(texts, edits), into, added), named, bare }
}

function newRule(project: ProjectName, wider: Clause | undefined, names: readonly string[]): NewClause {
  const { match: _, publishers = [], ...said } = wider?.value ?? { match: project }
  const all = [...(Array.isArray(publishers) ? publishers : []), ...names]
  const naming = all.length === 0 ? {} : { publishers: all }
  return { key: 'projects', name: project, value: { match: project, ...naming, ...said } }
}

function extend(
  { file, place, value }: Clause,
  names: readonly string[],
): readonly (YamlEdit & { readonly file: string })[] {
  const { publishers } = value
  const fresh = names.filter(name => !(Array.isArray(publishers) && publishers.includes(name)))
  if (fresh.length === 0) return []
  if (!Array.isArray(publishers)) {
    const position = { after: Object.keys(value).indexOf('match') }
    return [{ kind: 'pair', file, place, key: 'publishers', value: fresh, position }]
  }
  const list = { ...place, path: [...place.path, 'publishers'] }
  const position = { after: publishers.length - 1 }
  return fresh.map(name => ({ kind: 'item', file, place: list, value: name, position }))
}

function writtenAs(publisher: ObservedPublisher): Readonly<Record<string, YamlValue>> {
  return parse(publisherKeys(publisher).join('\n'), { schema: 'core' }) as Readonly<Record<string, YamlValue>>
}

/** Says at least what was observed; what it demands besides must hold for the files. */
function isSame(written: Clause['value'], { observed, fits }: SignerNeed, compiled: Publisher | undefined): boolean {
  const wanted = Object.entries(writtenAs(observed))
  const says = wanted.every(([key, value]) => {
    const own = written[key]
    if (key !== 'ref') return isDeepStrictEqual(own, value)
    const [refs, seen] = [listOf(own), listOf(value)]
    return own === undefined || seen.every(ref => refs.some(known => isDeepStrictEqual(known, ref)))
  })
  if (!says) return false
  const more = Object.keys(written).some(key => key !== 'ref' && !wanted.some(([known]) => known === key))
  return !more || (compiled !== undefined && fits(compiled))
}

function listOf(value: YamlValue | undefined): readonly YamlValue[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}

function freshName(publisher: ObservedPublisher, taken: ReadonlyMap<string, unknown>): string {
  const [short, long] = [shortName(publisher).slice(0, 58), longName(publisher).slice(0, 58)]
  if (!taken.has(short)) return short
  let name = long
  for (let number = 2; taken.has(name); number += 1) name = `${long}-${number}`
  return name
}
