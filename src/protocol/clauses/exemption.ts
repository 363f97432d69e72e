import { formatDuration } from '../../config/units.ts'
import { nonEmpty } from '../../domain/base/brand.ts'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { matchesName } from '../../domain/base/glob.ts'
import type { Instant, Millis } from '../../domain/base/instant.ts'
import { isPlaceholder } from '../../domain/decide/admit-with.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { SpecifierSet } from '../../domain/packaging/specifier.ts'
import { canonicalVersion } from '../../domain/packaging/version.ts'
import type { Exemption, ProjectPins } from '../../domain/policy/policy.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import { parseMatch } from './match.ts'
import type { NamedPins, PinsFile } from './named-pins.ts'
import type { PinnedRelease } from './pins.ts'
import type { ExemptionText } from './schema.ts'
import type { Placed } from './sections.ts'
import { parseEnd } from './time.ts'
import { covering, readVersions, wrongVersions } from './versions.ts'

export interface ReadExemption extends Placed<ExemptionText> {
  readonly exemption: Exemption
  readonly pinsFile: PinsFile | undefined
  /** The diagnostic where it names the project: in the policy, or in its pins file. */
  at(project: ProjectName, message: string): Diagnostic
}

/** The longest life that an exemption may have from the load on. */
export interface Longest {
  readonly max: Millis | undefined
  readonly now: Instant
}

/** An exemption of the file, or `undefined` when diagnostics were added. */
export function compileExemption(
  placed: Placed<ExemptionText>,
  longest: Longest,
  pins: NamedPins,
  diagnostics: Diagnostic[],
): ReadExemption | undefined {
  const { value: text, document, path } = placed
  const before = diagnostics.length
  const wrong: Say = (key, message) => void diagnostics.push(document.at([...path, key], message))
  const pinned =
    text.pins === undefined ? readFiles(placed, diagnostics) : readPinned(placed, text.pins, pins, diagnostics)
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
  const waive = nonEmpty(text.waive)
  if (diagnostics.length > before || pinned === undefined || ends === undefined || waive === undefined) return undefined
  const { id, reason, owner, ticket } = text
  const { line } = document.at(path, '')
  const ref = { id: `exemption ${id}`, file: document.file, line }
  const { pinsFile, pins: bytes, at } = pinned
  const exemption = { id, ref, pins: bytes, pinsFile: pinsFile?.name, waive, reason, owner, ticket, ends }
  return { ...placed, exemption, pinsFile, at }
}

type Say = (key: string, message: string) => void

/** What an exemption pins, wherever it stands. */
interface Pinned extends Pick<ReadExemption, 'pinsFile' | 'at'> {
  readonly pins: ReadonlyMap<ProjectName, ProjectPins>
}

function readFiles(
  { value: text, document, path }: Placed<ExemptionText>,
  diagnostics: Diagnostic[],
): Pinned | undefined {
  const wrong: Say = (key, message) => void diagnostics.push(document.at([...path, key], message))
  if (text.match !== undefined) wrong('match', 'bounds what a pins file may pin; an exemption with files has a project')
  if (text.project === undefined) wrong('project', '"project" is missing')
  if (text.files === undefined) wrong('files', '"files" is missing: name the files and their sha256, or a pins file')
  const project = tryProjectName(text.project ?? '')
  if (project === undefined && text.project !== undefined)
    wrong('project', `must be one project name; found ${JSON.stringify(text.project)}`)
  const versions = text.versions === undefined ? undefined : readVersions(text.versions)
  if (text.versions !== undefined && versions === undefined) wrong('versions', wrongVersions(text.versions))
  const files = new Map<string, Sha256>()
  if (text.files !== undefined && Object.keys(text.files).length === 0)
    wrong('files', 'must not be empty: an exemption pins what it exempts')
  for (const [filename, pin] of Object.entries(text.files ?? {})) {
    const sha256 = parseSha256(pin.slice('sha256:'.length))
    const message = project === undefined ? undefined : wrongFile(filename, project, versions)
    if (message !== undefined) diagnostics.push(document.atKey([...path, 'files', filename], message))
    if (sha256 !== undefined) files.set(filename, sha256)
  }
  if (project === undefined) return undefined
  return {
    pinsFile: undefined,
    pins: new Map([[project, { by: 'file', files, covers: covering(versions) }]]),
    at: (_, message) => document.at([...path, 'project'], message),
  }
}

/** Every release of a pins file counts, as long as the exemption may pin its project. */
function readPinned(
  { value: text, document, path }: Placed<ExemptionText>,
  named: string,
  files: NamedPins,
  diagnostics: Diagnostic[],
): Pinned | undefined {
  const wrong: Say = (key, message) => void diagnostics.push(document.at([...path, key], message))
  for (const key of ['project', 'versions', 'files'] as const)
    if (text[key] !== undefined) wrong(key, 'has no place beside pins, which says all of it: bound the pins by match')
  const match = parseMatch(text.match ?? '*')
  if (typeof match !== 'string') wrong('match', match.wrong)
  const known = files.get(document.file, named)
  if ('unreadable' in known) wrong('pins', known.unreadable)
  if ('unreadable' in known || typeof match !== 'string') return undefined
  const { file } = known
  const say = (line: number, column: number, message: string): Diagnostic => {
    return { file: file.name, line, column, path: '', message }
  }
  for (const { line, column, message } of known.wrong) diagnostics.push(say(line, column, message))
  const { line } = document.at(path, '')
  for (const { project, line: own } of file.releases)
    if (!matchesName(match, project))
      diagnostics.push(
        say(own, 1, `the exemption ${text.id} (${document.file}:${line}) may pin ${match} alone, not ${project}`),
      )
  const first = new Map(file.releases.toReversed().map(release => [release.project, release.line]))
  return {
    pinsFile: file,
    pins: pinsByProject(file.releases),
    at: (project, message) => say(first.get(project) ?? 1, 1, message),
  }
}

function pinsByProject(releases: readonly PinnedRelease[]): ReadonlyMap<ProjectName, ProjectPins> {
  const byProject = new Map<ProjectName, Map<string, ReadonlySet<Sha256>>>()
  for (const { project, version, hashes } of releases) {
    const own = byProject.get(project) ?? new Map<string, ReadonlySet<Sha256>>()
    byProject.set(project, own.set(canonicalVersion(version), hashes))
  }
  return new Map([...byProject].map(([project, own]) => [project, { by: 'release', releases: own }]))
}

function wrongFile(filename: string, project: ProjectName, versions: SpecifierSet | undefined): string | undefined {
  const dist = parseDistFilename(filename, project)
  if (dist === undefined) return `not the name of a wheel or source distribution of ${project}`
  if (versions !== undefined && !versions.contains(dist.version, 'allow'))
    return `version ${dist.version} is not in versions ${JSON.stringify(versions.text)}, so the pin could never apply`
  return undefined
}
