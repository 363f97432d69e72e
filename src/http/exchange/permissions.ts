import { GateError } from '../../domain/base/errors.ts'
import { ANONYMOUS, type Client } from './client.ts'

/**
 * Every route of an index asks, so that no spelling of a path leads to another index than the guard saw. `index`: as the configuration calls it,
 * also where there is one alone.
 *
 * @throws GateError `unauthenticated`, `not-allowed-here`
 */
export function assertMayEnter(client: Client, index: string): void {
  if (client.may?.indexes.has(index) === false) throw turnedAway(client.subject)
}

/** @throws GateError `unauthenticated`, `not-allowed-here` */
export function assertMayReadMetrics(client: Client): void {
  if (client.may?.metrics === false) throw turnedAway(client.subject)
}

/** Whoever is nobody in particular may name himself; whoever did is told that it is not for him. */
export function turnedAway(subject: string): GateError {
  return subject === ANONYMOUS
    ? new GateError('unauthenticated', 'this is not for everybody: the gate has to know who asks')
    : new GateError('not-allowed-here', `${subject} is known, and may not use this index or page`)
}

/** Headers of an answer to somebody in particular, names and values in turn: no shared cache keeps it, and another's credentials do not fit it. */
export function privately(headers: readonly string[]): readonly string[] {
  const told = [...headers]
  let varies = false
  for (let at = 0; at < told.length; at += 2) {
    const [name, value = ''] = [told[at]?.toLowerCase(), told[at + 1]]
    if (name === 'cache-control' && value === 'no-cache') told[at + 1] = 'private, no-cache'
    if (name !== 'vary') continue
    varies = true
    told[at + 1] = `${value}, Authorization`
  }
  return varies ? told : [...told, 'Vary', 'Authorization']
}
