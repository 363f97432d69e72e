import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Scope } from '../../test/world/world.ts'
import type { Checkout } from './stage.ts'

const ROOT = new URL('../../', import.meta.url).pathname

/** `launcher`: what was built of this checkout, in place of its source. */
export function thisCheckout(launcher = join(ROOT, 'bin/portcullis')): Checkout {
  return { name: 'this', root: ROOT, launcher: resolve(launcher) }
}

/** A commit, or another launcher of this checkout. */
export function otherCheckout(against: string, scope: Scope): Checkout {
  const isLauncher = statSync(against, { throwIfNoEntry: false })?.isFile() === true
  return isLauncher ? { ...thisCheckout(against), name: against } : checkOut(against, scope)
}

/**
 * A worktree of another commit, with the packages of this checkout; it is removed when the scope ends, or with the process. Throws
 * where git does not know the commit.
 */
function checkOut(reference: string, scope: Scope): Checkout {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  const commit = git('rev-parse', '--verify', '--end-of-options', `${reference}^{commit}`)
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-against-'))
  const root = join(folder, 'checkout')
  let isThere = true
  const remove = (): void => {
    if (!isThere) return
    isThere = false
    rmSync(folder, { recursive: true, force: true })
    git('worktree', 'prune')
  }
  process.once('exit', remove)
  scope.teardown(remove)
  git('worktree', 'add', '--quiet', '--detach', root, commit)
  // the bench runs with what is installed here, whatever the other commit names
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return { name: reference, root, launcher: join(root, 'bin/portcullis') }
}
