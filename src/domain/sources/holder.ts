import type { SourceName } from '../base/source-name.ts'
import type { HeldFile } from '../packaging/held-file.ts'
import { askable, type SourceRule } from './source-rule.ts'

/** A source, as far as it tells which held files are its own. */
export interface Holder {
  readonly rule: SourceRule
  /** where its files come from: URLs without a slash at the end, of which files are below */
  readonly places: readonly string[]
}

/**
 * The source that a held file is of: the one that was written down, unless its URL is at none of that one's origins and at another's, as
 * after names were swapped: then it is nobody's. Where nobody is called so any more, it is of the only one whose origins its URL has: that
 * one is called otherwise by now. Of a file from before sources were written down, the one whose origins its URL has, for
 * bytes came from nowhere else; where that tells nothing, or several, the last one that may be asked about the name.
 * `undefined`: nobody's. A name that is owned is nobody's as long as it could be another's than the owner's.
 *
 * Where several sources are at one origin, places below it tell them apart; a URL that is below none of the places is of its origin.
 */
export function holderOf(
  { project, source, url }: Pick<HeldFile, 'project' | 'source' | 'url'>,
  holders: readonly Holder[],
): SourceName | undefined {
  const there = holdersAt(new URL(url), holders)
  if (source !== undefined) return calledNow(source, there, holders)
  const here = (there.length > 0 ? there : holders).map(({ rule }) => rule)
  const whom = askable(project, { here, everywhere: holders.map(({ rule }) => rule) })
  if (whom.kind === 'in-order') return whom.sources.at(-1)
  return whom.kind === 'owned' && here.length === 1 ? whom.by : undefined
}

function holdersAt(url: URL, holders: readonly Holder[]): readonly Holder[] {
  const below = holders.filter(({ places }) => places.some(place => isBelow(url, place)))
  if (below.length > 0) return below
  return holders.filter(({ places }) => places.some(place => new URL(place).origin === url.origin))
}

/** By whole segments; a path with an encoded slash in it is below nothing but an origin. */
function isBelow({ origin, pathname }: URL, place: string): boolean {
  if (place === origin) return true
  return place.startsWith(`${origin}/`) && `${origin}${pathname}`.startsWith(`${place}/`) && !/%2f|%5c/i.test(pathname)
}

function calledNow(written: SourceName, there: readonly Holder[], holders: readonly Holder[]): SourceName | undefined {
  const isIt = ({ rule }: Holder): boolean => rule.name === written
  if (there.length === 0 || there.some(isIt)) return written
  if (holders.some(isIt)) return undefined
  return there.length === 1 ? there[0]?.rule.name : written
}
