import type { Policy } from '../../domain/policy/policy.ts'
import type { KnownPage } from '../find/known-page.ts'

/** What an answer must not be older than. */
interface Ground {
  readonly page: KnownPage
  readonly policy: Policy
}

/**
 * One flight per subject: whoever asks while an answer is in the making gets the same, where page and policy are the same. What
 * became known meanwhile stands in the next answer. Nothing is kept afterwards, neither results nor failures.
 */
export function createFlights<Subject extends object, Result>(): (
  subject: Subject,
  ground: Ground,
  start: () => Promise<Result>,
) => Promise<Result> {
  const flights = new WeakMap<Subject, { readonly ground: Ground; readonly result: Promise<Result> }>()
  return (subject, ground, start) => {
    const flying = flights.get(subject)
    if (flying?.ground.page === ground.page && flying.ground.policy === ground.policy) return flying.result
    const flight = {
      ground,
      result: start().finally(() => {
        if (flights.get(subject) === flight) flights.delete(subject)
      }),
    }
    flights.set(subject, flight)
    return flight.result
  }
}
