import { performance } from 'node:perf_hooks'
import { atOnce, type Steps } from './steps.ts'

/** ms: whoever asks meanwhile waits for so long at most, whatever is under way. */
const SLICE = 4

/** Goes on with its work until `end` (of `performance.now()`); true when it is done. */
type Work = (end: number) => boolean

const line: Work[] = []
let scheduled = false

/**
 * In slices between which everybody else has a turn. The thread is one for all: of all work that is under way one slice is done
 * each time round, of each in turn.
 */
export function inSlices<Result>(steps: Steps<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    line.push(end => {
      try {
        do {
          const { done, value } = steps.next()
          if (done !== true) continue
          resolve(value)
          return true
        } while (performance.now() < end)
      } catch (error) {
        reject(error)
        return true
      }
      return false
    })
    schedule()
  })
}

function schedule(): void {
  if (scheduled || line.length === 0) return
  scheduled = true
  setImmediate(doSlice)
}

function doSlice(): void {
  scheduled = false
  const work = line.shift()
  if (work !== undefined && !work(performance.now() + SLICE)) line.push(work)
  schedule()
}

/** entries that need no slices */
const FEW = 128

/** At once where there are few entries, in slices where there are many. */
export async function stepsFor<Result>(entries: number, steps: Steps<Result>): Promise<Result> {
  return entries <= FEW ? atOnce(steps) : await inSlices(steps)
}
