import { performance } from 'node:perf_hooks'
import { type Asker, OURSELVES } from './asker.ts'
import { atOnce, type Steps } from './steps.ts'
import { Turns } from './turns.ts'

/** ms: whoever asks meanwhile waits for so long at most, whatever is under way. */
const SLICE = 4

/** Somebody's work, which stands in line between its slices. */
interface Work {
  readonly asker: Asker
  /** whose turns it stands for now */
  names: readonly string[]
  /** Goes on until `end` (of `performance.now()`); true when it is done. */
  goOn(end: number): boolean
}

const line = new Turns<Work>()
let scheduled = false

/**
 * In slices between which everybody else has a turn. The thread is one for all: of each who waits for work one slice is done each time
 * round, of all that one waits for in turn. So whoever wants much waits behind himself.
 */
export function inSlices<Result>(steps: Steps<Result>, asker: Asker = OURSELVES): Promise<Result> {
  return new Promise((resolve, reject) => {
    stand({
      asker,
      names: [],
      goOn(end) {
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
      },
    })
  })
}

/** What nobody waits for any more was begun, and is ended in the gate's own turn. */
function stand(work: Work): void {
  const { names } = work.asker
  work.names = names.length > 0 ? names : OURSELVES.names
  for (const name of work.names) line.add(work, [name])
  schedule()
}

function schedule(): void {
  if (scheduled || line.size === 0) return
  scheduled = true
  setImmediate(doSlice)
}

function doSlice(): void {
  scheduled = false
  const work = line.next()?.item
  if (work === undefined) return
  for (const name of work.names) line.remove(work, [name])
  if (!work.goOn(performance.now() + SLICE)) stand(work)
  schedule()
}

/** entries that need no slices */
const FEW = 128

/** At once where there are few entries, in slices where there are many. */
export async function stepsFor<Result>(entries: number, steps: Steps<Result>, asker?: Asker): Promise<Result> {
  return entries <= FEW ? atOnce(steps) : await inSlices(steps, asker)
}
