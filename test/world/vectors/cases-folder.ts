import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Inputs that once failed, and locks of other projects, read where they stand and never copied. */
const casesFolder: URL =
  process.env['PORTCULLIS_CASES'] === undefined
    ? new URL('../../../../shared/cases/', import.meta.url)
    : pathToFileURL(`${process.env['PORTCULLIS_CASES']}/`)

/** For `t.test(name, { skip })`: false, or why there is nothing to run on. */
export const casesSkip: string | false = existsSync(new URL('README.md', casesFolder))
  ? false
  : 'the shared cases are not here'

export function casePath(path: string): string {
  return fileURLToPath(new URL(path, casesFolder))
}

export function readCase(path: string): string {
  return readFileSync(casePath(path), 'utf8')
}
