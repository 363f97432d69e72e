import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

/** A file as it was read, and as it is to be. */
export interface FileChange {
  readonly path: string
  /** `undefined`: there was none */
  readonly before: string | undefined
  /** `undefined`: it goes */
  readonly after: string | undefined
}

interface Staged extends FileChange {
  /** where the file is, behind every link */
  readonly real: string
  readonly fresh: string
  readonly mode: number
}

/**
 * Changes files, all of them or none: everything is written beside them first, and what was put in place is put back when one
 * cannot be. A file that somebody changed since it was read stops it. Permissions and links stay.
 *
 * @throws GateError `usage` naming the file
 */
export function writeAll(changes: readonly FileChange[]): void {
  const staged = changes.map(locate)
  const [fresh, done]: [Staged[], Staged[]] = [[], []]
  try {
    for (const it of staged) {
      stage(it)
      fresh.push(it)
    }
    for (const it of staged) {
      assertUnchanged(it)
      attempt(it.path, () => (it.after === undefined ? rmSync(it.real) : renameSync(it.fresh, it.real)))
      done.push(it)
    }
  } catch (error) {
    for (const it of done) restore(it)
    throw error
  } finally {
    for (const it of fresh) rmSync(it.fresh, { force: true })
  }
}

const NEW = 0o666

function locate(change: FileChange): Staged {
  const { path, before } = change
  return attempt(path, () => {
    const real = before === undefined ? path : realpathSync(path)
    return {
      ...change,
      real,
      fresh: `${real}.${process.pid}.tmp`,
      mode: before === undefined ? NEW : statSync(real).mode,
    }
  })
}

function stage({ path, real, fresh, mode, before, after }: Staged): void {
  attempt(path, () => {
    if (before === undefined) mkdirSync(dirname(real), { recursive: true })
    if (after === undefined) return
    writeFileSync(fresh, after, { mode })
    if (before !== undefined) chmodSync(fresh, mode)
  })
}

function assertUnchanged({ path, real, before }: Staged): void {
  if (textAt(real) === before) return
  throw new GateError('usage', `${path} was changed meanwhile: nothing is written, run it again`)
}

function textAt(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(readFileSync(path))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new GateError('usage', `${path} ${whyUnread(error)}`, { cause: error })
  }
}

function restore({ real, fresh, before, mode }: Staged): void {
  if (before === undefined) {
    rmSync(real, { force: true })
    return
  }
  writeFileSync(fresh, before)
  chmodSync(fresh, mode)
  renameSync(fresh, real)
}

function attempt<Made>(path: string, act: () => Made): Made {
  try {
    return act()
  } catch (error) {
    throw new GateError('usage', `${path} cannot be written (${errorCode(error) ?? 'unknown'})`, { cause: error })
  }
}
