import { isFinding } from '../../protocol/lockfiles/divide-lock.ts'
import type { Lock, Unjudged, UnjudgedKind } from '../../protocol/lockfiles/lock.ts'
import { type Screen, styled } from '../terminal/screen.ts'

/** Something that a lock names and that was not judged. */
export interface UnjudgedEntry extends Unjudged {
  readonly lock: string
}

export function unjudgedIn(locks: readonly Lock[]): readonly UnjudgedEntry[] {
  return locks.flatMap(({ path, unjudged }) => unjudged.map(it => ({ lock: path, ...it })))
}

/** What somebody should look at: all but the project itself and names that are known to be elsewhere. */
export function findingsIn(locks: readonly Lock[]): readonly UnjudgedEntry[] {
  return unjudgedIn(locks).filter(isFinding)
}

/** Those that make a command end with 1. */
export function failuresIn(
  locks: readonly Lock[],
  { allowUnjudged }: { readonly allowUnjudged?: boolean },
): readonly UnjudgedEntry[] {
  return allowUnjudged === true ? [] : findingsIn(locks)
}

interface Words {
  /** in a tally */
  readonly many: string
  readonly remedy: string
}

const ACCEPT = 'or accept it with --allow-unjudged.'
const ON_AN_INDEX = `Nobody here can prove who made it: take it from an index, ${ACCEPT}`

export const UNJUDGED_WORDS: Readonly<Record<UnjudgedKind, Words>> = {
  url: { many: 'from a URL', remedy: ON_AN_INDEX },
  vcs: { many: 'from a repository', remedy: ON_AN_INDEX },
  path: { many: 'from a path', remedy: `Its code lies beside the lock: review it there, ${ACCEPT}` },
  editable: { many: 'editable', remedy: `Its code lies in a folder: review it there, ${ACCEPT}` },
  own: { many: 'the project itself', remedy: 'Nothing is to be done.' },
  'index-line': {
    many: 'a line that names another index, or a place of files',
    remedy: `Point it at the gate (portcullis lock rewrite), name it with --same-index where it is this index, ${ACCEPT}`,
  },
  'other-index': {
    many: 'of another index',
    remedy: `Not yours to admit here. If the names are your own, list them under index.internal; for the rest put a gate before that index; name it with --same-index where it is this index, ${ACCEPT}`,
  },
  empty: { many: 'a lock that names nothing', remedy: `Look into it, ${ACCEPT}` },
  internal: { many: 'under index.internal', remedy: 'Your own index serves it.' },
}

/** `not-judged-url`: what reports call it. */
export function unjudgedCode({ kind }: Pick<Unjudged, 'kind'>): string {
  return `not-judged-${kind}`
}

export function nameOfUnjudged({ name, version }: Pick<Unjudged, 'name' | 'version'>): string {
  return version === undefined ? name : `${name} ${version}`
}

/** Each with its place and why, then once for each kind what helps. */
export function renderUnjudged(screen: Screen, entries: readonly UnjudgedEntry[]): void {
  for (const [kind, same] of Map.groupBy(entries, entry => entry.kind)) {
    for (const it of same) {
      screen.line(styled('doubt', '!'), ` ${nameOfUnjudged(it)}: not judged`, styled('dim', `  ${it.lock}:${it.line}`))
      screen.prose(['    '], it.why)
    }
    screen.prose(['  '], UNJUDGED_WORDS[kind].remedy)
  }
}

/** names of one kind that are told before the rest is counted */
const MOST_NAMED = 12

/** By name what was not judged for a reason that nobody has to look into: one line for each kind. */
export function renderSkipped(screen: Screen, locks: readonly Lock[]): void {
  const skipped = unjudgedIn(locks).filter(it => !isFinding(it))
  for (const [kind, same] of Map.groupBy(skipped, entry => entry.kind))
    renderNames(screen, `not judged, ${UNJUDGED_WORDS[kind].many}`, [...new Set(same.map(nameOfUnjudged))])
}

/** `– what: a, b and 3 more`. */
export function renderNames(screen: Screen, what: string, names: readonly string[]): void {
  const more = names.length - MOST_NAMED
  const told = names.slice(0, MOST_NAMED).join(', ')
  screen.prose([styled('dim', '–'), ' '], `${what}: ${told}${more > 0 ? ` and ${more} more` : ''}`)
}

/** The last line of a command that ends otherwise because of them. */
export function tellFailures(screen: Screen, failures: readonly UnjudgedEntry[]): void {
  if (failures.length === 0) return
  const many = failures.length === 1 ? '1 entry' : `${failures.length} entries`
  screen.line(styled('doubt', `${many} not judged`), ': look into each, or accept them with --allow-unjudged')
}
