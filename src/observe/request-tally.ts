import type { Counter } from 'prom-client'

interface RouteTally {
  /** by method, then by status */
  readonly answers: Map<string, Map<number, number>>
  /** requests up to each bound and beyond the one before, the last beyond all */
  readonly durations: number[]
  seconds: number
  bytes: number
}

interface Options {
  /** upper bounds of durations, seconds, ascending */
  readonly bounds: readonly number[]
  readonly route: (route: string) => string
  readonly method: (method: string) => string
  readonly status: (status: number) => string
}

/** Counts requests in plain numbers, which is all that there is time for; series are made of them when somebody asks. */
export class RequestTally {
  readonly #options: Options
  readonly #routes = new Map<string, RouteTally>()

  constructor(options: Options) {
    this.#options = options
  }

  count(event: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly ms: number
    readonly bytes: number
  }): void {
    const { method, route } = this.#options
    const tally = this.#tallyOf(route(event.route))
    const seconds = event.ms / 1000
    tally.seconds += seconds
    tally.bytes += event.bytes
    const bound = this.#boundOf(seconds)
    tally.durations[bound] = (tally.durations[bound] ?? 0) + 1
    const name = method(event.method)
    let statuses = tally.answers.get(name)
    if (statuses === undefined) {
      statuses = new Map()
      tally.answers.set(name, statuses)
    }
    const status = event.status
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }

  collectRequests(counter: Counter<'method' | 'route' | 'status'>): void {
    counter.reset()
    for (const [route, { answers }] of this.#routes)
      for (const [method, statuses] of answers)
        for (const [status, count] of statuses)
          counter.inc({ method, route, status: this.#options.status(status) }, count)
  }

  collectBytes(counter: Counter<'route'>): void {
    counter.reset()
    for (const [route, { bytes }] of this.#routes) counter.inc({ route }, bytes)
  }

  /** The durations as a histogram in the Prometheus text format. */
  renderDurations(name: string, help: string): string {
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`]
    for (const [route, { durations, seconds }] of this.#routes) {
      const label = `route="${route.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
      let count = 0
      for (const [index, bound] of [...this.#options.bounds, '+Inf'].entries()) {
        count += durations[index] ?? 0
        lines.push(`${name}_bucket{le="${bound}",${label}} ${count}`)
      }
      lines.push(`${name}_sum{${label}} ${seconds}`, `${name}_count{${label}} ${count}`)
    }
    return `${lines.join('\n')}\n`
  }

  #tallyOf(route: string): RouteTally {
    const known = this.#routes.get(route)
    if (known !== undefined) return known
    const durations = Array.from({ length: this.#options.bounds.length + 1 }, () => 0)
    const tally = { answers: new Map(), durations, seconds: 0, bytes: 0 }
    this.#routes.set(route, tally)
    return tally
  }

  #boundOf(seconds: number): number {
    const { bounds } = this.#options
    let index = 0
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1
    return index
  }
}
