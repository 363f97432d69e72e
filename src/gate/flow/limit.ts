import { GateError } from '../../domain/base/errors.ts'

/**
 * At most `running` calls at once and `waiting` in line; the next one is turned away with `unknown-overloaded`.
 * A place is given back when the call settles.
 */
export function createLimit(options: {
  readonly running: number
  readonly waiting: number
  readonly what: string
}): <Result>(call: () => Promise<Result>) => Promise<Result> {
  const line: (() => void)[] = []
  let free = options.running
  return async call => {
    if (free > 0) free -= 1
    else {
      if (line.length >= options.waiting)
        throw new GateError('unknown-overloaded', `too many ${options.what} are under way`)
      await new Promise<void>(resolve => line.push(resolve))
    }
    try {
      return await call()
    } finally {
      const next = line.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
