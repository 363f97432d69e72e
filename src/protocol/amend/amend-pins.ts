import { isDeepStrictEqual } from 'node:util'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, type Version } from '../../domain/packaging/version.ts'
import { type PinnedRelease, readPins, releaseKey } from '../clauses/pins.ts'
import type { TextFile } from '../yaml/yaml-document.ts'

/** Files of one release by their bytes. */
export interface Pin {
  readonly project: ProjectName
  readonly version: Version
  readonly hashes: readonly Sha256[]
}

/** A line of the file, its end included. */
type Line = string

interface Block extends PinnedRelease {
  /** of the first line of its comment, from 0 */
  readonly above: number
  readonly first: number
  /** of the line behind it */
  readonly end: number
}

/**
 * A pins file with some releases more: each a block where the order of the file has it, and hashes below those of its release.
 * All else stays to the byte.
 *
 * @throws GateError `usage` where that cannot be done in the text as it stands
 */
export function addPins(file: TextFile, pins: readonly Pin[]): TextFile {
  const newline = /^[^\n]*\r\n/.test(file.text) ? '\r\n' : '\n'
  const lines = linesOf(file.text, newline)
  const blocks = blocksIn(file.text, lines)
  const known = new Map(blocks.map(block => [releaseKey(block), block]))
  const fresh = merged(pins).filter(pin => !known.has(releaseKey(pin)))
  const inserted = Map.groupBy(fresh.toSorted(compareReleases), pin => lineFor(pin, blocks, lines.length))
  const grown = new Map<number, readonly Sha256[]>()
  for (const pin of merged(pins)) {
    const block = known.get(releaseKey(pin))
    const more = pin.hashes.filter(sha256 => block?.hashes.has(sha256) === false)
    if (block !== undefined && more.length > 0) grown.set(block.end - 1, more)
  }
  const written = [...lines, ''].flatMap((line, index) => [
    ...(inserted.get(index) ?? []).flatMap(pin => blockOf(pin).map(text => text + newline)),
    withHashes(line, grown.get(index) ?? [], newline),
  ])
  return checked(file, asItEnded(file, written), [...blocks, ...merged(pins)])
}

/** The same without the releases of some projects, and without the comments right above that speak of them. */
export function removePins(file: TextFile, projects: ReadonlySet<ProjectName>): TextFile {
  const lines = linesOf(file.text, '\n')
  const blocks = blocksIn(file.text, lines)
  const gone = new Set<number>()
  for (const { project, above, first, end } of blocks) {
    if (!projects.has(project)) continue
    const comment = lines.slice(above, first).join('').toLowerCase()
    const from = comment.split(/[^a-z0-9._-]+/).includes(project) ? above : first
    for (let index = from; index < end; index += 1) gone.add(index)
  }
  const kept = lines.filter((_, index) => !gone.has(index))
  return checked(
    file,
    asItEnded(file, kept),
    blocks.filter(({ project }) => !projects.has(project)),
  )
}

/** A new file: a release a block, in order, as pip writes them. */
export function writePins(path: string, pins: readonly Pin[], comment: readonly string[]): TextFile {
  const lines = [...comment.map(line => `# ${line}`), ...merged(pins).toSorted(compareReleases).flatMap(blockOf)]
  return checked({ path, text: '' }, lines.map(line => `${line}\n`).join(''), merged(pins))
}

function blockOf({ project, version, hashes }: Pin): readonly string[] {
  const options = [...new Set(hashes)].sort().map(sha256 => `    --hash=sha256:${sha256}`)
  return [`${project}==${version}`, ...options].map((line, index) => (index < options.length ? `${line} \\` : line))
}

/** Behind the last word of a line, above its comment. */
function withHashes(line: Line, hashes: readonly Sha256[], newline: string): Line {
  if (hashes.length === 0) return line
  const [, said = line, rest = ''] = /^(.*?)((?:[ \t]+#[^\n]*)?[ \t]*\r?\n?)$/s.exec(line) ?? []
  const options = hashes.map(sha256 => `--hash=sha256:${sha256}`)
  const parted = rest.trim() === '' ? ` \\${newline}    ` : ' '
  return [said, ...options].join(parted) + rest
}

/** Each release once, whatever says so. */
function merged(pins: readonly Pin[]): readonly Pin[] {
  return [...Map.groupBy(pins, releaseKey).values()].flatMap(same => {
    const [first] = same
    return first === undefined ? [] : [{ ...first, hashes: [...new Set(same.flatMap(({ hashes }) => hashes))].sort() }]
  })
}

/** The line before which a release belongs: the order of the file decides, and where it has none, its end. */
function lineFor(pin: Pin, blocks: readonly Block[], end: number): number {
  const sorted = blocks.every((block, index) => index === 0 || compareReleases(blocks[index - 1] ?? block, block) <= 0)
  if (!sorted) return end
  return blocks.find(block => compareReleases(pin, block) < 0)?.above ?? blocks.at(-1)?.end ?? end
}

type Release = Pick<Pin, 'project' | 'version'>

function compareReleases(a: Release, b: Release): number {
  if (a.project === b.project) return compareVersions(a.version, b.version)
  return a.project < b.project ? -1 : 1
}

/** The lines of a text, the last one ended too. */
function linesOf(text: string, newline: string): readonly Line[] {
  const ended = text === '' || text.endsWith('\n') ? text : text + newline
  return ended.match(/[^\n]*\n/g) ?? []
}

/** A file whose last line did not end keeps it so. */
function asItEnded(file: TextFile, lines: readonly Line[]): string {
  const text = lines.join('')
  return file.text === '' || file.text.endsWith('\n') ? text : text.replace(/\r?\n$/, '')
}

/** Where the releases stand, each with the comment right above it. */
function blocksIn(text: string, lines: readonly Line[]): readonly Block[] {
  return readPins(text).releases.map(release => {
    const first = release.line - 1
    let above = first
    while (/^[ \t]*#/.test(lines[above - 1] ?? '')) above -= 1
    let end = first + 1
    while (goesOn(lines[end - 1] ?? '')) end += 1
    // what heads the whole file belongs to no release
    return { ...release, above: above === 0 && first > 0 ? first : above, first, end }
  })
}

function goesOn(line: Line): boolean {
  return !/(?:^|[ \t])#/.test(line) && /\\[ \t]*\r?\n$/.test(line)
}

/** Read again: what pins anything else than is meant is never handed out. */
function checked(file: TextFile, text: string, intended: readonly (Pin | PinnedRelease)[]): TextFile {
  const sets = (releases: readonly (Pin | PinnedRelease)[]) => {
    const byKey = new Map<string, Set<Sha256>>()
    for (const release of releases)
      byKey.set(releaseKey(release), new Set([...(byKey.get(releaseKey(release)) ?? []), ...release.hashes]))
    return byKey
  }
  const { releases, wrong } = readPins(text)
  const isEmpty = intended.length === 0
  if ((wrong.length > 0 && !isEmpty) || !isDeepStrictEqual(sets(releases), sets(intended)))
    throw new GateError('usage', `${file.path}: is laid out so that it cannot be changed in place: do it by hand`)
  return { path: file.path, text }
}
