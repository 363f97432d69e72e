/**
 * One flight per key: whoever asks while a call is under way gets the same promise. Nothing is kept afterwards, neither
 * results nor failures.
 */
export function createOnce<Result>(): (key: string, start: () => Promise<Result>) => Promise<Result> {
  const flights = new Map<string, Promise<Result>>()
  return (key, start) => {
    const flying = flights.get(key)
    if (flying !== undefined) return flying
    const flight = start().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
