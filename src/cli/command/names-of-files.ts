import { existsSync } from 'node:fs'
import { GateError } from '../../domain/base/errors.ts'

/**
 * A shell's `*.txt`, or a hook that is given names, may hand over a file that is called `--config=a.txt`: what it is called must decide
 * nothing. Throws `usage` for an option that is also the name of something here; after `--` all are names.
 */
export function refuseNamesAsOptions(argv: readonly string[]): void {
  const end = argv.indexOf('--')
  const name = argv.slice(0, end < 0 ? argv.length : end).find(word => /^-./.test(word) && existsSync(word))
  if (name !== undefined)
    throw new GateError(
      'usage',
      `${JSON.stringify(name)} is an option, and something here is called so: put -- before names of files`,
    )
}
