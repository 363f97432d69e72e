import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What is held of what `work` left behind, in bytes of the heap: garbage is none of it. */
export async function heapTaken<Result>(
  work: () => Result | Promise<Result>,
): Promise<{ readonly result: Result; readonly bytes: number }> {
  const before = held()
  const result = await work()
  // what was waited for is let go of in a turn of its own
  await new Promise(resolve => setImmediate(resolve))
  return { result, bytes: held() - before }
}

function held(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
