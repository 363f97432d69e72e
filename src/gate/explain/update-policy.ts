import { GateError } from '../../domain/base/errors.ts'
import { matchesName } from '../../domain/base/glob.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { addOffered, type Offered, type Taken } from '../../protocol/amend/add-offered.ts'
import { type Removed, removeUnused } from '../../protocol/amend/remove-clauses.ts'
import { type Renewed, renewExemptions } from '../../protocol/amend/renew-exemptions.ts'
import type { Explain } from './explain.ts'
import {
  assertNoneLost,
  type Extended,
  type ExtendTerms,
  enforcing,
  extendPolicy,
  type Growing,
} from './extend-policy.ts'
import { judgeUnder, type Survey } from './survey.ts'

/** What a policy is brought up to date with. */
export interface UpdateOrder {
  /** under no policy */
  readonly look: Survey
  /** ends of exemptions that the look uses are moved to this, where they are sooner */
  readonly renewUntil: Instant | undefined
  /** every project of the locks, where what is for no other is to go */
  readonly pruneTo: ReadonlySet<string> | undefined
  readonly offers: readonly Offered[]
}

export interface UpdateTerms extends ExtendTerms {
  /** why an offer that says none may pass */
  readonly reason: string
}

export interface Updated extends Extended {
  readonly renewed: readonly Renewed[]
  readonly removed: Removed
  readonly taken: readonly Taken[]
  /** projects that got a rule which names nobody */
  readonly rules: readonly string[]
  /** offers that say nothing which a policy could say */
  readonly unusable: readonly Offered[]
}

/**
 * Moves ends, takes what is offered for refusals, adds what the look needs, and takes out what is for nobody; what comes out of each
 * step was read as a gate reads it. Nothing is written.
 *
 * @throws GateError `usage` or `policy-invalid` where the change would be no policy, `unknown-…` where a file could not be determined
 */
export async function updatePolicy(
  start: Growing,
  { look, renewUntil, pruneTo, offers }: UpdateOrder,
  explain: Pick<Explain, 'history'>,
  terms: UpdateTerms,
): Promise<Updated> {
  const moved = await renew(start, look, renewUntil, terms)
  const { texts, taken, rules, unusable } = addOffered(moved.growing.texts, terms.into, offers, {
    ...terms,
    policy: moved.growing.policy,
    exemptions: moved.growing.contents.exemptions,
  })
  const offered = taken.length === 0 ? moved.growing : terms.compile(texts)
  const extended = await extendPolicy(look, offered, explain, terms)
  const pruned = await prune(extended, look, pruneTo, terms)
  return {
    ...extended,
    ...pruned.growing,
    renewed: moved.renewed,
    removed: pruned.removed,
    taken,
    rules: [...rules, ...extended.bare],
    unusable,
  }
}

/** Only exemptions that let a file of the look pass are renewed, so all that could are renewed first. */
async function renew(
  growing: Growing,
  look: Survey,
  until: Instant | undefined,
  { compile }: UpdateTerms,
): Promise<{ readonly growing: Growing; readonly renewed: readonly Renewed[] }> {
  if (until === undefined) return { growing, renewed: [] }
  const { texts, contents } = growing
  const all = compile(renewExemptions(texts, contents.exemptions, until).texts)
  const judged = await judgeUnder(enforcing(all.policy), look)
  const checks = judged.flatMap(({ explanation: { outcome } }) =>
    outcome instanceof GateError || outcome.kind === 'refused' ? [] : outcome.facts.steps.map(({ check }) => check),
  )
  const own = contents.exemptions.filter(({ id }) => checks.some(check => check.startsWith(`exemption ${id} waives `)))
  const { texts: renewedTexts, renewed } = renewExemptions(texts, own, until)
  return { growing: renewed.length === 0 ? growing : compile(renewedTexts), renewed }
}

const NOTHING_REMOVED: Removed = { rules: [], exemptions: [], publishers: [], pins: [] }

async function prune(
  growing: Growing,
  look: Survey,
  used: ReadonlySet<string> | undefined,
  { compile }: UpdateTerms,
): Promise<{ readonly growing: Growing; readonly removed: Removed }> {
  if (used === undefined) return { growing, removed: NOTHING_REMOVED }
  const { rules, unmatched } = growing.contents
  const wider = rules.flatMap(({ match }) => (match?.includes('*') === true ? [match] : []))
  const decidesAlone = (name: string) => unmatched === undefined && !wider.some(glob => matchesName(glob, name))
  const { texts, removed } = removeUnused(growing.texts, used, decidesAlone)
  const isSame = Object.values(removed).every(names => names.length === 0)
  if (isSame) return { growing, removed }
  const pruned = compile(texts)
  const [before, after] = [growing, pruned].map(({ policy }) => judgeUnder(enforcing(policy), look))
  assertNoneLost((await before) ?? [], (await after) ?? [])
  return { growing: pruned, removed }
}
