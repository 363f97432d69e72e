import { parseSha256 } from '../../domain/base/digest.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { type Revocation, type Revoked, revokedByName, revokedByProvenance } from '../../domain/policy/revocation.ts'
import type { DownloadSums, JournalFilter } from '../../ports/console/ledger.ts'
import type { Records } from '../../ports/records.ts'

/**
 * Where in the journal whatever a revocation names is found, and maybe more: {@link isRevoked} says of each row. `undefined`: nothing there tells,
 * because a run is named whose repository its URL does not say.
 */
export function rowsToLookAt(what: Revoked): JournalFilter | undefined {
  switch (what.kind) {
    case 'sha256':
      return { sha256: what.sha256 }
    case 'project':
      return { project: what.project }
    case 'repository':
      return { identity: what.repository, ...(what.commit === undefined ? {} : { commit: what.commit }) }
    case 'run': {
      const repository = repositoryOf(what.run)
      return repository === undefined ? undefined : { identity: repository }
    }
    default:
      return what satisfies never
  }
}

/** `owner/name` of a run's URL at GitHub or GitLab. */
function repositoryOf(run: string): string | undefined {
  if (!URL.canParse(run)) return undefined
  const path = new URL(run).pathname.slice(1)
  const end = path.search(/\/(?:actions|-)\//)
  return end <= 0 ? undefined : path.slice(0, end)
}

/** `unknown`: how the file came to be is not on record any more. */
export async function isRevoked(
  { project, filename: text, sha256: digest }: Pick<DownloadSums, 'project' | 'filename' | 'sha256'>,
  revocation: Revocation,
  records: Pick<Records, 'finding'>,
): Promise<boolean | 'unknown'> {
  const name = tryProjectName(project)
  const filename = name === undefined ? undefined : parseDistFilename(text, name)
  const sha256 = parseSha256(digest ?? '')
  if (name === undefined || filename === undefined || sha256 === undefined) return 'unknown'
  const { kind } = revocation.what
  if (kind === 'sha256' || kind === 'project')
    return revokedByName({ project: name, filename, sha256 }, [revocation]) !== undefined
  const remembered = await records.finding({ project: name, sha256, filename: text })
  if (remembered === undefined) return 'unknown'
  return revokedByProvenance(remembered.finding, [revocation]) !== undefined
}
