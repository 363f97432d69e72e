import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Revision } from '../ports/revision.ts'

/** Locks of the largest projects have some ten MiB. */
const LARGEST = 256 * 1024 * 1024

/** A revision of git: a branch, a tag, a commit, `HEAD~1`. Its name is never taken for an option, and no path for a pattern. */
export function openRevision(name: string): Revision {
  const commits = new Map<string, string>()

  function commitIn(folder: string): string {
    const known = commits.get(folder)
    if (known !== undefined) return known
    const found = git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
    if (found === undefined)
      throw new GateError('usage', `${JSON.stringify(name)} is no revision of a git repository that ${folder} lies in`)
    const commit = found.toString('latin1').trim()
    commits.set(folder, commit)
    return commit
  }

  return {
    name,
    read(path) {
      const { folder, below } = standing(resolve(path))
      const commit = commitIn(folder)
      // `ls-tree` takes names as they are; `./` keeps one that begins with a colon a name
      const listed = git(folder, ['ls-tree', '-z', commit, '--', `./${below}`])?.toString('utf8') ?? ''
      if (listed === '') return undefined
      const [, mode, blob] = /^(\d+) blob ([0-9a-f]+)\t[^\0]*\0$/.exec(listed) ?? []
      if (blob === undefined || mode === '120000')
        throw new GateError('usage', `${path} is no file in the revision ${name}`)
      return git(folder, ['cat-file', 'blob', blob]) ?? fail(path, name)
    },
  }
}

/** The nearest folder that is still there, and the path below it. */
function standing(path: string): { readonly folder: string; readonly below: string } {
  let folder = dirname(path)
  let below = basename(path)
  while (!existsSync(folder)) {
    below = join(basename(folder), below)
    folder = dirname(folder)
  }
  return { folder, below }
}

function fail(path: string, name: string): never {
  throw new GateError('usage', `${path} cannot be read in the revision ${name}`)
}

/** What git prints, `undefined` where it fails. Throws `usage` where there is no git. */
function git(folder: string, words: readonly string[]): Buffer | undefined {
  try {
    return execFileSync('git', words, {
      cwd: folder,
      maxBuffer: LARGEST,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch (error) {
    if (errorCode(error) === 'ENOENT')
      throw new GateError('usage', 'there is no git in PATH, which knows revisions', { cause: error })
    return undefined
  }
}
