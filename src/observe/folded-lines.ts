import type { GateEvent } from './events.ts'

type Limited = Extract<GateEvent, { type: 'limited' }>

interface Told {
  readonly event: Limited
  /** since it was told last */
  times: number
}

/** ms; so often at most one limit is told of one client */
const EVERY_MS = 10_000
/** clients; of all others a limit is told as one */
const MOST = 1_000

/** Whoever runs into a limit runs into it again: the first time is told at once, the others together, with how many they were. */
export class FoldedLines {
  readonly #told = new Map<string, Told>()
  readonly #write: (event: Limited, times: number) => void
  readonly #timer: NodeJS.Timeout

  constructor(write: (event: Limited, times: number) => void) {
    this.#write = write
    this.#timer = setInterval(() => this.flush(), EVERY_MS)
    this.#timer.unref()
  }

  take(event: Limited): void {
    const key = `${event.limit} ${event.address} ${event.subject}`
    const before = this.#told.get(key) ?? (this.#told.size < MOST ? undefined : this.#told.get(event.limit))
    if (before !== undefined) {
      before.times += 1
      return
    }
    if (this.#told.size < MOST) this.#told.set(key, { event, times: 0 })
    else this.#told.set(event.limit, { event: { ...event, address: undefined, subject: undefined }, times: 0 })
    this.#write(event, 1)
  }

  /** Tells what has gathered. */
  flush(): void {
    for (const { event, times } of this.#told.values()) if (times > 0) this.#write(event, times)
    this.#told.clear()
  }
}
