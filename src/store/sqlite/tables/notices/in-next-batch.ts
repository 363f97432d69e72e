import { errorCode } from '../../../../domain/base/error-code.ts'
import { storeError } from '../../../failure/store-error.ts'
import type { WriteBehind } from '../../write-behind.ts'

/** Runs some statements within the next transaction, and resolves when that is on disk. What they alone got wrong is thrown to whoever asked. */
export type InNextBatch = <Result>(what: string, work: () => Result) => Promise<Result>

interface Waiting {
  /** What is to be done when it is committed. */
  run(): () => void
}

/** Beside everything else that is written: no request waits for it, and it costs no transaction of its own. */
export function createInNextBatch(writes: WriteBehind): InNextBatch {
  const waiting: Waiting[] = []
  writes.add({
    size: () => waiting.length,
    write(limit) {
      const taken = waiting.slice(0, limit)
      const done = taken.map(one => one.run())
      return () => {
        waiting.splice(0, taken.length)
        for (const settle of done) settle()
      }
    },
  })
  return (what, work) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof work>>()
    waiting.push({
      run() {
        try {
          const result = work()
          return () => resolve(result)
        } catch (error) {
          // anything else is wrong with the database, and with the whole transaction: it is tried again
          if (
            errorCode(error)?.startsWith('SQLITE_') === true &&
            errorCode(error)?.startsWith('SQLITE_CONSTRAINT') !== true
          )
            throw error
          return () => reject(storeError(what, error))
        }
      },
    })
    writes.hurry()
    return promise
  }
}
