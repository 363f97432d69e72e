import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import type { Records } from '../../ports/records.ts'
import type { LockedPackage } from '../../protocol/lockfiles/lock.ts'

/** What a policy that only watches lets pass stands in the journal under this and the code of the refusal. */
const WATCHED = 'audit:'

/** Every file since then that passed because the policy only watched, as a lock would name it. */
export async function watchedFiles(
  records: Pick<Records, 'journal'>,
  since: Instant,
): Promise<readonly LockedPackage[]> {
  const packages = new Map<string, LockedPackage>()
  for await (const { code, outcome, project: name, filename, sha256: digest } of records.journal(since)) {
    if (outcome !== 'admitted' || !code.startsWith(WATCHED)) continue
    const project = tryProjectName(name)
    const dist = project === undefined ? undefined : parseDistFilename(filename, project)
    const sha256 = parseSha256(digest ?? '')
    if (project === undefined || dist === undefined || sha256 === undefined) continue
    packages.set(`${sha256} ${filename}`, {
      project,
      version: dist.version,
      files: [{ filename, sha256, url: undefined }],
      open: false,
      places: [],
      index: undefined,
      marker: undefined,
      line: 1,
      identities: [],
    })
  }
  return [...packages.values()]
}

/** How often each of these bytes was given out since then. */
export async function countDownloads(
  records: Pick<Records, 'journal'>,
  since: Instant,
  wanted: ReadonlySet<Sha256>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  if (wanted.size === 0) return counts
  for await (const { outcome, sha256, count } of records.journal(since)) {
    if (outcome !== 'admitted' || sha256 === undefined || !wanted.has(sha256 as Sha256)) continue
    counts.set(sha256, (counts.get(sha256) ?? 0) + count)
  }
  return counts
}
