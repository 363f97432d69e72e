import { GateError } from '../../domain/base/errors.ts'
import type { Millis } from '../../domain/base/instant.ts'

/** Room for one file that is being written. */
export interface Room {
  /** Resolves when there is room for `bytes` of it in all; `undefined` where there is already. Throws `unknown-overloaded`. */
  reach(bytes: number): Promise<void> | undefined
  /** It is stored, or given up: whichever it is, its room is not its own any more. */
  end(): void
}

export interface Space {
  /** bytes that are promised to files that are being written */
  readonly promised: number
  /** `arriving`: it waits for room until others are through; a document of ours counts, and does not wait. */
  begin(kind: 'arriving' | 'document'): Room
}

interface Options {
  /** bytes that files may have, stored and promised */
  readonly most: number
  /** bytes of the files that are stored */
  readonly stored: () => number
  /** Lets go of stored files until so many more bytes fit, as far as there are any to let go of. */
  readonly makeRoom: (bytes: number) => Promise<void>
  /** how long a file waits for room */
  readonly patience: Millis
}

/**
 * Promises room before it is written to, so that files that come in together stay within the bound together. Of those that wait
 * for each other's room the eldest goes on, beyond the bound if it must: a file that is larger than the cache still comes in, but
 * one at a time.
 */
export function createSpace({ most, stored, makeRoom, patience }: Options): Space {
  /** those that may wait, the eldest first */
  const arriving = new Set<Room>()
  let promised = 0
  let waiting: (() => void)[] = []

  function wake(): void {
    const woken = waiting
    waiting = []
    for (const resume of woken) resume()
  }

  /** Until a file has ended, or `end`, on the monotonic clock. */
  async function change(end: number): Promise<void> {
    const left = end - performance.now()
    if (left <= 0)
      throw new GateError('unknown-overloaded', 'too many files come in for the room that there is', { limit: 'space' })
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, left)
    waiting.push(resolve)
    await promise
    clearTimeout(timer)
  }

  return {
    get promised() {
      return promised
    },
    begin(kind) {
      let own = 0
      let ended = false
      const fits = (bytes: number) => stored() + promised + bytes - own <= most
      const take = (bytes: number) => {
        promised += bytes - own
        own = bytes
      }
      const waitFor = async (bytes: number): Promise<void> => {
        for (const end = performance.now() + patience; !ended && bytes > own; ) {
          if (!fits(bytes)) await makeRoom(bytes - own)
          const [eldest] = arriving
          if (fits(bytes) || eldest === room || kind === 'document') take(bytes)
          else await change(end)
        }
      }
      const room: Room = {
        reach(bytes) {
          if (ended || bytes <= own) return undefined
          if (!fits(bytes)) return waitFor(bytes)
          take(bytes)
          return undefined
        },
        end() {
          if (ended) return
          ended = true
          promised -= own
          arriving.delete(room)
          wake()
        },
      }
      if (kind === 'arriving') arriving.add(room)
      return room
    },
  }
}
