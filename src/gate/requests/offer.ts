import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import { REFUSALS, type Waiver } from '../../domain/base/refusal.ts'
import { clausesOf } from '../../protocol/amend/policy-texts.ts'

/** What would let a file through, out of the document that its refusal offers. */
export interface Offer {
  readonly waive: NonEmpty<Waiver>
  /** no rule decides the project */
  readonly needsRule: boolean
}

const WAIVERS: ReadonlySet<string> = new Set(
  Object.values(REFUSALS).flatMap(entry => ('waive' in entry ? [entry.waive] : [])),
)

/** `undefined` where nothing is offered. */
export function readOffer(admitWith: string | undefined): Offer | undefined {
  if (admitWith === undefined) return undefined
  const texts = { yaml: [{ path: 'offer', text: admitWith }] }
  const [exemption] = clausesOf(texts, 'exemptions')
  const said = exemption?.value['waive']
  const waive = nonEmpty(Array.isArray(said) ? said.filter(isWaiver) : [])
  return waive && { waive, needsRule: clausesOf(texts, 'projects').length > 0 }
}

function isWaiver(word: unknown): word is Waiver {
  return typeof word === 'string' && WAIVERS.has(word)
}
