/** Who waits for something, so that queues can give everybody a turn, and let go of what nobody waits for. */
export interface Asker {
  /** whose turns it may take: one, or of several who wait for the same thing each */
  readonly names: readonly string[]
  /** nobody waits any more, and nobody will */
  readonly gone: boolean
  /** Tells of every change of the two. The call that is returned ends it. */
  watch(changed: () => void): () => void
}

/** The gate itself, and commands, under a name that no client can have: they do not leave. */
export const OURSELVES: Asker = { names: [''], gone: false, watch: () => () => {} }

class Watched {
  readonly #watchers = new Set<() => void>()

  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => void this.#watchers.delete(changed)
  }

  protected tell(): void {
    // a watcher may leave meanwhile
    for (const changed of new Set(this.#watchers)) changed()
  }
}

/** One request of one client. */
export class Person extends Watched implements Asker {
  readonly names: readonly [string]
  gone = false

  constructor(name: string) {
    super()
    this.names = [name]
  }

  leave(): void {
    if (this.gone) return
    this.gone = true
    this.tell()
  }
}

/** All who wait for one thing that is done once. It is gone when the last of them is before it is done, and takes nobody in then. */
export class Party extends Watched implements Asker {
  readonly #members = new Map<Asker, { names: readonly string[]; readonly unwatch: () => void }>()
  /** how many members have it */
  readonly #names = new Map<string, number>()
  #gone = false
  #ended = false

  constructor(first: Asker) {
    super()
    this.join(first)
    this.#gone = this.#members.size === 0
  }

  get names(): readonly string[] {
    return [...this.#names.keys()]
  }

  get gone(): boolean {
    return this.#gone
  }

  /** False when it is too late: what the party waited for was given up. */
  join(asker: Asker): boolean {
    if (this.#gone) return false
    if (this.#ended || asker.gone || this.#members.has(asker)) return true
    this.#members.set(asker, { names: asker.names, unwatch: asker.watch(() => this.#look(asker)) })
    if (this.#count(asker.names, 1)) this.tell()
    return true
  }

  /** What it waited for is here, or never will be. */
  end(): void {
    this.#ended = true
    for (const { unwatch } of this.#members.values()) unwatch()
    this.#members.clear()
  }

  #look(asker: Asker): void {
    const member = this.#members.get(asker)
    if (member === undefined) return
    const fewer = this.#count(member.names, -1)
    member.names = asker.gone ? [] : asker.names
    const more = this.#count(member.names, 1)
    if (asker.gone) {
      member.unwatch()
      this.#members.delete(asker)
    }
    this.#gone = this.#members.size === 0
    if (fewer || more || this.#gone) this.tell()
  }

  /** True when a name came or went. */
  #count(names: readonly string[], by: 1 | -1): boolean {
    let changed = false
    for (const name of names) {
      const count = (this.#names.get(name) ?? 0) + by
      if (count === 0) this.#names.delete(name)
      else this.#names.set(name, count)
      changed ||= count === 0 || (by === 1 && count === 1)
    }
    return changed
  }
}
