import type { Events, GateEvent } from '../events.ts'

/** what happens before a reader is there, and is kept for him */
const MOST = 100

/** A reader of events in whose place another comes later, who is told what happened meanwhile. */
export interface LateReader extends Events {
  hand(to: Events): void
}

/** `isKept`: what of it that other will want to know. */
export function createLateReader(isKept: (event: GateEvent) => boolean): LateReader {
  let reader: Events | undefined
  const kept: GateEvent[] = []
  return {
    emit(event) {
      if (reader !== undefined) reader.emit(event)
      else if (kept.length < MOST && isKept(event)) kept.push(event)
    },
    hand(to) {
      reader = to
      for (const event of kept.splice(0)) to.emit(event)
    },
  }
}
