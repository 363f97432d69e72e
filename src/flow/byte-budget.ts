/** What one holds of the bytes that all may hold. */
export interface Share {
  /** Counts what came. Where that is too much for all, whoever holds the most has to give up, be it this one. */
  take(bytes: number): void
  /** How this one gives up; `undefined` while it cannot any more. */
  whenOutgrown(giveUp: (() => void) | undefined): void
  /** Gives back all; calling it again does nothing. */
  leave(): void
}

/** So many bytes for all who hold some at once; nobody waits for them, so that nobody waits for one another. */
export interface ByteBudget {
  enter(): Share
}

interface Holding {
  bytes: number
  giveUp: (() => void) | undefined
}

export function createByteBudget(most: number): ByteBudget {
  const holdings = new Set<Holding>()
  let held = 0

  function leave(holding: Holding): void {
    if (holdings.delete(holding)) held -= holding.bytes
  }

  function makeRoom(): void {
    while (held > most) {
      const [largest] = [...holdings].filter(({ giveUp }) => giveUp !== undefined).sort((a, b) => b.bytes - a.bytes)
      if (largest === undefined) return
      leave(largest)
      largest.giveUp?.()
    }
  }

  return {
    enter() {
      const holding: Holding = { bytes: 0, giveUp: undefined }
      holdings.add(holding)
      return {
        take(bytes) {
          if (!holdings.has(holding)) return
          holding.bytes += bytes
          held += bytes
          makeRoom()
        },
        whenOutgrown(giveUp) {
          holding.giveUp = giveUp
        },
        leave: () => leave(holding),
      }
    },
  }
}
