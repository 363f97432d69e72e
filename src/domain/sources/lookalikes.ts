/** Shorter names are one edit away from too much. */
const LEAST_EDITED = 4

/** Digits and letters that are read as one another. */
const READ_AS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  i: 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
}

/**
 * Names that somebody could take another name for: those that differ by separators alone, by digits that stand for letters, or by
 * one edit (a letter more, less, changed, or two that changed places). Looking one up costs its length, however many are kept.
 */
export class Lookalikes {
  readonly #names = new Set<string>()
  readonly #bySkeleton = new Map<string, string>()
  /** by each text that a name becomes when one character of it is left out */
  readonly #byShorter = new Map<string, Set<string>>()

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.add(name)
  }

  /** How many names are kept: none ever goes. */
  get size(): number {
    return this.#names.size
  }

  /** A name in PEP 503 normal form. */
  add(name: string): void {
    if (this.#names.has(name)) return
    this.#names.add(name)
    const skeleton = skeletonOf(name)
    if (!this.#bySkeleton.has(skeleton)) this.#bySkeleton.set(skeleton, name)
    if (name.length < LEAST_EDITED) return
    for (const shorter of [name, ...shortened(name)]) {
      const known = this.#byShorter.get(shorter) ?? new Set()
      this.#byShorter.set(shorter, known.add(name))
    }
  }

  /** The name that this one could be taken for; `undefined` for none, and for a name that is kept itself. */
  of(name: string): string | undefined {
    if (this.#names.has(name)) return undefined
    const same = this.#bySkeleton.get(skeletonOf(name))
    if (same !== undefined) return same
    for (const shorter of [name, ...shortened(name)])
      for (const known of this.#byShorter.get(shorter) ?? []) if (isOneEdit(known, name)) return known
    return undefined
  }
}

function skeletonOf(name: string): string {
  return name.replace(/-/g, '').replace(/[0-9i]/g, character => READ_AS[character] ?? character)
}

function shortened(name: string): readonly string[] {
  return Array.from({ length: name.length }, (_, index) => name.slice(0, index) + name.slice(index + 1))
}

/** Optimal string alignment distance of 1, told without a table. */
function isOneEdit(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (long.length - short.length > 1) return false
  let from = 0
  while (from < short.length && short[from] === long[from]) from += 1
  if (short.length < long.length) return short.slice(from) === long.slice(from + 1)
  if (short.slice(from + 1) === long.slice(from + 1)) return true
  return (
    short[from] === long[from + 1] && short[from + 1] === long[from] && short.slice(from + 2) === long.slice(from + 2)
  )
}
