/** Text of somebody else's: names, addresses, reasons, messages. Each rendering makes it harmless in its own way. */
export interface Foreign {
  readonly foreign: string
  /** the release that it names, where it names one */
  readonly of?: NamedRelease
}

export interface NamedRelease {
  readonly project: string
  readonly version: string
}

export type Said = string | Foreign

export function foreign(text: string, of?: NamedRelease): Foreign {
  return of === undefined ? { foreign: text } : { foreign: text, of }
}

export interface Row {
  readonly head: Said
  readonly said: readonly Said[]
}

/** How much it matters: what is wrong, what somebody should look at, what is well, and what is only so. */
export type Weight = 'bad' | 'doubt' | 'good' | 'note'

export interface Section {
  /** for links and tests */
  readonly id: string
  readonly title: string
  readonly weight: Weight
  /** a sentence or two of ours */
  readonly intro: string
  readonly rows: readonly Row[]
  /** `folded`: behind a line that opens, where there is such a thing; `names`: rows are names that need no line each */
  readonly as: 'open' | 'folded' | 'names'
}

/** A report as it is told, in the order in which it matters; only the markup is left to be said. */
export interface Told {
  /** paths of locks */
  readonly locks: readonly string[]
  readonly against: readonly string[]
  readonly headline: string
  /** what changed, in one sentence; `undefined` where nothing is compared */
  readonly change: string | undefined
  readonly figures: readonly (readonly Said[])[]
  readonly sections: readonly Section[]
  /** what made the command end with 1, and with 4 */
  readonly ended: readonly string[]
}
