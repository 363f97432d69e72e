import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import type { ObservedPublisher, Publisher } from '../../domain/identity/publisher.ts'
import { publisherKeys } from '../../domain/identity/publisher-text.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Rule } from '../../domain/policy/policy.ts'
import { mergeAll, nameOf } from '../policy/write-publishers.ts'
import { addClauses, type NewClause } from './add-clauses.ts'
import { amended, type Clause, clausesOf, type DocumentPlace, type PolicyTexts, saidIn } from './policy-texts.ts'
import type { YamlEdit } from './yaml-edit.ts'
import type { YamlValue } from './yaml-value.ts'

/** Who signed files of a project that its rule does not name. */
export interface SignerNeed {
  readonly observed: ObservedPublisher
  /** of what they signed; empty where that was not looked at */
  readonly versions: readonly string[]
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
export interface NamedSigner extends Pick<SignerNeed, 'versions'> {
  readonly project: ProjectName
  /** key under `publishers`; `undefined` where it stands in the rule itself */
  readonly name: string | undefined
  readonly publisher: ObservedPublisher
  /** as a policy writes it */
  readonly written: Readonly<Record<string, YamlValue>>
  /** whether the policy had it before */
  readonly known: boolean
  /** how the project's rule calls those that it named before */
  readonly before: readonly string[]
  readonly rule: 'new' | 'extended'
}

/** Who signed, and what a rule says for it: a name, or the publisher itself. */
interface Said {
  readonly signer: SignerNeed
  readonly name: string | undefined
  readonly written: Readonly<Record<string, YamlValue>>
  readonly known: boolean
}

/**
 * Names for each project who signed it: a publisher that the policy has where one is the same; else a new one, by name where
 * several projects share it, and in the rule itself where they do not. The rule is that of the project, and else a new one
 * that says what the rule said which decided it before.
 */
export function addPublishers(
  texts: PolicyTexts,
  into: DocumentPlace,
  needs: readonly ProjectNeed[],
): { readonly texts: PolicyTexts; readonly named: readonly NamedSigner[]; readonly bare: readonly ProjectName[] } {
  const book = new PublisherBook(texts, needs)
  const rules = Map.groupBy(clausesOf(texts, 'projects'), ({ name }) => name)
  const added: NewClause[] = []
  const edits: (YamlEdit & { readonly file: string })[] = []
  const named: NamedSigner[] = []
  for (const { project, rule, signers } of needs) {
    const said = signers.map(signer => book.say(signer))
    const items = said.map(({ name, written }) => name ?? written)
    const own = (rules.get(project) ?? []).filter(clause => isOfSource(clause, rule))
    const wider =
      own.length > 0 || rule?.match === undefined
        ? undefined
        : rules.get(rule.match)?.find(clause => isOfSource(clause, rule))
    if (own.length > 0) edits.push(...own.flatMap(clause => extend(clause, items)))
    else added.push(newRule(project, wider, items))
    const before = (rule?.publishers ?? []).map(({ label }) => label)
    for (const { signer, name, written, known } of said)
      named.push({
        project,
        versions: signer.versions,
        name,
        publisher: signer.observed,
        written,
        known,
        before,
        rule: own.length > 0 ? 'extended' : 'new',
      })
  }
  const bare = needs.filter(({ signers }) => signers.length === 0).map(({ project }) => project)
  return { texts: addClauses(amended(texts, edits), into, [...book.added, ...added]), named, bare }
}

/** Whether the clause is for the files that the rule decides. */
function isOfSource({ value }: Clause, rule: Rule | undefined): boolean {
  return saidIn(value, 'source') === (rule?.source ?? '')
}

/** The named publishers of a policy, and those that come to it. */
class PublisherBook {
  readonly #known: readonly Clause[]
  readonly #compiled: ReadonlyMap<string, Publisher>
  readonly #observed: readonly ObservedPublisher[]
  readonly #added = new Map<string, NewClause>()

  constructor(texts: PolicyTexts, needs: readonly ProjectNeed[]) {
    this.#known = clausesOf(texts, 'publishers')
    const named = needs.flatMap(({ rule }) => rule?.publishers ?? [])
    this.#compiled = new Map(named.map(publisher => [publisher.label, publisher] as const))
    this.#observed = needs.flatMap(({ signers }) => signers.map(({ observed }) => observed))
  }

  get added(): readonly NewClause[] {
    return [...this.#added.values()]
  }

  say(signer: SignerNeed): Said {
    const { observed } = signer
    const same = this.#known.find(({ name, value }) => isSame(value, signer, this.#compiled.get(name)))
    if (same !== undefined) return { signer, name: same.name, written: writtenAs(observed), known: true }
    const sharing = this.#observed.filter(other => mergeAll([observed, other]).length === 1)
    const written = writtenAs(mergeAll(sharing)[0] ?? observed)
    if (sharing.length < 2) return { signer, name: undefined, written, known: false }
    const name = this.#nameFor(observed, written)
    this.#added.set(name, { key: 'publishers', name, value: written })
    return { signer, name, written, known: false }
  }

  #nameFor(observed: ObservedPublisher, written: NewClause['value']): string {
    const stem = nameOf(observed)
    let name = stem
    for (let number = 2; ; number += 1) {
      const own = this.#added.get(name)
      if (own !== undefined && isDeepStrictEqual(own.value, written)) return name
      if (own === undefined && !this.#known.some(known => known.name === name)) return name
      name = `${stem}-${number}`
    }
  }
}

function newRule(project: ProjectName, wider: Clause | undefined, items: readonly YamlValue[]): NewClause {
  const { match: _, publishers = [], ...said } = wider?.value ?? { match: project }
  const all = [...(Array.isArray(publishers) ? publishers : []), ...items]
  const naming = all.length === 0 ? {} : { publishers: all }
  return { key: 'projects', name: project, value: { match: project, ...naming, ...said } }
}

function extend(
  { file, place, value }: Clause,
  items: readonly YamlValue[],
): readonly (YamlEdit & { readonly file: string })[] {
  const { publishers } = value
  const there: readonly YamlValue[] = Array.isArray(publishers) ? publishers : []
  const fresh = items.filter(item => !there.some(known => isDeepStrictEqual(known, item)))
  if (fresh.length === 0) return []
  if (!Array.isArray(publishers)) {
    const position = { after: Object.keys(value).indexOf('match') }
    return [{ kind: 'pair', file, place, key: 'publishers', value: fresh, position }]
  }
  const list = { ...place, path: [...place.path, 'publishers'] }
  const position = { after: publishers.length - 1 }
  return fresh.map(item => ({ kind: 'item', file, place: list, value: item, position }))
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
