/** What an upstream serves, by kind. */
export type Route = 'root' | 'page' | 'legacy' | 'provenance' | 'file' | 'metadata' | 'other'

/** What goes wrong with one answer. Several keys work together, in the order in which they stand here. */
export interface FaultAction {
  /** wait before anything is answered */
  readonly delayMs?: number
  /** wait for this before anything is answered */
  readonly once?: Promise<unknown>
  /** accept the request and never answer */
  readonly hang?: true
  /** reset the connection instead of answering */
  readonly reset?: true
  readonly status?: number
  /** another body; the declared length is its own */
  readonly bytes?: Uint8Array | string
  /** bend the body; the declared length is the result's */
  readonly alter?: (body: Buffer) => Uint8Array
  /** set headers; `undefined` takes one away */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** declare everything, send so many bytes, then close as if that were all */
  readonly truncateAt?: number
  /** declare everything, send so many bytes, then reset */
  readonly resetAt?: number
  /** declare everything, send so many bytes, then fall silent */
  readonly hangAt?: number
}

/** One step of the fault program. */
export interface Fault {
  readonly route: Route
  /** found in the request's path; absent: every request of the route */
  readonly match?: string | RegExp
  /** how many requests it spoils; absent: all */
  readonly times?: number
  readonly do: FaultAction
}

/** Faults in the order in which they were added; the first that fits and is not used up acts. */
export class FaultProgram {
  #steps: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#steps.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#steps = []
  }

  take(route: Route, path: string): FaultAction {
    const step = this.#steps.find(({ fault, left }) => left > 0 && fault.route === route && fits(fault.match, path))
    if (step === undefined) return {}
    step.left -= 1
    return step.fault.do
  }
}

function fits(match: Fault['match'], path: string): boolean {
  return match === undefined || (typeof match === 'string' ? path.includes(match) : match.test(path))
}
