import { GateError } from '../../../domain/base/errors.ts'
import { MOST, MOST_OF, PROJECT, type Segment, type Sums } from '../columns/segment.ts'
import { isOutside, isWhole, select, type Wanted } from '../columns/select.ts'
import { sumUp } from '../columns/sums.ts'
import type { Asked } from './wanted.ts'

type Bounds = Omit<Wanted, 'conditions'>

/** What became of one project. */
export interface Total {
  rows: number
  admitted: number
  refused: number
  watched: number
  attested: number
  last: number
}

/** What some segments come to: by the words of projects, and of each of {@link MOST_OF} how many requests were refused. */
export interface Totals {
  readonly projects: ReadonlyMap<number, Readonly<Total>>
  readonly most: readonly ReadonlyMap<number, number>[]
}

/** Two parts that are told together: what lies whole within the bounds, and what of the rest does. */
export type TotalsInParts = readonly [whole: Totals, rest: Totals]

/** So many periods are remembered; each takes some 100 bytes for each project in it. */
const PERIODS = 3

const remembered = new WeakMap<object, Running[]>()

/**
 * What a period comes to. Whole segments of the file never change, so that of a period that was asked for before only those are read that came to
 * it or left it since: a period that ends now moves by few at a time.
 *
 * `last` of a project is told where `isLastAsked`: what was once part of a sum and left it would still be the latest.
 *
 * @throws GateError `unknown-store` after the deadline; what was summed up by then is there for who asks again
 */
export function totalsIn(
  asked: Asked,
  bounds: Bounds,
  { isLastAsked }: { readonly isLastAsked: boolean },
): TotalsInParts {
  const { scene, file } = asked
  const stored = new Set(file.segments)
  const whole = new Map<number, Segment>()
  const others: Segment[] = []
  for (const segment of scene.segments) {
    if (isOutside(segment, bounds)) continue
    if (stored.has(segment) && isWhole(segment, bounds)) whole.set(segment.first, segment)
    else others.push(segment)
  }
  const kept = new Set(file.segments.map(({ first }) => first))
  const running = runningFor(file.era, whole, { kept, isLastAsked })
  running.become(whole, () => {
    if (performance.now() > asked.deadline) throw new GateError('unknown-store', 'it takes too long to sum this up')
  })
  const rest = new Running()
  for (const segment of others) rest.take(sumsWithin(asked, segment, bounds), 1)
  return [running, rest]
}

/** What becomes of one project in both parts; `undefined` where it is in neither. */
export function totalOf([whole, rest]: TotalsInParts, project: number): Total | undefined {
  const [one, other] = [whole.projects.get(project), rest.projects.get(project)]
  if (one === undefined || other === undefined) return one ?? other
  return {
    rows: one.rows + other.rows,
    admitted: one.admitted + other.admitted,
    refused: one.refused + other.refused,
    watched: one.watched + other.watched,
    attested: one.attested + other.attested,
    last: Math.max(one.last, other.last),
  }
}

function sumsWithin({ source }: Asked, segment: Segment, bounds: Bounds): Sums {
  if (isWhole(segment, bounds)) return segment.sums()
  return sumUp(segment, its => source.text(its), select(segment, { ...bounds, conditions: [] }))
}

interface Going {
  /** segments that the file still has: what went from it can be taken away from no sum any more */
  readonly kept: ReadonlySet<number>
  readonly isLastAsked: boolean
}

/** The one of the file's that has the least way to go; a new one where the way from nothing is shorter. */
function runningFor(era: object, wanted: ReadonlyMap<number, unknown>, { kept, isLastAsked }: Going): Running {
  const all = (remembered.get(era) ?? []).filter(running => running.isWithin(kept))
  let best: Running | undefined
  let way = wanted.size + 1
  for (const running of all) {
    const its = running.wayTo(wanted, isLastAsked)
    if (its < way) {
      best = running
      way = its
    }
  }
  const running = best ?? new Running()
  remembered.set(era, [running, ...all.filter(its => its !== running)].slice(0, PERIODS))
  return running
}

class Running implements Totals {
  readonly projects = new Map<number, Total>()
  readonly most = MOST_OF.map(() => new Map<number, number>())
  readonly #taken = new Map<number, Segment>()
  #hasLost = false

  isWithin(segments: ReadonlySet<number>): boolean {
    return new Set(this.#taken.keys()).isSubsetOf(segments)
  }

  /** How many segments come and go until it is of these; infinite where the latest times are asked for and any has gone. */
  wayTo(wanted: ReadonlyMap<number, unknown>, isLastAsked: boolean): number {
    let kept = 0
    for (const first of this.#taken.keys()) if (wanted.has(first)) kept += 1
    if (isLastAsked && (this.#hasLost || kept < this.#taken.size)) return Number.POSITIVE_INFINITY
    return this.#taken.size - kept + wanted.size - kept
  }

  become(wanted: ReadonlyMap<number, Segment>, look: () => void): void {
    for (const [first, segment] of this.#taken)
      if (!wanted.has(first)) {
        look()
        this.#hasLost = true
        this.take(segment.sums(), -1)
        this.#taken.delete(first)
      }
    for (const [first, segment] of wanted)
      if (!this.#taken.has(first)) {
        look()
        this.take(segment.sums(), 1)
        this.#taken.set(first, segment)
      }
  }

  /** Adds what a segment comes to, or takes it away. */
  take({ projects, most }: Sums, sign: 1 | -1): void {
    for (let at = 0; at < projects.length; at += PROJECT.length) this.#takeProject(projects, at, sign)
    for (let at = 0; at < most.length; at += MOST.length) {
      const of = this.most[most[at] ?? 0]
      const word = most[at + 1] ?? 0
      const refused = (of?.get(word) ?? 0) + sign * (most[at + 2] ?? 0)
      if (refused === 0) of?.delete(word)
      else of?.set(word, refused)
    }
  }

  #takeProject(flat: Float64Array, at: number, sign: 1 | -1): void {
    const number = (column: number): number => flat[at + column] ?? 0
    const project = number(0)
    let total = this.projects.get(project)
    if (total === undefined) {
      total = { rows: 0, admitted: 0, refused: 0, watched: 0, attested: 0, last: Number.NEGATIVE_INFINITY }
      this.projects.set(project, total)
    }
    total.rows += sign * number(1)
    total.admitted += sign * number(2)
    total.refused += sign * number(3)
    total.watched += sign * number(4)
    total.attested += sign * number(5)
    total.last = Math.max(total.last, number(6))
    if (total.rows === 0) this.projects.delete(project)
  }
}
