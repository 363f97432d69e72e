import { parseSha256 } from '../../domain/base/digest.ts'
import type { Revocation } from '../../domain/policy/revocation.ts'
import type { DownloadSums, JournalFilter, LedgerRows } from '../../ports/console/ledger.ts'
import type { Records } from '../../ports/records.ts'
import { createNaming, type Found, knownFiles, type RevokedFile } from './revoked-downloads.ts'

/** files of one revocation whose downloads are looked for one by one */
const MOST_FILES = 100

export interface RevokedSums {
  readonly revocation: Revocation
  readonly files: readonly (RevokedFile & { readonly held: boolean })[]
  /** the latest first */
  readonly downloads: readonly DownloadSums[]
  /** there are downloads that were not looked at */
  readonly more: boolean
}

/** As `findRevoked`, with downloads that were put together already: for a gate that serves others meanwhile. */
export async function findRevokedFiles(
  records: Pick<Records, 'attested' | 'projects' | 'project' | 'holds'>,
  revocations: readonly Revocation[],
  downloadsOf: (filter: JournalFilter) => Promise<LedgerRows<DownloadSums>>,
): Promise<readonly RevokedSums[]> {
  const known = await knownFiles(records, revocations)
  const naming = createNaming(revocations)
  const sums: RevokedSums[] = []
  for (const [revocation, found] of known) {
    const { rows, more } = await downloadsIn(filtersOf(revocation, found), downloadsOf)
    const its = rows.filter(row => isNamed(row, revocation, naming))
    for (const { filename, sha256 } of its) {
      const digest = parseSha256(sha256 ?? '')
      if (digest !== undefined) found.know({ filename, sha256: digest })
    }
    const files = await Promise.all(
      found.files.map(async file => ({ ...file, held: await records.holds(file.sha256) })),
    )
    const latestFirst = its.toSorted((one, other) => other.last - one.last)
    sums.push({ revocation, files, downloads: latestFirst, more: more || isTooMuch(revocation, found) })
  }
  return sums
}

/** Of what is named by how it came to be, each file that is known. */
function filtersOf({ what }: Revocation, found: Found): readonly JournalFilter[] {
  if (what.kind === 'sha256') return [{ sha256: what.sha256 }]
  if (what.kind === 'project') return [{ project: what.project }]
  return [...new Set(found.files.map(({ sha256 }) => sha256))].slice(0, MOST_FILES).map(sha256 => ({ sha256 }))
}

function isTooMuch({ what }: Revocation, { files }: Found): boolean {
  return (what.kind === 'run' || what.kind === 'repository') && files.length > MOST_FILES
}

async function downloadsIn(
  filters: readonly JournalFilter[],
  downloadsOf: (filter: JournalFilter) => Promise<LedgerRows<DownloadSums>>,
): Promise<{ readonly rows: readonly DownloadSums[]; readonly more: boolean }> {
  const rows: DownloadSums[] = []
  let more = false
  for (const filter of filters) {
    const found = await downloadsOf(filter)
    rows.push(...found.rows)
    more ||= found.next !== undefined
  }
  return { rows, more }
}

function isNamed(
  { project, filename, sha256 }: DownloadSums,
  revocation: Revocation,
  naming: ReturnType<typeof createNaming>,
): boolean {
  const digest = parseSha256(sha256 ?? '')
  if (digest === undefined) return false
  return revocation.what.kind !== 'project' || naming(project, { filename, sha256: digest }).includes(revocation)
}
