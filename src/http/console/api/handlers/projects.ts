import { formatInstant } from '../../../../domain/base/instant.ts'
import { identityOf } from '../../../../domain/identity/identity.ts'
import { createHistory } from '../../../../domain/memory/history.ts'
import { type SeenProject, seenProject } from '../../../../domain/memory/project-memory.ts'
import { parseProjectName } from '../../../../domain/packaging/name.ts'
import { canonicalVersion, compareVersions } from '../../../../domain/packaging/version.ts'
import { tellHistory } from '../../../../gate/records/told-history.ts'
import type { NumberedRow } from '../../../../ports/console/ledger.ts'
import { MOST_PAGE_ROWS } from '../../../../protocol/api/operation.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Handlers } from '../call.ts'
import { placeOf, tellIdentity, timeOr } from './as-told.ts'
import { indexAsked } from './index-of.ts'

type SeenFile = SeenProject['files'][number]

/** A project as the gate has seen it. */
export function projectHandlers(parts: ApiParts): Handlers<'getProject' | 'getHistory'> {
  return {
    async getProject({ params, query, caller }) {
      const index = indexAsked(parts, caller, query.index)
      const project = parseProjectName(params.project)
      const [seen, { policy }, journal] = await Promise.all([
        index.askRecords(async records => seenProject(await records.project(project))),
        index.policy(),
        parts.ledger.journal({ project, index: index.name }, { limit: MOST_PAGE_ROWS }),
      ])
      const source = index.sourceOf(project)
      const rule = policy.ruleFor(project, source)
      const last = latest(journal.rows)
      return {
        project,
        index: index.name,
        source: source ?? null,
        status: seen?.status ?? null,
        last_read: timeOr(seen?.lastRead),
        rule: rule === undefined ? null : placeOf(rule.ref),
        first_signer: createHistory(seen?.files ?? []).first?.proof.claims.san.value ?? null,
        releases: releasesOf(seen?.files ?? []).map(files => ({
          version: files[0]?.version ?? '',
          files: files.map(file => tellFile(file, last)),
        })),
      }
    },
    async getHistory({ params, query, caller }) {
      const index = indexAsked(parts, caller, query.index)
      const project = parseProjectName(params.project)
      const seen = await index.askRecords(async records => seenProject(await records.project(project)))
      return tellHistory(project, index.name, seen)
    },
  }
}

/** The newest first. */
function releasesOf(files: readonly SeenFile[]): readonly (readonly SeenFile[])[] {
  const releases = [...Map.groupBy(files, ({ version }) => canonicalVersion(version)).values()]
  return releases.sort(([one], [other]) =>
    one === undefined || other === undefined ? 0 : compareVersions(other.version, one.version),
  )
}

function latest(rows: readonly NumberedRow[]): ReadonlyMap<string, NumberedRow> {
  const found = new Map<string, NumberedRow>()
  for (const row of rows) if (row.outcome !== 'forgotten' && !found.has(keyOf(row))) found.set(keyOf(row), row)
  return found
}

function keyOf({ filename, sha256 }: Pick<SeenFile, 'filename'> & { readonly sha256: string | undefined }): string {
  return `${filename} ${sha256 ?? ''}`
}

function tellFile(file: SeenFile, last: ReadonlyMap<string, NumberedRow>) {
  const { proof, offered } = file
  const row = last.get(keyOf(file))
  const attested = proof !== undefined ? 'proved' : offered !== undefined ? 'offered' : 'no'
  return {
    filename: file.filename,
    sha256: file.sha256 ?? null,
    uploaded: timeOr(file.uploaded),
    first_seen: formatInstant(file.firstSeen),
    attested,
    signer: proof === undefined ? null : tellIdentity(identityOf(proof.claims)),
    last_verdict:
      row === undefined || row.outcome === 'forgotten'
        ? null
        : { at: formatInstant(row.at), outcome: row.outcome, code: row.code, rule: row.rule ?? null },
  } as const
}
