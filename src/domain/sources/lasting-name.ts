import type { SourceName } from '../base/source-name.ts'

/** A source by what it is called, and by the URL that its index is asked at. */
export interface PlacedSource {
  readonly name: SourceName
  readonly place: string
}

/** What is written down of a source, so that it is found again under another name, or at another URL: `acme https://…`. */
export function lastingName({ name, place }: PlacedSource): SourceName {
  return `${name} ${place}` as SourceName
}

/**
 * What a source that was written down is called by now: the one at its URL, whatever that is called; else, where nobody is at that URL
 * any more, the one of its name. What was written before URLs were is a name alone. A name that nobody has is nobody's.
 */
export function nameNow(written: SourceName, sources: readonly PlacedSource[]): SourceName {
  const [name = '', place] = written.split(' ', 2)
  const there = sources.filter(source => source.place === place)
  const same = there.find(source => source.name === name) ?? there[0]
  return same?.name ?? (name as SourceName)
}
