import { type Clock, millis } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'
import type { NoticeKeeper } from '../../ports/console/notices.ts'
import type { Requests } from '../../ports/console/requests.ts'
import type { SessionBook, Sessions } from '../../ports/console/sessions.ts'
import type { TokenKeeper } from '../../ports/tokens.ts'
import { Reach } from '../shared/reach.ts'
import { createSharedAuditLog, createSharedAuditRecords } from './audit/audit-log.ts'
import { type Connection, createConnection } from './connection.ts'
import { createRequests } from './console/requests.ts'
import { checkDatabase } from './copy/check-database.ts'
import { copyFolder } from './copy/copy-folder.ts'
import type { Copied } from './copy/counts.ts'
import { type ForgetOrder, forgetShared } from './decided/forget.ts'
import { decideShared, type SourceDecision } from './decided/source.ts'
import { migrate } from './migrate.ts'
import { createNoticeKeeper } from './notices/notice-queue.ts'
import { createSessions } from './sessions.ts'
import { createTokenKeeper } from './tokens.ts'

/** The database for one command, brought up to date. Throws `unknown-store`, `config-invalid`. */
export async function withDatabase<Result>(
  url: string,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = createConnection(url, new Reach({ what: 'the database', maxStale: millis(0) }))
  try {
    await migrate(connection)
    return await use(connection)
  } finally {
    await connection.close()
  }
}

export async function withSharedRequests<Result>(
  url: string,
  use: (requests: Requests) => Promise<Result>,
): Promise<Result> {
  return await withDatabase(url, async connection => await use(createRequests(connection)))
}

export async function withSharedTokens<Result>(
  url: string,
  use: (tokens: TokenKeeper) => Result | Promise<Result>,
): Promise<Result> {
  return await withDatabase(url, async connection => await use(createTokenKeeper(connection)))
}

/** For a command that adds to the log of all gates. */
export async function withSharedAuditLog<Result>(
  url: string,
  use: (log: AuditLog) => Promise<Result>,
): Promise<Result> {
  return await withDatabase(url, async connection => await use(createSharedAuditLog(connection)))
}

/** The log of all gates, by a role that may only read it, too: the database stays as it is. */
export function readSharedAuditLog(url: string): AuditRecords & { close(): Promise<void> } {
  const connection = createConnection(url, new Reach({ what: 'the database', maxStale: millis(0) }))
  return { ...createSharedAuditRecords(connection), close: connection.close }
}

export async function withSharedNotices<Result>(
  url: string,
  use: (notices: NoticeKeeper) => Result | Promise<Result>,
): Promise<Result> {
  return await withDatabase(url, async connection => await use(createNoticeKeeper(connection)))
}

/** For a command that prints a link which signs in, or ends sessions. */
export async function withSharedSessions<Result>(
  url: string,
  use: (sessions: Sessions & SessionBook) => Promise<Result>,
): Promise<Result> {
  return await withDatabase(url, async connection => await use(createSessions(connection)))
}

/** Whose a name is from now on; every gate goes by it within two seconds. Answers with whose it was. */
export async function decideSharedSource(
  url: string,
  decision: SourceDecision,
  clock: Clock,
): Promise<SourceName | undefined> {
  return await withDatabase(url, async connection => await decideShared(connection, decision, clock))
}

/** Lets go of something that is remembered; every gate takes notice within two seconds. False where there was nothing. */
export async function forgetInDatabase(url: string, order: ForgetOrder, clock: Clock): Promise<boolean> {
  return await withDatabase(url, async connection => await forgetShared(connection, order, clock))
}

/** What a data folder knows, in the database too; the folder is as it was. Answers with how much of each there is on both sides. */
export async function bringFolder(url: string, folder: string, clock: Clock): Promise<readonly Copied[]> {
  return await withDatabase(url, async connection => await copyFolder(folder, connection, clock))
}

/** What in the database is not as it was written down, a line each. */
export async function checkShared(url: string): Promise<readonly string[]> {
  return await withDatabase(url, checkDatabase)
}
