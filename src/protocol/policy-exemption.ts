import { nonEmpty } from '../domain/brand.ts'
import { parseSha256, type Sha256 } from '../domain/digest.ts'
import { parseDistFilename } from '../domain/filename.ts'
import { type Instant, instant, parseInstant } from '../domain/instant.ts'
import { type ProjectName, tryProjectName } from '../domain/name.ts'
import type { Exemption } from '../domain/policy.ts'
import { parseSpecifierSet, type SpecifierSet } from '../domain/specifier.ts'
import { parseVersion } from '../domain/version.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { ExemptionText } from './policy-schema.ts'
import type { YamlDocument, YamlPath } from './yaml-document.ts'

export interface ReadExemption {
  readonly exemption: Exemption
  readonly document: YamlDocument
  readonly path: YamlPath
}

/** An exemption of the file, or `undefined` when diagnostics were added. */
export function compileExemption(
  text: ExemptionText,
  document: YamlDocument,
  path: YamlPath,
  diagnostics: Diagnostic[],
): ReadExemption | undefined {
  const before = diagnostics.length
  const wrong = (key: string, message: string) => void diagnostics.push(document.at([...path, key], message))
  const project = tryProjectName(text.project)
  if (project === undefined) wrong('project', `must be one project name; found ${JSON.stringify(text.project)}`)
  const versions = text.versions === undefined ? undefined : readVersions(text.versions)
  if (text.versions !== undefined && versions === undefined)
    wrong('versions', `must be a PEP 440 specifier set such as "==1.17.0"; found ${JSON.stringify(text.versions)}`)
  const ends = parseEnd(text.expires)
  if (ends === undefined)
    wrong(
      'expires',
      `must be a date such as 2027-03-31, or a time with Z or an offset; found ${JSON.stringify(text.expires)}`,
    )
  const files = new Map<string, Sha256>()
  if (Object.keys(text.files).length === 0) wrong('files', 'must not be empty: an exemption pins what it exempts')
  for (const [filename, pin] of Object.entries(text.files)) {
    const sha256 = parseSha256(pin.slice('sha256:'.length))
    const message = project === undefined ? undefined : wrongFile(filename, project, versions)
    if (message !== undefined) diagnostics.push(document.atKey([...path, 'files', filename], message))
    if (sha256 !== undefined) files.set(filename, sha256)
  }
  const waive = nonEmpty(text.waive)
  if (diagnostics.length > before || project === undefined || ends === undefined || waive === undefined)
    return undefined
  const { id, reason, owner, ticket } = text
  const { line } = document.at(path, '')
  const ref = { id: `exemption ${id}`, file: document.file, line }
  const covers = (version: string) => versions === undefined || contains(versions, version)
  return { exemption: { id, ref, project, covers, waive, files, reason, owner, ticket, ends }, document, path }
}

/** A set with at least one clause: the empty set would mean every version without saying so. */
function readVersions(text: string): SpecifierSet | undefined {
  return /[^\s,]/.test(text) ? parseSpecifierSet(text) : undefined
}

function contains(versions: SpecifierSet, text: string): boolean {
  const version = parseVersion(text)
  return version !== undefined && versions.contains(version, 'allow')
}

function wrongFile(filename: string, project: ProjectName, versions: SpecifierSet | undefined): string | undefined {
  const dist = parseDistFilename(filename, project)
  if (dist === undefined) return `not the name of a wheel or source distribution of ${project}`
  if (versions !== undefined && !versions.contains(dist.version, 'allow'))
    return `version ${dist.version} is not in versions ${JSON.stringify(versions.text)}, so the pin could never apply`
  return undefined
}

const DAY = 86_400_000

/** A date ends at 00:00:00Z of the next day; a time ends at itself. */
function parseEnd(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return isRealDay(text.slice(0, 10)) ? parseInstant(text) : undefined
  return isRealDay(text) ? instant(Date.parse(`${text}T00:00:00Z`) + DAY) : undefined
}

/** Engines roll the 30th of February over into March. */
function isRealDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}
