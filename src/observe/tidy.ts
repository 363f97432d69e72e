import { giveBackMemory } from '../flow/give-back.ts'
import type { Events } from './events.ts'

/** ms without a request after which nobody is kept waiting */
const QUIET_MS = 500

/** A reader of events that gives back what a start leaves behind. */
export interface Tidy extends Events {
  /** To be called when the gate listens. */
  begin(): void
  close(): void
}

/**
 * A start leaves garbage, and room for new objects that a gate that is asked for little never fills: 10 MB, which V8 would keep. They are given back
 * once, in the first half second in which nobody asks for anything.
 */
export function createTidy({ giveBack = giveBackMemory, quietMs = QUIET_MS } = {}): Tidy {
  let asked = 0
  let timer: NodeJS.Timeout | undefined

  function wait(): void {
    const before = asked
    timer = setTimeout(() => {
      timer = undefined
      if (asked === before) giveBack()
      else wait()
    }, quietMs).unref()
  }

  return {
    emit({ type }) {
      if (type === 'request') asked += 1
    },
    begin: wait,
    close() {
      clearTimeout(timer)
    },
  }
}
