import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { isJsonObject } from '../text/json.ts'

/** Digests by algorithm, both in lower case and sorted; those that no client knows are left out. */
export type Hashes = Readonly<Record<string, string>>

const HASH = /^[0-9a-f]{32,128}$/
const ALGORITHMS: ReadonlySet<string> = new Set([
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'blake2b_256',
  'blake2b',
])

/**
 * Reads digests as an index spells them. Names of algorithms and hex digits come in either case (hashlib takes both, and so do
 * installers); `undefined` where two spellings of one algorithm say different things, for then neither can be believed.
 */
export function readHashes(hashes: unknown): Hashes | undefined {
  if (!isJsonObject(hashes)) return {}
  const read = new Map<string, string>()
  for (const [name, digest] of Object.entries(hashes)) {
    const hash = typeof digest === 'string' ? digest.toLowerCase() : ''
    const algorithm = name.toLowerCase()
    if (!ALGORITHMS.has(algorithm) || !HASH.test(hash)) continue
    if ((read.get(algorithm) ?? hash) !== hash) return undefined
    read.set(algorithm, hash)
  }
  return Object.fromEntries([...read].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What nearly every entry has, in the spelling that it is kept in. */
function hasSha256Alone(hashes: Readonly<Record<string, unknown>>): hashes is { readonly sha256: Sha256 } {
  for (const name in hashes) if (name !== 'sha256') return false
  const { sha256 } = hashes
  return typeof sha256 === 'string' && parseSha256(sha256) !== undefined
}

/** As {@link readHashes}, with the sha256 among them where there is one. */
export function readDigests(
  hashes: unknown,
): { readonly hashes: Hashes; readonly sha256: Sha256 | undefined } | undefined {
  if (isJsonObject(hashes) && hasSha256Alone(hashes))
    return { hashes: { sha256: hashes.sha256 }, sha256: hashes.sha256 }
  const read = readHashes(hashes)
  return read && { hashes: read, sha256: parseSha256(read['sha256'] ?? '') }
}
