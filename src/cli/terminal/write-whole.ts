import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

interface How {
  /** replaces what is there; else never over a file, not even one that came meanwhile */
  readonly over: boolean
  /** permissions, where they matter */
  readonly mode?: number
}

/** Writes a file whole or not at all. Throws `usage`. */
export function writeWhole(path: string, content: string | Uint8Array, { over, mode = 0o666 }: How): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode })
    if (over) renameSync(temporary, path)
    else linkSync(temporary, path)
  } catch (error) {
    const code = errorCode(error) ?? 'unknown'
    const why = code === 'EEXIST' ? 'exists' : `cannot be written (${code})`
    throw new GateError('usage', `${path} ${why}`, { cause: error })
  } finally {
    rmSync(temporary, { force: true })
  }
}
