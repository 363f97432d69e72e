import { basename, dirname, resolve } from 'node:path'
import type { NonEmpty } from '../../domain/base/brand.ts'
import { matchesName } from '../../domain/base/glob.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { Waiver } from '../../domain/base/refusal.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Exemption } from '../../domain/policy/policy.ts'
import { parseMatch } from '../clauses/match.ts'
import { pinsHead, reasonOf } from '../policy/write-exemptions.ts'
import { changePins, type Pin, writePins } from '../policy/write-pins.ts'
import { addClauses, type NewClause } from './add-clauses.ts'
import { type Clause, clausesOf, type DocumentPlace, type PolicyTexts, pinsPathOf, saidIn } from './policy-texts.ts'

/** Files of a release that pass by their bytes alone, and what for. */
export interface PinNeed extends Pin {
  readonly waive: NonEmpty<Waiver>
}

/** Where they are pinned now. */
export interface PinnedNeed extends PinNeed {
  /** id of the exemption */
  readonly exemption: string
}

export interface ExemptionTerms {
  readonly now: Instant
  /** as the policy has them */
  readonly exemptions: readonly Exemption[]
  /** projects of the locks: an exemption that pins some of them is taken for theirs */
  readonly used: ReadonlySet<string>
  /** who answers for a new one; one that is there must be theirs, where somebody is named */
  readonly owner: string
  readonly ownerNamed: boolean
  /** the last day of a new one */
  readonly expires: string
  /** a word for the name of a new one, and of its pins file */
  readonly stem: string
  /** what they were observed in */
  readonly origin: string
  /** whether something stands at a path that the policy does not name */
  readonly exists: (path: string) => boolean
}

/**
 * Pins files in an exemption that waives exactly this, is in force and pins others of the locks already; else in a new one, with a
 * pins file beside the policy.
 */
export function addExemptions(
  texts: PolicyTexts,
  into: DocumentPlace,
  needs: readonly PinNeed[],
  terms: ExemptionTerms,
): { readonly texts: PolicyTexts; readonly pinned: readonly PinnedNeed[]; readonly added: readonly string[] } {
  const pins = new Map(texts.pins)
  const clauses = clausesOf(texts, 'exemptions')
  const fresh: NewClause[] = []
  const pinned: PinnedNeed[] = []
  for (const group of Map.groupBy(needs, ({ waive }) => keyOf(waive)).values()) {
    const [{ waive } = { waive: undefined }] = group
    if (waive === undefined) continue
    const rest = Map.groupBy(group, ({ project }) => bestFor(project, waive, clauses, terms))
    for (const [clause, own] of rest) {
      const path = clause === undefined ? undefined : pinsPathOf(clause)
      if (clause !== undefined && path !== undefined) {
        pins.set(path, changePins(pins.get(path) ?? '', { add: own }))
        pinned.push(...own.map(need => ({ ...need, exemption: clause.name })))
        continue
      }
      const made = newExemption(into, waive, { ...terms, taken: [...clauses, ...fresh].map(({ name }) => name), pins })
      fresh.push(made.clause)
      pins.set(made.path, writePins(own, [made.head]))
      pinned.push(...own.map(need => ({ ...need, exemption: made.clause.name })))
    }
  }
  return {
    texts: addClauses({ ...texts, pins }, into, fresh),
    pinned,
    added: fresh.map(({ name }) => name),
  }
}

function keyOf(waive: readonly Waiver[]): string {
  return [...waive].sort().join(' ')
}

/** The exemption that pins another release of the project, else the one that pins most of what the locks have. */
function bestFor(
  project: ProjectName,
  waive: readonly Waiver[],
  clauses: readonly Clause[],
  { now, exemptions, used, owner, ownerNamed }: ExemptionTerms,
): Clause | undefined {
  const byId = new Map(exemptions.map(exemption => [exemption.id, exemption]))
  const others = (clause: Clause) => clauses.filter(({ name }) => name !== clause.name).map(pinsPathOf)
  const fitting = clauses.flatMap(clause => {
    const exemption = byId.get(clause.name)
    const path = pinsPathOf(clause)
    if (exemption === undefined || path === undefined || exemption.ends <= now) return []
    if (others(clause).includes(path)) return [] // another would exempt it too
    if (keyOf(exemption.waive) !== keyOf(waive) || (ownerNamed && exemption.owner !== owner)) return []
    const match = parseMatch(saidIn(clause.value, 'match') || '*')
    if (typeof match !== 'string' || !matchesName(match, project)) return []
    const score = [...exemption.pins.keys()].filter(name => used.has(name)).length
    return score === 0 ? [] : [{ clause, score, same: Number(exemption.pins.has(project)) }]
  })
  return fitting.toSorted((a, b) => b.same - a.same || b.score - a.score)[0]?.clause
}

interface Free extends ExemptionTerms {
  readonly taken: readonly string[]
  readonly pins: ReadonlyMap<string, string>
}

function newExemption(
  { file }: DocumentPlace,
  waive: NonEmpty<Waiver>,
  { stem, origin, owner, expires, now, taken, pins, exists }: Free,
): { readonly clause: NewClause; readonly path: string; readonly head: string } {
  const folder = dirname(file)
  const policy = basename(file).replace(/\.ya?ml$/, '')
  const words = [policy, stem, ...waive].join('-').replace(/[^A-Za-z0-9._-]+/g, '-')
  const base = words.replace(/^[^A-Za-z0-9]+/, '').slice(0, 57)
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`
    const path = resolve(folder, 'pins', `${name}.txt`)
    if (taken.includes(`EX-${name}`) || pins.has(path) || exists(path)) continue
    const value = {
      id: `EX-${name}`,
      pins: `./pins/${name}.txt`,
      waive,
      reason: reasonOf(waive, origin, now),
      owner,
      expires,
    }
    const head = pinsHead(value.id, basename(file))
    return { clause: { key: 'exemptions', name: value.id, value }, path, head }
  }
}
