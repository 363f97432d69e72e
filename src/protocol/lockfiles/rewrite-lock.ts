import type { UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { filePathOf } from '../../domain/packaging/file-path.ts'
import { isListedFilename } from '../../domain/packaging/filename.ts'
import { indexKey } from './divide-lock.ts'
import { filenameOfUrl, type Lock, type LockedPackage, type LockedPlace, wrongLock } from './lock.ts'
import { isWebAddress, plainUrl, withoutCredentials } from './plain-url.ts'
import type { LockBytes } from './read-lock.ts'
import { replaceStrings } from './replace-strings.ts'

/** A lock that asks a gate, and what became of its addresses. */
export interface RewrittenLock {
  readonly bytes: Uint8Array
  /** lines and URLs that are others now */
  readonly indexes: number
  readonly files: number
  /** what still leads to this index past the gate */
  readonly left: readonly LeftAddress[]
}

export interface LeftAddress {
  /** without credentials */
  readonly url: string
  readonly why: string
}

export interface Gate {
  /** where it is, without a slash at the end */
  readonly gate: string
  /** addresses of this index, in the form of {@link indexKey} */
  readonly own: ReadonlySet<string>
}

/**
 * Moves the URLs of a lock's files, and the lines that name this index, to the gate; everything else stays as it is, to the byte.
 * `lock` is what was read of `file`, divided: packages of another index stay where they are. What came out is read again with `read`,
 * so that whatever was written in a way that is not moved is found. Throws `usage`.
 */
export function rewriteLock(file: LockBytes, lock: Lock, to: Gate, read: (file: LockBytes) => Lock): RewrittenLock {
  // as bytes that look like text: whatever a URL is made of is ASCII
  const text = Buffer.from(file.bytes).toString('latin1')
  if (/[\0\u00ff]/.test(text.slice(0, 4))) throw wrongLock(file.path, 1, 'it is not UTF-8: only that is rewritten')
  const places = webPlaces(lock.packages)
  const moved = new Map(places.flatMap(it => movedUrl(it, to.gate)))
  const count = { indexes: 0, files: 0 }
  const rewritten = replaceStrings(lock.kind, text, (value, where) => {
    const index = where === 'index' ? movedIndex(value, to) : undefined
    const target = index ?? moved.get(value)
    if (target === undefined || target === value) return undefined
    count[index === undefined ? 'files' : 'indexes'] += 1
    return target
  })
  const bytes = Buffer.from(rewritten, 'latin1')
  return { bytes, ...count, left: leftIn(read({ path: file.path, bytes }), lock, to, moved) }
}

function webPlaces(packages: readonly LockedPackage[]): readonly LockedPlace[] {
  return packages.flatMap(({ places }) => places).filter(({ place }) => isWebAddress(place))
}

function movedUrl(
  { place: url, filename: named, sha256 }: LockedPlace,
  gate: string,
): readonly (readonly [from: string, to: string])[] {
  // the index's spelling of a name is the one in its URL
  const filename = filenameOfUrl(url) ?? named
  if (filename === undefined || !isListedFilename(filename) || !URL.canParse(url)) return []
  const [bare = '', fragment] = url.split('#', 2)
  const path = filePathOf(bare as UpstreamUrl, sha256, filename)
  // without a sha256 the gate serves PyPI's own paths alone
  const servable = sha256 !== undefined || new URL(bare).pathname.includes(path.slice(0, path.lastIndexOf('/')))
  return servable ? [[url, `${gate}${path}${fragment === undefined ? '' : `#${fragment}`}`]] : []
}

/** With a slash at its end where the old one had one: clients compare indexes as texts. */
function movedIndex(url: string, { gate, own }: Gate): string | undefined {
  if (!own.has(indexKey(withoutCredentials(url)))) return undefined
  return `${gate}/simple${url.endsWith('/') ? '/' : ''}`
}

/** What of the rewritten lock is of this index, and does not ask the gate. */
function leftIn(
  after: Lock,
  before: Lock,
  { gate, own }: Gate,
  moved: ReadonlyMap<string, string>,
): readonly LeftAddress[] {
  const ours = new Set(before.packages.map(({ project }) => project))
  const packages = after.packages.filter(
    ({ project, index }) => ours.has(project) && (index === undefined || own.has(indexKey(index))),
  )
  const at = indexKey(`${gate}/simple`)
  const indexes = [...packages, ...after.unjudged].flatMap(({ index }) => index ?? [])
  const urls = webPlaces(packages).map(({ place }) => place)
  return [
    ...indexes
      .filter(index => own.has(indexKey(index)) && indexKey(index) !== at)
      .map(url => ({ url, why: 'it is written in a way, or in an included file, that is not rewritten' })),
    ...urls
      .filter(url => !isAtGate(url, gate))
      .map(url => ({
        url: withoutCredentials(url),
        why: moved.has(url)
          ? 'it is written in a way that is not rewritten'
          : 'the lock has no sha256 of it, or no name',
      })),
  ].filter(({ url }, place, all) => all.findIndex(other => other.url === url) === place)
}

function isAtGate(url: string, gate: string): boolean {
  return plainUrl(url) !== undefined && url.startsWith(`${gate}/`)
}
