import type { Instant } from '../../domain/base/instant.ts'
import { isPlaceholder } from '../../domain/decide/admit-with.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { Exemption, Policy } from '../../domain/policy/policy.ts'
import { parseEnd } from '../clauses/time.ts'
import { addClauses, type NewClause } from './add-clauses.ts'
import { clausesOf, type DocumentPlace, type PolicyTexts, saidIn } from './policy-texts.ts'

/** The YAML that is offered for a refusal. */
export interface Offered {
  readonly project: string
  readonly filename: string
  readonly sha256: string | undefined
  readonly text: string
}

export interface OfferTerms {
  readonly now: Instant
  readonly policy: Policy
  /** as the policy has them */
  readonly exemptions: readonly Exemption[]
  /** who answers for it, where somebody is named or the offer names nobody */
  readonly owner: string
  readonly ownerNamed: boolean
  readonly reason: string
  /** the last day, where that of the offer is over */
  readonly expires: string
}

/** What came of an offer. */
export interface Taken {
  readonly project: ProjectName
  readonly filename: string
  /** id of the exemption */
  readonly exemption: string
  readonly waive: readonly string[]
}

/**
 * Puts what is offered for refusals into a policy: the exemption of exactly that file, and the rule where none decides its
 * project. What an exemption in force pins already is left as it is.
 */
export function addOffered(
  texts: PolicyTexts,
  into: DocumentPlace,
  offers: readonly Offered[],
  terms: OfferTerms,
): {
  readonly texts: PolicyTexts
  readonly taken: readonly Taken[]
  /** projects that got a rule */
  readonly rules: readonly string[]
  readonly unusable: readonly Offered[]
} {
  const clauses = new Map<string, NewClause>()
  const taken: Taken[] = []
  const rules = new Set<string>()
  const unusable: Offered[] = []
  const ids = new Set(clausesOf(texts, 'exemptions').map(({ name }) => name))
  for (const offer of offers) {
    const project = tryProjectName(offer.project)
    const read = { yaml: [{ path: `the offer for ${offer.filename}`, text: offer.text }] }
    const [exemption] = clausesOf(read, 'exemptions')
    if (project === undefined || exemption === undefined) {
      unusable.push(offer)
      continue
    }
    const { waive: said } = exemption.value
    const waive = Array.isArray(said) ? said.filter(it => typeof it === 'string') : []
    if (terms.exemptions.some(known => known.ends > terms.now && exempts(known, project, offer, waive))) continue
    const id = freeId(exemption.name, ids)
    ids.add(id)
    clauses.set(`exemption ${id}`, { key: 'exemptions', name: id, value: { ...settled(exemption.value, terms), id } })
    for (const rule of clausesOf(read, 'projects'))
      if (terms.policy.ruleFor(project) === undefined) {
        clauses.set(`rule ${rule.name}`, { key: 'projects', name: rule.name, value: rule.value })
        rules.add(rule.name)
      }
    taken.push({ project, filename: offer.filename, exemption: id, waive })
  }
  return { texts: addClauses(texts, into, [...clauses.values()]), taken, rules: [...rules], unusable }
}

/** With owner, reason and end that hold. */
function settled(
  value: NewClause['value'],
  { now, owner, ownerNamed, reason, expires }: OfferTerms,
): NewClause['value'] {
  const said = (key: string) => saidIn(value, key)
  const ends = parseEnd(said('expires'))
  return {
    ...value,
    reason: isPlaceholder(said('reason')) ? reason : said('reason'),
    owner: ownerNamed || isPlaceholder(said('owner')) ? owner : said('owner'),
    expires: ends === undefined || ends <= now ? expires : said('expires'),
  }
}

function exempts(
  { pins, waive }: Exemption,
  project: ProjectName,
  { filename, sha256 }: Offered,
  wanted: readonly string[],
): boolean {
  const pinned = pins.get(project)
  if (pinned === undefined || sha256 === undefined || !wanted.every(it => waive.some(known => known === it)))
    return false
  if (pinned.by === 'file') return pinned.files.get(filename) === sha256
  return [...pinned.releases.values()].some(hashes => [...hashes].some(hash => hash === sha256))
}

function freeId(wanted: string, taken: ReadonlySet<string>): string {
  const stem = wanted.slice(0, 58)
  let id = stem
  for (let number = 2; taken.has(id); number += 1) id = `${stem}-${number}`
  return id
}
