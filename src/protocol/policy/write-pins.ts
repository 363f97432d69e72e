import type { Sha256 } from '../../domain/base/digest.ts'
import { compareVersions } from '../../domain/packaging/version.ts'
import { type PinnedRelease, readPins, releaseKey } from '../clauses/pins.ts'

/** A release, and the files of it that are pinned. */
export type Pin = Pick<PinnedRelease, 'project' | 'version' | 'hashes'>

/** What becomes of a pins file. */
export interface PinsChange {
  /** releases and hashes that it shall have besides */
  readonly add: readonly Pin[]
  /** releases that it shall have no more; hashes do not count here */
  readonly remove?: readonly Pick<Pin, 'project' | 'version'>[]
}

/** A pins file as pip would write it: comments on top, a release a block, in the order of names, versions and hashes. */
export function writePins(pins: readonly Pin[], comments: readonly string[] = []): string {
  // what comes from outside must not end the comment
  const head = comments.map(line => `# ${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}`)
  return [...head, ...joined(pins).map(blockOf), ''].join('\n')
}

/**
 * The text of a pins file with a change, and everything else of it to the byte: comments, order, line ends, a last line
 * without one. A release that is new stands where its name belongs; one that gets hashes is written anew, in its
 * place. Of a release that goes, the comments around it stay.
 *
 * @throws TypeError for a text that is no pins file
 */
export function changePins(text: string, { add, remove = [] }: PinsChange): string {
  const { releases, wrong } = readPins(text)
  if (wrong.some(({ message }) => !message.startsWith('pins nothing'))) throw new TypeError('not a pins file')
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = text.split(/(?<=\n)/)
  const known = new Map(releases.map(release => [releaseKey(release), release]))
  const before = new Map<number, string[]>()
  const instead = new Map<PinnedRelease, string>()
  for (const release of remove) {
    const gone = known.get(releaseKey(release))
    if (gone !== undefined) instead.set(gone, '')
  }
  for (const pin of joined(add)) {
    const old = known.get(releaseKey(pin))
    const stays = old !== undefined && !instead.has(old)
    if (stays && pin.hashes.isSubsetOf(old.hashes)) continue
    const block = blockOf(stays ? { ...old, hashes: old.hashes.union(pin.hashes) } : pin)
    const remark = stays ? (/[ \t]+#[^\r\n]*/.exec(lines[old.end - 1] ?? '')?.[0] ?? '') : ''
    const written = `${block.replaceAll('\n', lineEnd)}${remark}${lineEnd}`
    if (old !== undefined) instead.set(old, written)
    else {
      const at = lineFor(pin, releases, lines)
      before.set(at, [...(before.get(at) ?? []), written])
    }
  }
  return splice(lines, lineEnd, before, instead)
}

/** Behind what comes before it, with the remarks below that; the comments above what comes after stay with that. */
function lineFor(pin: Pin, releases: readonly PinnedRelease[], lines: readonly string[]): number {
  const next = releases.findIndex(release => compareReleases(release, pin) > 0)
  const previous = next === -1 ? releases.at(-1) : releases[next - 1]
  if (previous === undefined) return releases[next]?.line ?? lines.length + 1
  let line = previous.end + 1
  while (/^[ \t]+#/.test(lines[line - 1] ?? '')) line += 1
  return line
}

/** Puts the new blocks before their lines, and what was written anew in the place of what it was. */
function splice(
  lines: readonly string[],
  lineEnd: string,
  before: ReadonlyMap<number, readonly string[]>,
  instead: ReadonlyMap<PinnedRelease, string>,
): string {
  const starts = new Map([...instead].map(([{ line, end }, written]) => [line, { end, written }]))
  const parts: string[] = []
  for (let line = 1; line <= lines.length; line += 1) {
    parts.push(...(before.get(line) ?? []))
    const change = starts.get(line)
    const was = lines.slice(line - 1, change?.end ?? line).join('')
    line = change?.end ?? line
    // the last line of a file may have no end, and whoever wrote it so keeps it so
    parts.push(
      change === undefined || change.written === '' || was.endsWith('\n')
        ? (change?.written ?? was)
        : change.written.slice(0, -lineEnd.length),
    )
  }
  const appended = before.get(lines.length + 1) ?? []
  const whole = parts.join('')
  if (appended.length === 0) return whole
  if (whole === '' || whole.endsWith('\n')) return `${whole}${appended.join('')}`
  return `${whole}${lineEnd}${appended.join('').slice(0, -lineEnd.length)}`
}

/** Each release once, with all its hashes. */
function joined(pins: readonly Pin[]): readonly Pin[] {
  const byRelease = new Map<string, Pin>()
  for (const pin of pins) {
    const known = byRelease.get(releaseKey(pin))
    byRelease.set(releaseKey(pin), known === undefined ? pin : { ...known, hashes: known.hashes.union(pin.hashes) })
  }
  return [...byRelease.values()].sort(compareReleases)
}

function compareReleases(one: Omit<Pin, 'hashes'>, other: Omit<Pin, 'hashes'>): number {
  if (one.project !== other.project) return one.project < other.project ? -1 : 1
  return compareVersions(one.version, other.version)
}

function blockOf({ project, version, hashes }: Pin): string {
  const sorted: readonly Sha256[] = [...hashes].sort()
  return [`${project}==${version}`, ...sorted.map(hash => `    --hash=sha256:${hash}`)].join(' \\\n')
}
