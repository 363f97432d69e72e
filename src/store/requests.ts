import type { Clock } from '../domain/base/instant.ts'
import type { Requests } from '../ports/console/requests.ts'
import { withDatabaseIn } from './beside-gate.ts'
import { createRequestsTable } from './sqlite/tables/console/requests-table.ts'

/** Works with the requests of a data folder; a gate that runs goes by what changed within two seconds. Throws `unknown-store`, `config-invalid`. */
export async function withRequests<Result>(
  folder: string,
  clock: Clock,
  use: (requests: Requests) => Promise<Result>,
): Promise<Result> {
  const how = { clock, failed: 'the requests could not be read or written' }
  return await withDatabaseIn(
    folder,
    how,
    async database => await use(createRequestsTable(database, (_, query) => query())),
  )
}
