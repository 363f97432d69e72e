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

/** The sha256 among them, where it is one. */
export function sha256In(hashes: Hashes): Sha256 | undefined {
  return parseSha256(hashes['sha256'] ?? '')
}
