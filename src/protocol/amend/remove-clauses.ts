import { tryProjectName } from '../../domain/packaging/name.ts'
import { readPins } from '../clauses/pins.ts'
import { UNSIGNED } from '../policy/write.ts'
import { changePins } from '../policy/write-pins.ts'
import { amended, type Clause, clausesOf, type PolicyTexts, pinsPathOf, saidIn } from './policy-texts.ts'
import type { YamlValue } from './yaml-value.ts'

/** What is taken out of a policy because no lock has its project. */
export interface Removed {
  /** `match` of rules */
  readonly rules: readonly string[]
  /** ids of exemptions */
  readonly exemptions: readonly string[]
  /** names of publishers that nothing names any more */
  readonly publishers: readonly string[]
  /** `name==version` of pins files that stay */
  readonly pins: readonly string[]
}

/**
 * Takes out rules, exemptions, pins and publishers of every project that is not `used`. A rule that denies stays, and so does one
 * that `decidesAlone` tells would leave its project to another rule: taking it out could admit more.
 */
export function removeUnused(
  texts: PolicyTexts,
  used: ReadonlySet<string>,
  decidesAlone: (match: string) => boolean,
): { readonly texts: PolicyTexts; readonly removed: Removed } {
  const rules = clausesOf(texts, 'projects').filter(
    ({ name, value }) => !name.includes('*') && !used.has(name) && value['deny'] === undefined && decidesAlone(name),
  )
  const pruned = prunePins(texts, used)
  const exemptions = clausesOf(texts, 'exemptions').filter(clause => {
    const path = pinsPathOf(clause)
    if (path !== undefined) return pruned.pins.get(path) === ''
    const project = tryProjectName(saidIn(clause.value, 'project'))
    return project !== undefined && !used.has(project)
  })
  const taken = takeOut({ ...texts, pins: pruned.pins }, [...rules, ...exemptions])
  const without = rules.length === 0 ? taken : withoutIdleRemarks(taken)
  const publishers = noLongerNamed(texts, without)
  return {
    texts: takeOut(without, publishers),
    removed: {
      rules: namesOf(rules),
      exemptions: namesOf(exemptions),
      publishers: namesOf(publishers),
      pins: pruned.removed,
    },
  }
}

const IDLE_REMARK = new RegExp(String.raw`^[ \t]*# ${UNSIGNED}\r?\n(?![ \t]*(?:-|#))`, 'm')

/** The remark that a policy begins with above rules that name nobody goes where it stands above nothing. */
function withoutIdleRemarks(texts: PolicyTexts): PolicyTexts {
  return { ...texts, yaml: texts.yaml.map(({ path, text }) => ({ path, text: text.replace(IDLE_REMARK, '') })) }
}

/** A comment that begins with the name of a clause goes with it, where it names no other. */
function takeOut(texts: PolicyTexts, clauses: readonly Clause[]): PolicyTexts {
  const names = new Set(clausesOf(texts, 'projects').map(({ name }) => name))
  return amended(
    texts,
    clauses.map(({ file, place, name }) => {
      const owns = (comment: string) => {
        const [first, ...others] = wordsIn(comment)
        return first === name.toLowerCase() && !others.some(word => word !== first && names.has(word))
      }
      return { kind: 'remove', file, place, owns }
    }),
  )
}

function wordsIn(comment: string): readonly string[] {
  const words = comment.toLowerCase().split(/[^a-z0-9._-]+/)
  return words.map(word => word.replace(/[.:]+$/, '')).filter(word => word !== '')
}

function namesOf(clauses: readonly Clause[]): readonly string[] {
  return [...new Set(clauses.map(({ name }) => name))]
}

interface PrunedPins {
  readonly pins: ReadonlyMap<string, string>
  readonly removed: readonly string[]
}

/** A file that would pin nothing has no text any more. */
function prunePins({ pins }: PolicyTexts, used: ReadonlySet<string>): PrunedPins {
  const removed: string[] = []
  const left = [...pins].map(([path, text]): readonly [string, string] => {
    const { releases } = readPins(text)
    const gone = releases.filter(({ project }) => !used.has(project))
    if (gone.length === 0) return [path, text]
    if (gone.length === releases.length) return [path, '']
    removed.push(...gone.map(({ project, version }) => `${project}==${version}`))
    return [path, changePins(text, { add: [], remove: gone })]
  })
  return { pins: new Map(left), removed }
}

/** Publishers that a rule named before, and neither a rule nor a test does now. */
function noLongerNamed(before: PolicyTexts, after: PolicyTexts): readonly Clause[] {
  const rules = (texts: PolicyTexts) => clausesOf(texts, 'projects').map(({ value }) => value['publishers'] ?? [])
  const [was, is] = [textsIn(rules(before)), textsIn(rules(after))].map(texts => new Set(texts))
  // whatever a test says, it may name a publisher
  const tested = new Set(textsIn(clausesOf(after, 'tests').map(({ value }) => value)))
  return clausesOf(after, 'publishers').filter(({ name }) => was?.has(name) && !is?.has(name) && !tested.has(name))
}

/** Every text in a value, however deep. */
function textsIn(value: YamlValue): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' ? Object.values(value).flatMap(textsIn) : []
}
