/** The labels of one series as the text format has them: `outcome="refused",code="unattested"`, empty where it has none. */
export type Labels = string

/** Values in plain numbers, which is all that there is time for; lines are made of them when somebody asks. */
export class Tally {
  readonly #values: Map<Labels, number>

  /** `from`: series that are told before anything happened. */
  constructor(from: readonly Labels[] = []) {
    this.#values = new Map(from.map(labels => [labels, 0]))
  }

  add(labels: Labels, count = 1): void {
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + count)
  }

  lines(name: string): readonly string[] {
    return [...this.#values].map(([labels, value]) => sample(name, labels, value))
  }
}

interface Distribution {
  /** values up to each bound and beyond the one before, the last beyond all */
  readonly counts: number[]
  sum: number
}

/** How values are distributed over ascending upper bounds. */
export class Distributions {
  readonly #bounds: readonly number[]
  readonly #found = new Map<Labels, Distribution>()

  constructor(bounds: readonly number[], from: readonly Labels[] = []) {
    this.#bounds = bounds
    for (const labels of from) this.#of(labels)
  }

  add(labels: Labels, value: number): void {
    const distribution = this.#of(labels)
    const bounds = this.#bounds
    let place = 0
    while (place < bounds.length && value > (bounds[place] ?? 0)) place += 1
    distribution.counts[place] = (distribution.counts[place] ?? 0) + 1
    distribution.sum += value
  }

  /** `above`: labels that all of them have besides. */
  lines(name: string, above: Labels = ''): readonly string[] {
    return [...this.#found].flatMap(([own, { counts, sum }]) => {
      let count = 0
      const labels = [above, own].filter(each => each !== '').join(',')
      const rest = labels === '' ? '' : `,${labels}`
      const buckets = [...this.#bounds, '+Inf'].map((bound, place) => {
        count += counts[place] ?? 0
        return sample(`${name}_bucket`, `le="${bound}"${rest}`, count)
      })
      return [...buckets, sample(`${name}_sum`, labels, sum), sample(`${name}_count`, labels, count)]
    })
  }

  #of(labels: Labels): Distribution {
    const known = this.#found.get(labels)
    if (known !== undefined) return known
    const added = { counts: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 }
    this.#found.set(labels, added)
    return added
  }
}

export function sample(name: string, labels: Labels, value: number): string {
  return labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`
}

/** `name="value"`, whatever the value holds. */
export function label(name: string, value: string): Labels {
  return `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}
