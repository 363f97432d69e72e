import { formatDuration } from '../../config/units.ts'
import { nonEmpty } from '../../domain/base/brand.ts'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import type { Instant, Millis } from '../../domain/base/instant.ts'
import { isPlaceholder } from '../../domain/decide/admit-with.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { SpecifierSet } from '../../domain/packaging/specifier.ts'
import type { Exemption } from '../../domain/policy/policy.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import type { YamlDocument, YamlPath } from '../yaml/yaml-document.ts'
import type { ExemptionText } from './schema.ts'
import type { Placed } from './sections.ts'
import { parseEnd } from './time.ts'
import { covering, readVersions, wrongVersions } from './versions.ts'

export interface ReadExemption {
  readonly exemption: Exemption
  readonly document: YamlDocument
  readonly path: YamlPath
}

/** The longest life that an exemption may have from the load on. */
export interface Longest {
  readonly max: Millis | undefined
  readonly now: Instant
}

/** An exemption of the file, or `undefined` when diagnostics were added. */
export function compileExemption(
  { value: text, document, path }: Placed<ExemptionText>,
  longest: Longest,
  diagnostics: Diagnostic[],
): ReadExemption | undefined {
  const before = diagnostics.length
  const wrong = (key: string, message: string) => void diagnostics.push(document.at([...path, key], message))
  const project = tryProjectName(text.project)
  if (project === undefined) wrong('project', `must be one project name; found ${JSON.stringify(text.project)}`)
  const versions = text.versions === undefined ? undefined : readVersions(text.versions)
  if (text.versions !== undefined && versions === undefined) wrong('versions', wrongVersions(text.versions))
  const ends = parseEnd(text.expires)
  if (ends === undefined)
    wrong(
      'expires',
      `must be a date such as 2027-03-31, or a time with Z or an offset; found ${JSON.stringify(text.expires)}`,
    )
  else if (longest.max !== undefined && ends - longest.now > longest.max)
    wrong('expires', `lives longer than limits.exemption_max (${formatDuration(longest.max)}) from now`)
  for (const key of ['reason', 'owner'] as const)
    if (isPlaceholder(text[key]))
      wrong(key, `still has the words of the template: say it, in place of ${JSON.stringify(text[key])}`)
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
  const covers = covering(versions)
  return { exemption: { id, ref, project, covers, waive, files, reason, owner, ticket, ends }, document, path }
}

function wrongFile(filename: string, project: ProjectName, versions: SpecifierSet | undefined): string | undefined {
  const dist = parseDistFilename(filename, project)
  if (dist === undefined) return `not the name of a wheel or source distribution of ${project}`
  if (versions !== undefined && !versions.contains(dist.version, 'allow'))
    return `version ${dist.version} is not in versions ${JSON.stringify(versions.text)}, so the pin could never apply`
  return undefined
}
