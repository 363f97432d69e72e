import { type ProjectName, tryProjectName } from './name.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'

/** A wheel's file name, parsed (binary distribution format, PEP 427 and PEP 440). */
export interface WheelFilename {
  readonly kind: 'wheel'
  /** exactly as listed */
  readonly text: string
  readonly project: ProjectName
  readonly version: Version
  /** '' when absent */
  readonly build: string
}

/** What stands in the last three fields of a wheel's name (PEP 425 "Compressed Tag Sets"), sorted and unique: its tags are every combination. */
export interface WheelTags {
  readonly pythons: readonly string[]
  readonly abis: readonly string[]
  readonly platforms: readonly string[]
}

/** A source distribution's file name, parsed (PEP 625 and its lenient forerunners). */
export interface SdistFilename {
  readonly kind: 'sdist'
  readonly text: string
  readonly project: ProjectName
  readonly version: Version
  readonly extension: '.tar.gz' | '.zip'
}

export type DistFilename = WheelFilename | SdistFilename

const LISTED = /^[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}$/
const WHEEL_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?$/
const BUILD = /^(\d+)([A-Za-z0-9._]*)$/
const TAG = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/
const MOST_TAGS = 512

/** The text grammar of anything that may stand in a file URL: at most 255 bytes of `[A-Za-z0-9._+!-]`. */
export function isListedFilename(text: string): boolean {
  return LISTED.test(text)
}

/**
 * Parses the name of a wheel or source distribution; `undefined` for anything else. With `project`, a name that belongs to
 * another project is `undefined` too, and an ambiguous source distribution (`foo-bar-1.0.tar.gz`) is read in its favour.
 */
export function parseDistFilename(text: string, project?: ProjectName): DistFilename | undefined {
  if (!isListedFilename(text)) return undefined
  const parsed = text.endsWith('.whl') ? parseWheel(text) : parseSdist(text, project)
  return parsed !== undefined && project !== undefined && parsed.project !== project ? undefined : parsed
}

function parseWheel(text: string): WheelFilename | undefined {
  const fields = text.slice(0, -'.whl'.length).split('-')
  if (fields.length !== 5 && fields.length !== 6) return undefined
  const [name, versionText] = fields
  const [python, abi, platform] = fields.slice(-3)
  if (name === undefined || versionText === undefined) return undefined
  const build = fields.length === 6 ? canonicalBuild(fields[2]) : ''
  // "__" would come from an escaped name that was not normalised: `packaging` refuses it
  if (!WHEEL_NAME.test(name) || name.includes('__') || build === undefined) return undefined
  const project = tryProjectName(name)
  const version = parseVersion(versionText)
  if (project === undefined || version === undefined || !areTags([python, abi, platform])) return undefined
  return { kind: 'wheel', text, project, version, build }
}

/** `01abc` and `1abc` are one build: the number is compared as a number (PEP 427). */
function canonicalBuild(build: string | undefined): string | undefined {
  const [, number, rest] = BUILD.exec(build ?? '') ?? []
  return number === undefined ? undefined : `${BigInt(number)}${rest ?? ''}`
}

/** Counted and not expanded: a page has as many names as it likes, and each has room for all the tags that a name may have. */
function areTags(fields: readonly (string | undefined)[]): boolean {
  let count = 1
  for (const field of fields) {
    if (field === undefined || !TAG.test(field)) return false
    count *= field.split('.').length
  }
  return count <= MOST_TAGS
}

/** Read out of the name whenever somebody asks: kept beside each file of a page, they would be most of it. */
export function wheelTags({ text }: WheelFilename): WheelTags {
  const [pythons = [], abis = [], platforms = []] = text
    .slice(0, -'.whl'.length)
    .toLowerCase()
    .split('-')
    .slice(-3)
    .map(field => [...new Set(field.split('.'))].sort())
  return { pythons, abis, platforms }
}

function sdistStem(
  text: string,
): { readonly stem: string; readonly extension: SdistFilename['extension'] } | undefined {
  for (const extension of ['.tar.gz', '.zip'] as const)
    if (text.endsWith(extension)) return { stem: text.slice(0, -extension.length), extension }
  return undefined
}

