/** What the thread that answers did while something was under way, in ms of its own time: what others do meanwhile counts for nothing. */
export interface ThreadTime<Result> {
  readonly result: Result
  readonly ms: number
}

/** All that it did. */
export async function threadTime<Result>(work: () => Promise<Result>): Promise<ThreadTime<Result>> {
  const began = ownTime()
  const result = await work()
  return { result, ms: ownTime() - began }
}

/** The longest that anybody else would have waited for a turn. It looks at the time in every turn, and so never rests. */
export async function longestTurn<Result>(work: () => Promise<Result>): Promise<ThreadTime<Result>> {
  let watching = true
  let ms = 0
  let last = ownTime()
  const look = (): void => {
    const now = ownTime()
    ms = Math.max(ms, now - last)
    last = now
    if (watching) setImmediate(look)
  }
  setImmediate(look)
  await new Promise(resolve => setImmediate(resolve))
  ms = 0
  try {
    const result = await work()
    await new Promise(resolve => setImmediate(resolve))
    return { result, ms }
  } finally {
    watching = false
  }
}

function ownTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
