import type { Policy } from '../../domain/policy/policy.ts'
import { type Asker, OURSELVES, Party } from '../../flow/asker.ts'
import type { KnownPage } from '../find/known-page.ts'

/** What an answer must not be older than. */
interface Ground {
  readonly page: KnownPage
  readonly policy: Policy
}

/**
 * One flight per subject: whoever asks while an answer is in the making gets the same, where page and policy are the same, and it
 * waits for all of them in every line. What became known meanwhile stands in the next answer. Nothing is kept afterwards, neither
 * results nor failures.
 */
export function createFlights<Subject extends object, Result>(): (
  subject: Subject,
  ground: Ground,
  start: (asker: Asker) => Promise<Result>,
  asker?: Asker,
) => Promise<Result> {
  interface Flight {
    readonly ground: Ground
    readonly party: Party
    readonly result: Promise<Result>
  }
  const flights = new WeakMap<Subject, Flight>()
  return (subject, ground, start, asker = OURSELVES) => {
    const flying = flights.get(subject)
    const isSame = flying?.ground.page === ground.page && flying.ground.policy === ground.policy
    if (flying !== undefined && isSame && flying.party.join(asker)) return flying.result
    const party = new Party(asker)
    const result = start(party).finally(() => {
      party.end()
      if (flights.get(subject)?.party === party) flights.delete(subject)
    })
    flights.set(subject, { ground, party, result })
    return result
  }
}
