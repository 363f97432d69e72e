/** What the thread that answers did while something was under way, in ms of its own time: what others do meanwhile counts for nothing. */
export interface ThreadTime<Result> {
  readonly result: Result
  readonly total: number
  /** the longest that anybody else would have waited for a turn */
  readonly longest: number
}

/** What a look itself takes, and a turn with nothing in it. */
const LOOK = 0.05

/** Runs `work` and looks at the thread's time between all turns of its loop. */
export async function threadTime<Result>(work: () => Promise<Result>): Promise<ThreadTime<Result>> {
  let watching = true
  let longest = 0
  let total = 0
  let last = ownTime()
  const look = (): void => {
    const now = ownTime()
    const turn = now - last
    longest = Math.max(longest, turn)
    if (turn > LOOK) total += turn
    last = now
    if (watching) setImmediate(look)
  }
  setImmediate(look)
  await new Promise(resolve => setImmediate(resolve))
  longest = 0
  total = 0
  try {
    const result = await work()
    await new Promise(resolve => setImmediate(resolve))
    return { result, total, longest }
  } finally {
    watching = false
  }
}

function ownTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
