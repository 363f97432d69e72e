import { FAMILIES, type MetricKey } from './metric-families.ts'
import { Distributions, type Labels, label, sample } from './tally.ts'

interface RouteTally {
  readonly route: string
  readonly index: string
  /** by method, then by status */
  readonly answers: Map<string, Map<number, number>>
  readonly seconds: Distributions
  bytes: number
  /** bytes that the front was told to send */
  accel: number
}

interface Options {
  /** upper bounds of durations, seconds, ascending */
  readonly bounds: readonly number[]
  readonly route: (route: string) => string
  readonly method: (method: string) => string
  readonly status: (status: number) => string
}

/** Counts requests: nothing is put together for one of a kind that there was before. */
export class RequestTally {
  readonly #options: Options
  /** by route, then by index */
  readonly #routes = new Map<string, Map<string, RouteTally>>()

  constructor(options: Options) {
    this.#options = options
  }

  count(event: {
    readonly method: string
    readonly route: string
    readonly index?: string | undefined
    readonly status: number
    readonly ms: number
    readonly bytes: number
    readonly accel: number
  }): void {
    const { method, route } = this.#options
    const tally = this.#tallyOf(route(event.route), event.index ?? '')
    tally.seconds.add('', event.ms / 1000)
    tally.bytes += event.bytes
    tally.accel += event.accel
    const name = method(event.method)
    let statuses = tally.answers.get(name)
    if (statuses === undefined) {
      statuses = new Map()
      tally.answers.set(name, statuses)
    }
    const status = event.status
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }

  lines(): Partial<Record<MetricKey, readonly string[]>> {
    const { requests, responseBytes, accelBytes, requestSeconds } = FAMILIES
    const tallies = [...this.#routes.values()]
      .flatMap(indexes => [...indexes.values()])
      .map(tally => ({ ...tally, labels: andIndex(label('route', tally.route), tally.index) }))
    return {
      requests: tallies.flatMap(tally => this.#answers(requests.name, tally)),
      responseBytes: tallies.map(({ labels, bytes }) => sample(responseBytes.name, labels, bytes)),
      accelBytes: tallies.flatMap(({ labels, accel }) => (accel === 0 ? [] : [sample(accelBytes.name, labels, accel)])),
      requestSeconds: tallies.flatMap(({ labels, seconds }) => seconds.lines(requestSeconds.name, labels)),
    }
  }

  /** Statuses that are told alike are one series. */
  #answers(name: string, { route, index, answers }: RouteTally): readonly string[] {
    const series = new Map<string, number>()
    for (const [method, statuses] of answers)
      for (const [status, count] of statuses) {
        const told = [label('method', method), label('route', route), label('status', this.#options.status(status))]
        const labels = andIndex(told.join(','), index)
        series.set(labels, (series.get(labels) ?? 0) + count)
      }
    return [...series].map(([labels, count]) => sample(name, labels, count))
  }

  #tallyOf(route: string, index: string): RouteTally {
    let indexes = this.#routes.get(route)
    if (indexes === undefined) {
      indexes = new Map()
      this.#routes.set(route, indexes)
    }
    const known = indexes.get(index)
    if (known !== undefined) return known
    const tally = {
      route,
      index,
      answers: new Map(),
      seconds: new Distributions(this.#options.bounds),
      bytes: 0,
      accel: 0,
    }
    indexes.set(index, tally)
    return tally
  }
}

/** The same labels and that of an index; what is no index's has no such label. */
export function andIndex(labels: Labels, index: string | undefined): Labels {
  return index === undefined || index === '' ? labels : `${labels},${label('index', index)}`
}
