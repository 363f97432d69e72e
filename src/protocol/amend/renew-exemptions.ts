import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { Exemption } from '../../domain/policy/policy.ts'
import { amended, clausesOf, type PolicyTexts, saidIn } from './policy-texts.ts'

/** An end that was moved. */
export interface Renewed {
  readonly exemption: string
  readonly owner: string
  /** as it was written, a day or a time */
  readonly from: string
  /** a day, the last one */
  readonly to: string
}

/** Moves the end of each of these exemptions that ends before `until` to that day. */
export function renewExemptions(
  texts: PolicyTexts,
  exemptions: readonly Exemption[],
  until: Instant,
): { readonly texts: PolicyTexts; readonly renewed: readonly Renewed[] } {
  const to = formatInstant(until).slice(0, 10)
  const sooner = new Map(exemptions.filter(({ ends }) => ends < until).map(exemption => [exemption.id, exemption]))
  const clauses = clausesOf(texts, 'exemptions').filter(({ name }) => sooner.has(name))
  const edits = clauses.map(({ file, place }) => {
    return { kind: 'text', file, place: { ...place, path: [...place.path, 'expires'] }, value: to } as const
  })
  const written = new Map(clauses.map(({ name, value }) => [name, saidIn(value, 'expires')]))
  return {
    texts: amended(texts, edits),
    renewed: [...sooner.values()].map(({ id, owner }) => ({ exemption: id, owner, from: written.get(id) ?? '', to })),
  }
}
