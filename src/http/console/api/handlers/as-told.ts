import { type TokenRecord, tokenState } from '../../../../domain/access/token.ts'
import { formatInstant, type Instant, instant, parseInstant } from '../../../../domain/base/instant.ts'
import type { Identity } from '../../../../domain/identity/attestation.ts'
import type { RuleRef } from '../../../../domain/policy/rule-ref.ts'
import type { AuditRow } from '../../../../ports/console/audit-log.ts'
import type { DownloadSums, NumberedRow, ProjectSums, RefusalGroup } from '../../../../ports/console/ledger.ts'
import type { AccessRequest } from '../../../../ports/console/requests.ts'

/** Values as JSON: times in RFC 3339, `null` for what is not known. */

/** Of a time that the schema let in. */
export function momentOf(text: string): Instant {
  return parseInstant(text) ?? instant(Date.parse(text))
}

export function timeOr(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at)
}

export function placeOf({ id, file, line }: RuleRef) {
  return { id, file: file.slice(file.lastIndexOf('/') + 1), line }
}

export function tellIdentity({ issuer, san, repository, workflow, ref }: Identity) {
  return { issuer, san, repository: repository ?? null, workflow: workflow ?? null, ref: ref ?? null }
}

export function tellRow(row: NumberedRow) {
  return {
    id: row.id,
    at: formatInstant(row.at),
    outcome: row.outcome,
    code: row.code,
    rule: row.rule ?? null,
    project: row.project,
    filename: row.filename,
    sha256: row.sha256 ?? null,
    identity: row.identity === undefined ? null : tellIdentity(row.identity),
    subject: row.subject ?? null,
    client: row.client,
    index: row.index ?? null,
    source: row.source ?? null,
    policy: row.policyDigest,
    count: row.count,
  }
}

export function tellGroup({ index, rule, sha256, first, last, ...rest }: RefusalGroup) {
  return {
    ...rest,
    index: index ?? null,
    rule: rule ?? null,
    sha256: sha256 ?? null,
    first: formatInstant(first),
    last: formatInstant(last),
  }
}

export function tellProject({ last, ...rest }: ProjectSums) {
  return { ...rest, last: formatInstant(last) }
}

export function tellDownload({ subject, index, source, sha256, rule, first, last, code, ...rest }: DownloadSums) {
  return {
    ...rest,
    subject: subject ?? null,
    index: index ?? null,
    source: source ?? null,
    sha256: sha256 ?? null,
    rule: rule ?? null,
    verdict: code,
    first: formatInstant(first),
    last: formatInstant(last),
  }
}

export function tellAudit({ at, why, detail, ...rest }: AuditRow) {
  return { ...rest, at: formatInstant(at), why: why ?? null, detail: { ...detail } }
}

export function tellRequest({ version, sha256, by, at, decision, ...rest }: AccessRequest) {
  return {
    ...rest,
    version: version ?? null,
    sha256: sha256 ?? null,
    by: { subject: by.subject, email: by.email ?? null, address: by.address },
    at: formatInstant(at),
    decision: decision === undefined ? null : tellDecision(decision),
  }
}

function tellDecision({ email, at, ticket, approval, ...rest }: NonNullable<AccessRequest['decision']>) {
  return {
    ...rest,
    email: email ?? null,
    at: formatInstant(at),
    ticket: ticket ?? null,
    approval: approval === undefined ? null : { ...approval, ends: formatInstant(approval.ends) },
  }
}

export function tellToken(token: TokenRecord, now: Instant) {
  const { name, indexes, metrics, scopes = [], holder, created, expires, revoked } = token
  return {
    name,
    subject: `token:${name}`,
    indexes: indexes === undefined ? null : [...indexes],
    scopes: [...(metrics ? ['metrics'] : []), ...scopes],
    holder: holder ?? null,
    state: tokenState(token, now),
    created: formatInstant(created),
    expires: timeOr(expires),
    revoked: timeOr(revoked),
  }
}
