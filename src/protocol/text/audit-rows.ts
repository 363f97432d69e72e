import { formatInstant } from '../../domain/base/instant.ts'
import type { AuditRow } from '../../ports/console/audit-log.ts'

/** The last moment that a date has. */
const LAST = 8_640_000_000_000_000

/** A row of the audit log, as files have it: `at`, `actor` and `action` are `when`, `who` and `what` by the names that the API has for them. */
export function tellAuditRow({ sequence, at, actor, from, action, target, why, detail, previous, hash }: AuditRow) {
  // what somebody wrote over may be no time
  const when = Math.abs(at) <= LAST ? formatInstant(at) : String(at)
  const told = { sequence, when, who: actor, from, what: action, target, why: why ?? null, detail, previous, hash }
  return { ...told, at: when, actor, action }
}

/** The columns of a table of them, in their order: new ones come behind. */
export const AUDIT_COLUMNS = [
  'sequence',
  'when',
  'who',
  'from',
  'what',
  'target',
  'why',
  'detail',
  'previous',
  'hash',
  'at',
  'actor',
  'action',
] as const

/** The same for a table, where a cell is a text: `detail` is JSON. */
export function tellAuditCells(row: AuditRow) {
  return { ...tellAuditRow(row), detail: JSON.stringify(row.detail) }
}
