import type { UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { filePathOf } from '../../domain/packaging/file-path.ts'
import { isListedFilename } from '../../domain/packaging/filename.ts'
import { indexKey } from './divide-lock.ts'
import { filenameOfUrl, type Lock, type LockedFile, type LockKind, withoutCredentials, wrongLock } from './lock.ts'
import type { LockBytes } from './read-lock.ts'

/** A lock that asks a gate, and what became of its addresses. */
export interface RewrittenLock {
  readonly bytes: Uint8Array
  /** lines and URLs that are others now */
  readonly indexes: number
  readonly files: number
  /** URLs of files that the gate cannot be asked for: without PyPI's path, they need a sha256 */
  readonly left: readonly string[]
}

/**
 * Moves the URLs of a lock's files, and the lines that name this index, to the gate at `to`; everything else stays as it is, to the
 * byte. `lock` is what was read of `file`, divided: packages of another index stay where they are. Throws `usage`.
 */
export function rewriteLock(
  file: LockBytes,
  lock: Lock,
  to: { readonly gate: string; readonly own: ReadonlySet<string> },
): RewrittenLock {
  // as bytes that look like text: whatever a URL is made of is ASCII
  const text = Buffer.from(file.bytes).toString('latin1')
  if (/[\0\u00ff]/.test(text.slice(0, 4))) throw wrongLock(file.path, 1, 'it is not UTF-8: only that is rewritten')
  const files = lock.packages.flatMap(({ files: own }) => own).filter(({ url }) => url !== undefined)
  const moved = new Map(files.flatMap(it => movedUrl(it, to.gate)))
  const left = files.flatMap(({ url = '' }) => (moved.has(url) ? [] : [url]))
  const count = { indexes: 0, files: 0 }
  const withFiles = text.replace(QUOTED, (quoted, url: string) => {
    const target = moved.get(url)
    if (target === undefined || target === url) return quoted
    count.files += 1
    return `"${target}"`
  })
  const rewritten = withFiles.replace(INDEX_LINES[lock.kind], (line, before: string, url: string, after: string) => {
    const target = movedIndex(url, to)
    if (target === undefined || target === url) return line
    count.indexes += 1
    return `${before}${target}${after}`
  })
  return { bytes: Buffer.from(rewritten, 'latin1'), ...count, left }
}

const QUOTED = /"(https?:\/\/[^"\\\r\n]*)"/g

/** Where each format names an index; what stands before and behind the URL is kept. */
const INDEX_LINES: Readonly<Record<LockKind, RegExp>> = {
  uv: /(\bregistry = ")(https?:[^"\\\r\n]*)(")/g,
  poetry: /(^url = ")(https?:[^"\\\r\n]*)(")/gm,
  // the format names none
  pdm: /(?!)/g,
  pylock: /(^index = ")(https?:[^"\\\r\n]*)(")/gm,
  pipfile: /("url": ")(https?:[^"\\\r\n]*)(")/g,
  requirements: /(^[ \t]*(?:-i|--index-url|--pypi-url|--extra-index-url)[= \t]{0,8}["']?)(https?:[^\s"'#]*)(.*$)/gm,
}

function movedUrl(
  { url, filename: named, sha256 }: LockedFile,
  gate: string,
): readonly (readonly [from: string, to: string])[] {
  // the index's spelling of a name is the one in its URL
  const filename = filenameOfUrl(url) ?? named
  if (url === undefined || filename === undefined || !isListedFilename(filename) || !URL.canParse(url)) return []
  const [bare = '', fragment] = url.split('#', 2)
  const path = filePathOf(bare as UpstreamUrl, sha256, filename)
  // without a sha256 the gate serves PyPI's own paths alone
  const servable = sha256 !== undefined || new URL(bare).pathname.includes(path.slice(0, path.lastIndexOf('/')))
  return servable ? [[url, `${gate}${path}${fragment === undefined ? '' : `#${fragment}`}`]] : []
}

/** With a slash at its end where the old one had one: clients compare indexes as texts. */
function movedIndex(
  url: string,
  { gate, own }: { readonly gate: string; readonly own: ReadonlySet<string> },
): string | undefined {
  if (!own.has(indexKey(withoutCredentials(url)))) return undefined
  return `${gate}/simple${url.endsWith('/') ? '/' : ''}`
}
