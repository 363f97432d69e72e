import { cut } from '../../domain/base/cut.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import {
  filenameOfUrl,
  isSameFilename,
  type Lock,
  type LockedPackage,
  type LockedPlace,
  type Unjudged,
  type UnjudgedKind,
} from './lock.ts'
import { plainUrl, withoutCredentials } from './plain-url.ts'

/** Whose a package is, as far as whoever judges a lock is concerned. */
export interface Ownership {
  /** indexes, in the form of {@link indexKey}, that are the one that is asked, under whatever address */
  readonly indexes: ReadonlySet<string>
  /** where files of that index are given out: what is taken from there by its name is the file that is judged by its name */
  readonly origins: ReadonlySet<string>
  isInternal(project: ProjectName): boolean
}

/**
 * Takes out of a lock what is not to be asked of this index: names of nobody, and packages of another index, whose names may be
 * private. They stay in it as what is not judged; and so does what is judged here, where a client may take something else for it.
 */
export function divideLock(lock: Lock, ownership: Ownership): Lock {
  const { isInternal } = ownership
  const internal = lock.packages.filter(({ project }) => isInternal(project))
  const others = lock.packages.filter(({ project }) => !isInternal(project))
  const own = ownIndexes(lock, ownership)
  const isOurs = (index: string | undefined) => index === undefined || own.has(indexKey(index))
  const ours = others.filter(({ index }) => isOurs(index))
  return {
    ...lock,
    packages: ours,
    unjudged: [
      ...lock.unjudged.filter(({ index }) => index === undefined || !isOurs(index)),
      ...ours.flatMap(it => [...looseGuess(it, ownership), ...strayPlaces(it, ownership)]),
      ...others.filter(({ index }) => !isOurs(index)).map(tellOther),
      ...internal.map(tellInternal),
    ],
  }
}

/** The addresses under which a lock names this index, in the form of {@link indexKey}. */
export function ownIndexes({ packages }: Lock, { indexes, isInternal }: Ownership): ReadonlySet<string> {
  const others = packages.filter(({ project }) => !isInternal(project))
  return new Set([...indexes, ...mirrorsOf(others, indexes)])
}

/**
 * The same for every spelling of an index's address: the slash at its end and the standard port are left out. What is not plain is
 * the same as nothing else.
 */
export function indexKey(index: string): string {
  const url = plainUrl(index)
  if (url === undefined || url.search + url.hash !== '') return index
  const { protocol, host, pathname } = url
  return `${protocol}//${host}${pathname.replace(/\/$/, '')}`
}

/**
 * A lock that has one index alone, which nobody named, may have been written through a gate or a mirror of this index. It may, where
 * the files have the paths of PyPI, which no other index gives out; or where the index is at the root of this machine, as a gate
 * is that may have another port by now. That is the lock's own word: it does for what a sha256 holds, and for nothing else.
 */
function mirrorsOf(packages: readonly LockedPackage[], known: ReadonlySet<string>): readonly string[] {
  const [only, ...others] = new Set(packages.map(({ index }) => (index === undefined ? undefined : indexKey(index))))
  if (only === undefined || others.length > 0 || known.has(only) || plainUrl(only) === undefined) return []
  const urls = packages.flatMap(({ files }) => files.map(({ url }) => url))
  const likePypi = urls.length > 0 && urls.every(url => url !== undefined && PYPI_PATH.test(url))
  return likePypi || LOCAL_GATE.test(only) ? [only] : []
}

const PYPI_PATH = /\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[^/?#]+(?:#.*)?$/
const LOCAL_GATE = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\/simple$/

/** Of an index that the lock alone says is this one, what no sha256 holds may be anything. */
function looseGuess(locked: LockedPackage, { indexes }: Ownership): readonly Unjudged[] {
  const { project, version, index, files, open, places, line } = locked
  if (index === undefined || indexes.has(indexKey(index))) return []
  if (!open && files.every(({ sha256 }) => sha256 !== undefined) && places.every(isTied)) return []
  const why = `the lock has no sha256 alone for everything that it takes from ${index}, and nobody but the lock says that this is the index that is asked`
  return [{ kind: 'other-index', name: project, version, why, index, line }]
}

/** Whether the bytes can be no others than those that are judged. */
function isTied({ sha256, others }: LockedPlace): boolean {
  return sha256 !== undefined && others.length === 0
}

/**
 * What a client takes from where the lock says, and nothing ties to what the index lists: neither a sha256 alone, nor a place of the
 * index under the name that is judged. The verdict says nothing of it.
 */
function strayPlaces(locked: LockedPackage, { origins }: Ownership): readonly Unjudged[] {
  const { project, version, index, places, line } = locked
  const known = new Set([...origins, ...originOf(index)])
  return places.flatMap(place => {
    const found = whyStray(project, place, known)
    return found === undefined ? [] : [{ ...found, name: project, version, index: undefined, line }]
  })
}

interface Stray {
  readonly kind: UnjudgedKind
  readonly why: string
}

function whyStray(project: ProjectName, it: LockedPlace, origins: ReadonlySet<string>): Stray | undefined {
  const place = withoutCredentials(it.place)
  const taken = filenameOfUrl(it.place)
  const kind = /^[a-z][a-z+.-]*:/i.test(it.place.trim()) ? 'url' : 'path'
  const same = it.filename !== undefined && taken !== undefined && isSameFilename(project, it.filename, taken)
  const other = taken !== undefined && parseDistFilename(taken, project) !== undefined && it.filename !== undefined
  if (!same && (other || (it.filename !== undefined && !isTied(it))))
    return { kind, why: `the lock calls it ${it.filename}, and a client may take it for what ${place} calls it` }
  if (isTied(it) || (same && originOf(it.place).some(origin => origins.has(origin)))) return undefined
  if (it.sha256 === undefined)
    return { kind, why: `the lock has no sha256 of what it takes from ${place}, so that it may be anything` }
  const others = it.others.map(hash => cut(hash, 40)).join(', ')
  return { kind, why: `a client may take from ${place} what has another hash of the lock (${others}), not its sha256` }
}

function originOf(url: string | undefined): readonly string[] {
  const plain = url === undefined ? undefined : plainUrl(url)
  return plain === undefined ? [] : [plain.origin]
}

function tellOther({ project, version, index, line }: LockedPackage): Unjudged {
  const why = `it comes from ${index}, which is another index: not yours to admit here`
  return { kind: 'other-index', name: project, version, why, index, line }
}

function tellInternal({ project, version, index, line }: LockedPackage): Unjudged {
  return { kind: 'internal', name: project, version, why: 'its name matches index.internal', index, line }
}

/** What is not judged and should be somebody's: everything but names that are known to be elsewhere, and the project itself. */
export function isFinding({ kind }: Unjudged): boolean {
  return kind !== 'internal' && kind !== 'own'
}
