import { closeSync, linkSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

interface How {
  /** replaces what is there; else never over a file, not even one that came meanwhile */
  readonly over: boolean
  /** permissions, where they matter */
  readonly mode?: number
}

/**
 * Writes a file whole or not at all. What a link leads to is replaced, never the link; a device or a pipe is written to and stays
 * what it is. Throws `usage`.
 */
export function writeWhole(path: string, content: string | Uint8Array, { over, mode = 0o666 }: How): void {
  try {
    if (over && isStream(path)) writeFileSync(path, content)
    else putInPlace(over ? ownPath(path) : path, content, over, mode)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** Characters. */
const AT_ONCE = 65_536

/** The same of what is too long for one text; nothing of it stays where a piece cannot be had. */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<string>,
  { over, mode = 0o666 }: How,
): Promise<void> {
  const isThere = attempt(path, () => over && isStream(path))
  const real = attempt(path, () => (over ? ownPath(path) : path))
  const temporary = isThere ? path : `${real}.${process.pid}.tmp`
  const file = attempt(path, () => openSync(temporary, isThere ? 'w' : 'wx', mode))
  try {
    try {
      let waiting = ''
      for await (const piece of pieces) {
        waiting += piece
        if (waiting.length < AT_ONCE) continue
        attempt(path, () => writeFileSync(file, waiting))
        waiting = ''
      }
      attempt(path, () => writeFileSync(file, waiting))
    } finally {
      closeSync(file)
    }
    if (isThere) return
    attempt(path, () => (over ? renameSync(temporary, real) : linkSync(temporary, path)))
  } finally {
    if (!isThere) rmSync(temporary, { force: true })
  }
}

function attempt<Made>(path: string, act: () => Made): Made {
  try {
    return act()
  } catch (error) {
    throw unwritable(path, error)
  }
}

function unwritable(path: string, error: unknown): GateError {
  const code = errorCode(error) ?? 'unknown'
  const why = code === 'EEXIST' ? 'exists' : `cannot be written (${code})`
  return new GateError('usage', `${path} ${why}`, { cause: error })
}

function putInPlace(path: string, content: string | Uint8Array, over: boolean, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode })
    if (over) renameSync(temporary, path)
    else linkSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** What is there and no file: `/dev/null`, `/dev/stdout`, a named pipe. */
function isStream(path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  return there !== undefined && !there.isFile() && !there.isDirectory()
}

function ownPath(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path)
}
