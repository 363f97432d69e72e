import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Lock, LockedPackage, Unjudged } from './lock.ts'

/** Whose a package is, as far as whoever judges a lock is concerned. */
export interface Ownership {
  /** indexes, in the form of {@link indexKey}, that are the one that is asked, under whatever address */
  readonly indexes: ReadonlySet<string>
  isInternal(project: ProjectName): boolean
}

/**
 * Takes out of a lock what is not to be asked of this index: names of nobody, and packages of another index, whose names may be
 * private. They stay in it as what is not judged.
 */
export function divideLock(lock: Lock, { indexes, isInternal }: Ownership): Lock {
  const internal = lock.packages.filter(({ project }) => isInternal(project))
  const others = lock.packages.filter(({ project }) => !isInternal(project))
  const own = ownIndexes(lock, { indexes, isInternal })
  const isOurs = (index: string | undefined) => index === undefined || own.has(indexKey(index))
  return {
    ...lock,
    packages: others.filter(({ index }) => isOurs(index)),
    unjudged: [
      ...lock.unjudged.filter(({ index }) => index === undefined || !isOurs(index)),
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

/** The same for every spelling of an index's address: the slash at its end and the standard port are left out. */
export function indexKey(index: string): string {
  if (!URL.canParse(index)) return index
  const { protocol, host, pathname } = new URL(index)
  return `${protocol}//${host}${pathname.replace(/\/$/, '')}`
}

/**
 * A lock that has one index alone, which nobody named, may have been written through a gate or a mirror of this index. It was, where
 * the files have the paths of PyPI, which no other index gives out; or where the index is at the root of this machine, as a gate
 * is that may have another port by now.
 */
function mirrorsOf(packages: readonly LockedPackage[], known: ReadonlySet<string>): readonly string[] {
  const [only, ...others] = new Set(packages.map(({ index }) => (index === undefined ? undefined : indexKey(index))))
  if (only === undefined || others.length > 0 || known.has(only)) return []
  const urls = packages.flatMap(({ files }) => files.map(({ url }) => url))
  const likePypi = urls.length > 0 && urls.every(url => url !== undefined && PYPI_PATH.test(url))
  return likePypi || LOCAL_GATE.test(only) ? [only] : []
}

const PYPI_PATH = /\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[^/?#]+(?:#.*)?$/
const LOCAL_GATE = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\/simple$/

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
