import type { Brand } from '../base/brand.ts'
import { GateError } from '../base/errors.ts'

/** A project name in PEP 503 normal form; a raw string does not fit where one is asked for. */
export type ProjectName = Brand<string, 'ProjectName'>

const VALID = /^(?:[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$/i
const LONGEST = 255

/** PEP 508 grammar, then PEP 503: runs of `-`, `_`, `.` become one `-`, lower case. `undefined` for anything else. */
export function tryProjectName(text: string): ProjectName | undefined {
  if (text.length > LONGEST || !VALID.test(text)) return undefined
  return text.replace(/[-_.]+/g, '-').toLowerCase() as ProjectName // the only cast, in the only parser
}

/** As {@link tryProjectName}, throwing `bad-request`. */
export function parseProjectName(text: string): ProjectName {
  const name = tryProjectName(text)
  if (name === undefined) throw new GateError('bad-request', 'not a project name', { untrusted: text })
  return name
}
