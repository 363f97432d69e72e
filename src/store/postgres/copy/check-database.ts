import { parseSha256 } from '../../../domain/base/digest.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import { sealOf } from '../../sqlite/tables/findings-table.ts'
import type { SourceId } from '../../sqlite/tables/sources-table.ts'
import { createSharedAuditRecords } from '../audit/audit-log.ts'
import type { Connection } from '../connection.ts'

const PIECE = 500

interface Row {
  readonly source: SourceId
  readonly project: ProjectName
  readonly sha256: string
  readonly filename: string
  readonly trust: string
  readonly finding: string
  readonly found: number
  readonly seal: Buffer
}

/**
 * What in the database is not as it was written down, a line each: findings, which gates take for absent then and find anew, and the audit
 * log. Throws `unknown-store`.
 */
export async function checkDatabase(connection: Connection): Promise<readonly string[]> {
  return [...(await checkFindings(connection)), ...(await checkAudit(connection))]
}

/** The first row that is not, and why: what stands behind it says nothing. */
async function checkAudit(connection: Connection): Promise<readonly string[]> {
  const { wrong } = await createSharedAuditRecords(connection).verify()
  return wrong === undefined ? [] : [`audit log, row ${wrong.sequence}: ${wrong.why}`]
}

async function checkFindings(connection: Connection): Promise<readonly string[]> {
  const wrong: string[] = []
  for (let offset = 0; ; offset += PIECE) {
    const rows = await connection.ask<Row>(
      'findings could not be read',
      'select * from findings order by source, project, sha256, filename, trust limit $1 offset $2',
      [PIECE, offset],
    )
    for (const { seal, sha256: hex, trust, ...row } of rows) {
      const sha256 = parseSha256(hex)
      const isSealed =
        sha256 !== undefined &&
        sealOf({ ...row, key: { sha256, filename: row.filename, trustDigest: trust } }).equals(seal)
      if (!isSealed) wrong.push(`${hex} ${row.filename}: what was found of it is not what was written down`)
    }
    if (rows.length < PIECE) return wrong
  }
}
