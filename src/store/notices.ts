import type { Clock } from '../domain/base/instant.ts'
import type { NoticeKeeper } from '../ports/console/notices.ts'
import { withDatabaseIn } from './beside-gate.ts'
import { createNoticeKeeper } from './sqlite/tables/notices/notices-table.ts'

/** Works with the notices of a data folder, beside a gate that works there or without one. Throws `unknown-store`, `config-invalid`. */
export async function withNotices<Result>(
  folder: string,
  clock: Clock,
  use: (notices: NoticeKeeper) => Result | Promise<Result>,
): Promise<Result> {
  const how = { clock, failed: 'the notices could not be read or written' }
  return await withDatabaseIn(folder, how, async database => await use(createNoticeKeeper(database)))
}
