import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { LockChanges, Moved } from '../../gate/report/compare-locks.ts'
import {
  bornAt,
  type Evidence,
  type FileFacts,
  isNameable,
  type OfferedRelease,
  type ReleaseFacts,
  type Signer,
  standingOf,
  type Tenure,
} from '../../gate/report/release-facts.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import type { Reported } from './tell.ts'

/** A report for programs: one object, absent values null, its fields described in `docs/how-to/report.md`. */
export function renderJson({
  locks,
  against,
  releases,
  summary,
  changes,
  asides,
  ended,
  now,
  young,
}: Reported): string {
  const { signers, ...counts } = summary
  return jsonLine({
    form: 1,
    at: formatInstant(now),
    locks,
    against,
    young_days: young / 86_400_000,
    summary: {
      packages: counts.packages,
      files: counts.files,
      attested_files: counts.attestedFiles,
      standings: counts.standings,
      nameable: counts.nameable,
      attested_before: counts.attestedBefore,
      attested_after: counts.attestedAfter,
      yanked: counts.yanked,
      silent: counts.silent,
      signers: signers.map(({ signer, releases: own }) => ({
        ...signerJson(signer),
        projects: own.map(({ project }) => project),
      })),
    },
    ended,
    changes: changes === undefined ? null : changesJson(changes),
    releases: releases.map(releaseJson),
    not_looked_at: asides.map(({ lock, line, kind, name, why, fresh }) => ({
      lock,
      line,
      kind,
      name,
      why,
      new: fresh ?? null,
    })),
  })
}

function time(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at)
}

function signerJson({ issuer, san, repository, workflow, ref }: Signer): object {
  return { issuer, san, repository: repository ?? null, workflow: workflow ?? null, ref: ref ?? null }
}

function releaseJson(release: ReleaseFacts): object {
  const { project, version, status, files, released, tenure, tenureUnknown, attestedBefore, attestedAfter } = release
  return {
    project,
    version,
    standing: standingOf(release),
    nameable: isNameable(release),
    status: status ?? null,
    released: time(released),
    same_signer: tenure === undefined ? null : tenureJson(tenure),
    same_signer_unknown: tenureUnknown ?? null,
    attested_before: offeredJson(attestedBefore),
    attested_after: offeredJson(attestedAfter),
    files: files.map(fileJson),
  }
}

function tenureJson({ since, releases, before }: Tenure): object {
  return {
    since: offeredJson(since),
    releases,
    before:
      before === undefined
        ? null
        : {
            release: offeredJson(before.release),
            signer: before.signer === undefined ? null : signerJson(before.signer),
          },
  }
}

function offeredJson(release: OfferedRelease | undefined): object | null {
  return release === undefined ? null : { version: release.version, released: time(release.uploaded) }
}

function fileJson(file: FileFacts): object {
  const { filename, sha256, uploaded, yanked, evidence } = file
  return {
    filename,
    sha256: sha256 ?? null,
    uploaded: time(uploaded),
    since: time(bornAt(file)),
    yanked: yanked !== false,
    yanked_reason: typeof yanked === 'string' ? yanked : null,
    evidence: evidence.kind,
    ...detailsOf(evidence),
  }
}

function detailsOf(evidence: Evidence): object {
  const nothing = { signer: null, signed_at: null, log_index: null, nameable: false, code: null, detail: null }
  switch (evidence.kind) {
    case 'attested': {
      const { signer, signedAt, logIndex, nameable } = evidence
      return { ...nothing, signer: signerJson(signer), signed_at: time(signedAt), log_index: logIndex, nameable }
    }
    case 'failed':
    case 'unsuited':
    case 'unknown':
      return { ...nothing, code: evidence.code, detail: evidence.detail }
    case 'missing':
      return { ...nothing, code: 'not-listed', detail: evidence.detail }
    case 'unattested':
      return nothing
    default:
      return evidence satisfies never
  }
}

function moved({ project, from, to }: Moved): {
  readonly project: string
  readonly from: readonly string[]
  readonly to: string
} {
  return { project, from, to }
}

function changesJson(changes: LockChanges): object {
  return {
    added: changes.added.map(moved),
    bumped: changes.bumped.map(moved),
    removed: changes.removed.map(({ project, from }) => ({ project, from })),
    new_signers: changes.newSigners.map(({ signer, projects }) => ({ ...signerJson(signer), projects })),
    lost: changes.lost.map(it => ({
      ...moved(it),
      last: it.last ?? null,
      files: it.files.map(({ filename }) => filename),
    })),
    changed: changes.changed.map(it => ({
      ...moved(it),
      before: it.before.map(signerJson),
      now: it.now.map(signerJson),
    })),
    gained: changes.gained.map(moved),
    late: changes.late.map(({ project, version, file, days }) => ({ project, version, filename: file.filename, days })),
    young: changes.young.map(({ project, version, file, born }) => ({
      project,
      version,
      filename: file.filename,
      since: time(born),
    })),
    undetermined: changes.undetermined.map(({ about, what, why }) => ({ about, what, why })),
  }
}