function parseSdist(text: string, project: ProjectName | undefined): SdistFilename | undefined {
  const file = sdistStem(text)
  if (file === undefined) return undefined
  const readings = readSdistStem(file.stem)
  const reading = project === undefined ? readings[0] : readings.find(candidate => candidate.project === project)
  return reading === undefined ? undefined : { kind: 'sdist', text, extension: file.extension, ...reading }
}

/** The dashes that a version may have before its local part (PEP 440: three words or numbers of its own, each with one on either side), and the one before it. */
const MOST_DASHES = 7

/** Every way to split `foo-bar-1.0` into project and version, the longest name first. */
function readSdistStem(stem: string): readonly { readonly project: ProjectName; readonly version: Version }[] {
  const readings: { project: ProjectName; version: Version }[] = []
  // no name has a plus, and no version begins behind one
  const plus = stem.indexOf('+')
  let dash = stem.lastIndexOf('-', plus === -1 ? stem.length : plus)
  for (let left = MOST_DASHES; dash > 0 && left > 0; left -= 1) {
    const version = parseVersion(stem.slice(dash + 1))
    const project = version === undefined ? undefined : tryProjectName(stem.slice(0, dash))
    if (project !== undefined && version !== undefined) readings.push({ project, version })
    dash = stem.lastIndexOf('-', dash - 1)
  }
  return readings
}

/**
 * Whether two names mean one distribution (PEP 740: names are compared by parsing): same kind, normalised project, equal
 * version, build and tag set; for source distributions the same archive format too, which is stricter than the PEP.
 */
export function sameDistribution(a: DistFilename, b: DistFilename): boolean {
  if (a.project !== b.project || compareVersions(a.version, b.version) !== 0) return false
  if (a.kind === 'sdist') return b.kind === 'sdist' && a.extension === b.extension
  return b.kind === 'wheel' && a.build === b.build && spelledTags(a) === spelledTags(b)
}

/** The same for every order in which a name may list its tags. */
function spelledTags(wheel: WheelFilename): string {
  const { pythons, abis, platforms } = wheelTags(wheel)
  return [pythons, abis, platforms].map(field => field.join('.')).join('-')
}

/** Every project that a file name could belong to, the likeliest first. */
export function candidateProjects(text: string): readonly ProjectName[] {
  if (!isListedFilename(text)) return []
  if (text.endsWith('.whl')) {
    const wheel = parseWheel(text)
    return wheel === undefined ? firstFields(text) : [wheel.project]
  }
  const file = sdistStem(text)
  const readings = file === undefined ? [] : readSdistStem(file.stem).map(({ project }) => project)
  return readings.length > 0 ? [...new Set(readings)] : firstFields(text)
}

/**
 * Names that a file name tells of without being one of theirs: `demo-1.0-2-3.zip` has no version of demo, and whoever is asked for
 * `demo-1.0` hears of demo. Nothing for names like `demo-2-1.0.tar.gz`, which is of `demo-2` alone.
 */
export function namesWithin(text: string): readonly ProjectName[] {
  const file = text.endsWith('.whl') ? undefined : sdistStem(text)
  if (file === undefined) return []
  const readings = candidateProjects(text)
  const fields = file.stem.split('-')
  const names: ProjectName[] = []
  for (let from = fields.length - 1; from > 0 && /^[0-9]/.test(fields[from] ?? ''); from -= 1) {
    const project = tryProjectName(fields.slice(0, from).join('-'))
    if (project === undefined || readings.includes(project)) continue
    if (readings.length > 1 || fields[from]?.includes('.')) names.push(project)
  }
  return names
}

/** For names that are no distribution: whatever stands before a dash. */
function firstFields(text: string): readonly ProjectName[] {
  const names: ProjectName[] = []
  for (let dash = text.lastIndexOf('-'); dash > 0; dash = text.lastIndexOf('-', dash - 1)) {
    const project = tryProjectName(text.slice(0, dash))
    if (project !== undefined && !names.includes(project)) names.push(project)
  }
  return names.reverse()
}
