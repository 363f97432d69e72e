import { type Asker, OURSELVES, Party } from './asker.ts'

/** Does `start` for `key`, or joins whoever is at it. */
export type Once<Result> = (key: string, start: (asker: Asker) => Promise<Result>, asker?: Asker) => Promise<Result>

/**
 * One flight per key: whoever asks while a call is under way gets the same promise, and the call waits in every line for all of
 * them. Nothing is kept afterwards, neither results nor failures.
 */
export function createOnce<Result>(): Once<Result> {
  const flights = new Map<string, { readonly party: Party; readonly result: Promise<Result> }>()
  return (key, start, asker = OURSELVES) => {
    const flying = flights.get(key)
    if (flying?.party.join(asker)) return flying.result
    const party = new Party(asker)
    const result = start(party).finally(() => {
      party.end()
      if (flights.get(key)?.party === party) flights.delete(key)
    })
    flights.set(key, { party, result })
    return result
  }
}
