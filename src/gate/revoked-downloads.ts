import { parseSha256, type Sha256 } from '../domain/digest.ts'
import { parseDistFilename } from '../domain/filename.ts'
import type { Instant } from '../domain/instant.ts'
import { instant } from '../domain/instant.ts'
import { tryProjectName } from '../domain/name.ts'
import { type Revocation, revokedByName, revokedByProvenance } from '../domain/revocation.ts'
import type { Records } from '../ports.ts'

/** A client that got a file before it was revoked. */
export interface Download {
  readonly client: string
  readonly filename: string
  readonly sha256: Sha256
  readonly requests: number
  readonly first: Instant
  readonly last: Instant
}

export interface RevokedFiles {
  readonly revocation: Revocation
  /** known files that it names, `filename sha256` */
  readonly files: readonly { readonly filename: string; readonly sha256: Sha256 }[]
  readonly downloads: readonly Download[]
}

const FOR_EVER = instant(0)

/** Who has what is revoked: every admission on record of a file that a revocation names, by its name or by its provenance. */
export function findRevoked(
  records: Pick<Records, 'journal' | 'attested'>,
  revocations: readonly Revocation[],
): readonly RevokedFiles[] {
  const byProvenance = new Map<Sha256, Set<Revocation>>()
  for (const { sha256, finding } of records.attested())
    for (const revocation of revocations)
      if (revokedByProvenance(finding, [revocation]) !== undefined) addTo(byProvenance, sha256, revocation)
  const files = new Map<Revocation, Map<string, { filename: string; sha256: Sha256 }>>()
  const downloads = new Map<Revocation, Map<string, Download>>()
  for (const { outcome, project: text, filename, sha256: digest, client, count, at } of records.journal(FOR_EVER)) {
    const project = tryProjectName(text)
    const sha256 = parseSha256(digest ?? '')
    const dist = project === undefined ? undefined : parseDistFilename(filename, project)
    if (sha256 === undefined) continue
    for (const revocation of revocations) {
      const named =
        project !== undefined &&
        dist !== undefined &&
        revokedByName({ project, filename: dist, sha256 }, [revocation]) !== undefined
      if (!named && byProvenance.get(sha256)?.has(revocation) !== true) continue
      const known = files.get(revocation) ?? new Map()
      files.set(revocation, known.set(`${filename} ${sha256}`, { filename, sha256 }))
      if (outcome !== 'admitted') continue
      const own = downloads.get(revocation) ?? new Map<string, Download>()
      const key = `${client} ${filename} ${sha256}`
      const before = own.get(key)
      own.set(key, {
        client,
        filename,
        sha256,
        requests: (before?.requests ?? 0) + count,
        first: before?.first ?? at,
        last: at,
      })
      downloads.set(revocation, own)
    }
  }
  return revocations.map(revocation => ({
    revocation,
    files: [...(files.get(revocation)?.values() ?? [])],
    downloads: [...(downloads.get(revocation)?.values() ?? [])].sort((a, b) => b.last - a.last),
  }))
}

function addTo<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key) ?? new Set()
  map.set(key, values.add(value))
}
