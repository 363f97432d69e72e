/** Whose it is: first for whom, then of what of theirs, and so on; always as many keys. */
export type Path = readonly [string, ...string[]]

/**
 * Things in line. The first keys have one turn each, round and round; within one of them so do the next keys; what has all keys
 * in common comes in the order in which it was added. So whoever brings a thousand things keeps nobody waiting for more than one.
 */
export class Turns<Item> {
  /** whose turn is next comes first */
  readonly #lines = new Map<string, Turns<Item> | Set<Item>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** One that stands there already stays where it is. */
  add(item: Item, [key, ...rest]: Path): void {
    const line = this.#lines.get(key) ?? (isPath(rest) ? new Turns<Item>() : new Set<Item>())
    this.#lines.set(key, line)
    const before = line.size
    if (line instanceof Set) line.add(item)
    else if (isPath(rest)) line.add(item, rest)
    this.#size += line.size - before
  }

  remove(item: Item, [key, ...rest]: Path): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    const before = line.size
    if (line instanceof Set) line.delete(item)
    else if (isPath(rest)) line.remove(item, rest)
    this.#size += line.size - before
    if (line.size === 0) this.#lines.delete(key)
  }

  /** Whose turn it is of those who may have one; that turn is over. The item stays until it is removed. */
  next(may: (key: string) => boolean = () => true): { readonly item: Item; readonly key: string } | undefined {
    for (const [key, line] of this.#lines) {
      if (!may(key)) continue
      this.#lines.delete(key)
      this.#lines.set(key, line)
      const item = line instanceof Set ? firstOf(line) : line.next()?.item
      if (item !== undefined) return { item, key }
    }
    return undefined
  }

  /** How many stand there under this key. */
  count(key: string): number {
    return this.#lines.get(key)?.size ?? 0
  }

  /** The first key with the most things, and the last of them. */
  longest(): { readonly key: string; readonly size: number; readonly last: Item } | undefined {
    let longest: readonly [string, Turns<Item> | Set<Item>] | undefined
    for (const entry of this.#lines) if (entry[1].size > (longest?.[1].size ?? 0)) longest = entry
    if (longest === undefined) return undefined
    const [key, line] = longest
    const last = line instanceof Set ? [...line].at(-1) : line.longest()?.last
    return last === undefined ? undefined : { key, size: line.size, last }
  }
}

function isPath(keys: readonly string[]): keys is Path {
  return keys.length > 0
}

function firstOf<Item>(items: Iterable<Item>): Item | undefined {
  for (const item of items) return item
  return undefined
}
