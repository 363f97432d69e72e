import { cut } from '../../domain/base/cut.ts'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, parseVersion, type Version } from '../../domain/packaging/version.ts'

/** The files of one release that a pins file names by their hashes. */
export interface PinnedRelease {
  readonly project: ProjectName
  readonly version: Version
  /** never empty */
  readonly hashes: ReadonlySet<Sha256>
  /** of its name, counted from 1 */
  readonly line: number
  /** of its last hash */
  readonly end: number
}

/** What is wrong with a line; lines and columns count from 1. */
export interface WrongPin {
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface ReadPins {
  readonly releases: readonly PinnedRelease[]
  readonly wrong: readonly WrongPin[]
}

interface Word {
  readonly text: string
  readonly line: number
  readonly column: number
}

/**
 * A pins file: a release a block, as pip's requirements files write it, and of these no more than
 * `name==version --hash=sha256:…` with continuation lines and comments. One that pins nothing is wrong.
 */
export function readPins(text: string): ReadPins {
  const wrong: WrongPin[] = []
  const releases: PinnedRelease[] = []
  const known = new Map<string, PinnedRelease>()
  for (const words of blocksIn(text, wrong)) {
    const release = readRelease(words, wrong)
    if (release === undefined) continue
    const key = releaseKey(release)
    const twin = known.get(key)
    if (twin === undefined) known.set(key, release)
    else
      wrong.push({
        line: release.line,
        column: 1,
        message: `${release.project}==${release.version} stands in line ${twin.line} already: write one block for it`,
      })
    releases.push(release)
  }
  if (releases.length === 0 && wrong.length === 0)
    wrong.push({ line: 1, column: 1, message: 'pins nothing: write name==version --hash=sha256:…' })
  return { releases, wrong }
}

/** The same for equal versions of a project. */
export function releaseKey({ project, version }: Pick<PinnedRelease, 'project' | 'version'>): string {
  return `${project}==${canonicalVersion(version)}`
}

/** The words between the comments, a block for each line and what continues it; as in pip, a comment ends the block. */
function blocksIn(text: string, wrong: WrongPin[]): readonly (readonly Word[])[] {
  const blocks: Word[][] = []
  let open: Word[] | undefined
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [index, whole] of lines.entries()) {
    const line = index + 1
    const comment = /(?:^|[ \t])#/.exec(whole)
    const goesOn = comment === null && /\\[ \t]*$/.test(whole)
    const said = goesOn ? whole.replace(/\\[ \t]*$/, '') : whole.slice(0, comment?.index)
    const words = [...said.matchAll(/[^ \t]+/g)].map(({ 0: word, index: at }) => ({ text: word, line, column: at + 1 }))
    const block: Word[] = open ?? []
    block.push(...words)
    if (open === undefined && block.length > 0) blocks.push(block)
    open = goesOn ? block : undefined
    if (goesOn && line === lines.length)
      wrong.push({ line, column: 1, message: 'the last line ends in a backslash: the file is not whole' })
  }
  return blocks
}

function readRelease([name, ...options]: readonly Word[], wrong: WrongPin[]): PinnedRelease | undefined {
  if (name === undefined) return undefined
  const before = wrong.length
  const say = ({ line, column }: Word, message: string) => void wrong.push({ line, column, message })
  const [, projectText, versionText] = /^([A-Za-z0-9._-]+)==([^=\s]+)$/.exec(name.text) ?? []
  const project = tryProjectName(projectText ?? '')
  const version = parseVersion(versionText ?? '')
  if (project === undefined || version === undefined)
    say(name, `must be name==version, without extras, markers or spaces; found ${quoted(name.text)}`)
  const hashes = new Set<Sha256>()
  for (const option of options) {
    const [, hex] = /^--hash=sha256:(.*)$/.exec(option.text) ?? []
    const sha256 = parseSha256(hex ?? '')
    if (sha256 !== undefined) hashes.add(sha256)
    else say(option, `must be --hash=sha256: and 64 lower-case hex digits; found ${quoted(option.text)}`)
  }
  if (options.length === 0) say(name, `${quoted(name.text)} has no --hash=sha256:…: only bytes can be pinned`)
  if (project === undefined || version === undefined || wrong.length > before) return undefined
  return { project, version, hashes, line: name.line, end: options.at(-1)?.line ?? name.line }
}

function quoted(text: string): string {
  return JSON.stringify(cut(text, 80))
}
