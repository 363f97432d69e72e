import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { JournalRow, Records } from '../../ports/records.ts'

/** Somebody who got a file. */
export interface Download {
  /** `token:ci`; `undefined` where it was written down before anybody was asked */
  readonly subject: string | undefined
  /** the address */
  readonly client: string
  readonly index: string | undefined
  /** where there were several: the one that the latest came from */
  readonly source: string | undefined
  readonly project: string
  readonly filename: string
  readonly sha256: Sha256 | undefined
  /** what the latest admission rests on, and its rule */
  readonly verdict: string
  readonly rule: string | undefined
  readonly requests: number
  readonly first: Instant
  readonly last: Instant
}

/** Downloads of what is asked for. */
export type DownloadsOf =
  | { readonly kind: 'project'; readonly project: ProjectName; readonly version: Version | undefined }
  | { readonly kind: 'file'; readonly filename: string }
  | { readonly kind: 'sha256'; readonly sha256: Sha256 }
  | { readonly kind: 'subject'; readonly subject: string }

/** Who got it, from the journal: the latest first. A refusal is no download. */
export async function findDownloads(
  records: Pick<Records, 'journal'>,
  wanted: DownloadsOf,
  since: Instant,
): Promise<readonly Download[]> {
  const isWanted = matcherOf(wanted)
  const found = new Downloads()
  for await (const row of records.journal(since)) if (row.outcome === 'admitted' && isWanted(row)) found.add(row)
  return found.latestFirst()
}

function matcherOf(wanted: DownloadsOf): (row: JournalRow) => boolean {
  switch (wanted.kind) {
    case 'sha256':
      return ({ sha256 }) => sha256 === wanted.sha256
    case 'subject':
      return ({ subject }) => subject === wanted.subject
    case 'file':
      return ({ filename }) => filename === wanted.filename
    case 'project': {
      const { project, version } = wanted
      return row => {
        if (row.project !== project) return false
        if (version === undefined) return true
        const name = tryProjectName(row.project)
        const own = name === undefined ? undefined : parseDistFilename(row.filename, name)?.version
        return own !== undefined && compareVersions(own, version) === 0
      }
    }
    default:
      return wanted satisfies never
  }
}

/** Admissions put together by who, from where, at which index, and what. */
export class Downloads {
  readonly #found = new Map<string, Download>()

  add({ subject, client, index, source, project, filename, sha256, code, rule, count, at }: JournalRow): void {
    const key = JSON.stringify([subject, client, index, filename, sha256])
    const before = this.#found.get(key)
    const isLatest = before === undefined || before.last <= at
    this.#found.set(key, {
      subject,
      client,
      index,
      source: isLatest ? source : before.source,
      project,
      filename,
      sha256: parseSha256(sha256 ?? ''),
      verdict: isLatest ? code : before.verdict,
      rule: isLatest ? rule : before.rule,
      requests: (before?.requests ?? 0) + count,
      first: instant(Math.min(before?.first ?? at, at)),
      last: instant(Math.max(before?.last ?? at, at)),
    })
  }

  latestFirst(): readonly Download[] {
    return [...this.#found.values()].sort((one, other) => other.last - one.last)
  }
}
