import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { Exemption } from '../../domain/policy/policy.ts'
import { amended, clausesOf, type PolicyTexts } from './policy-texts.ts'

/** An end that was moved. */
export interface Renewed {
  readonly exemption: string
  readonly owner: string
  readonly from: Instant
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
  const edits = clausesOf(texts, 'exemptions').flatMap(({ file, place, name }) =>
    sooner.has(name)
      ? [{ kind: 'text', file, place: { ...place, path: [...place.path, 'expires'] }, value: to } as const]
      : [],
  )
  return {
    texts: amended(texts, edits),
    renewed: [...sooner.values()].map(({ id, owner, ends }) => ({ exemption: id, owner, from: ends, to })),
  }
}
