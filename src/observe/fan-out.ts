import type { Events } from './events.ts'

/** Every reader hears every event; one that throws stops neither the others nor the work that is told about. */
export function fanOut(...readers: readonly Events[]): Events {
  const failed = new Set<Events>()
  return {
    emit(event) {
      for (const reader of readers) {
        try {
          reader.emit(event)
        } catch (error) {
          // once for each reader: it would fail again with every request
          if (failed.has(reader)) continue
          failed.add(reader)
          process.emitWarning(`a reader of events failed: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
    },
  }
}
