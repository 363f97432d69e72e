import type { Instant } from '../../domain/base/instant.ts'
import type { Imported, ImportOrder } from '../../gate/mirror/import.ts'
import type { AuditEntry, Doer } from '../../ports/console/audit-log.ts'

/** Who let in what, and by whose key: of a mirror that was carried here. */
export function importEntry(
  { manifest, sha256, fresh, changed, restored, leftOut }: Imported,
  { signer, allowRefused }: Pick<ImportOrder, 'signer' | 'allowRefused'>,
  { detail, ...doer }: Doer,
  at: Instant,
): AuditEntry {
  const told = {
    signer: signer.id,
    sequence: `${manifest.sequence}`,
    files: `${fresh.length + changed.length + restored.length}`,
    left_out: `${leftOut.length}`,
    ...(allowRefused.size === 0 ? {} : { allow_refused: [...allowRefused].join(' ') }),
  }
  return { ...doer, at, action: 'imported', target: `sha256 ${sha256}`, detail: { ...detail, ...told } }
}
