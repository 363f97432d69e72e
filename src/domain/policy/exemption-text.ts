import type { NonEmpty } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import type { Waiver } from '../base/refusal.ts'
import { lines, scalar } from '../identity/publisher-text.ts'
import type { ProjectName } from '../packaging/name.ts'
import type { Version } from '../packaging/version.ts'

/** An exemption of files of one release, as it is written down. */
export interface ExemptionWords {
  /** letters, digits, dots, dashes; at most 64 */
  readonly id: string
  readonly project: ProjectName
  readonly version: Version
  readonly waive: NonEmpty<Waiver>
  /** file name and sha256 */
  readonly files: NonEmpty<readonly [filename: string, sha256: Sha256]>
  readonly reason: string
  readonly owner: string
  readonly ticket?: string | undefined
  /** a date, or a time with Z */
  readonly expires: string
}

/** One item of the list `exemptions` of a policy. */
export function exemptionText(words: ExemptionWords): string {
  const { id, project, version, waive, files, reason, owner, ticket, expires } = words
  return lines(
    `  - id: ${id}`,
    `    project: ${scalar(project)}`,
    `    versions: "==${version}"`,
    `    waive: [${waive.join(', ')}]`,
    '    files:',
    ...files.map(([filename, sha256]) => `      ${JSON.stringify(filename)}: "sha256:${sha256}"`),
    `    reason: ${quoted(reason)}`,
    `    owner: ${quoted(owner)}`,
    ...(ticket === undefined ? [] : [`    ticket: ${quoted(ticket)}`]),
    `    expires: ${expires}`,
  )
}

/** A rule under which nothing passes but what is exempted, whatever `defaults` say. */
export function bareRule(project: ProjectName): string {
  return lines('projects:', `  - match: ${scalar(project)}`, '    attestation: required', '    identity: declared')
}

/** JSON is YAML, once what YAML takes for no text, or for the end of a line, is escaped. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
