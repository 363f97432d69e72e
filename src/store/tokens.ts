import type { Clock } from '../domain/base/instant.ts'
import type { TokenKeeper } from '../ports/tokens.ts'
import { withDatabaseIn } from './beside-gate.ts'
import { createTokenKeeper } from './sqlite/tables/access/tokens-table.ts'

/**
 * Works with the tokens of a data folder, beside a gate that works there or without one; the database is begun where there is none. A
 * gate that runs sees what changed within a second. Throws `unknown-store`, `config-invalid`.
 */
export async function withTokens<Result>(
  folder: string,
  clock: Clock,
  use: (tokens: TokenKeeper) => Result | Promise<Result>,
): Promise<Result> {
  const how = { clock, failed: 'the tokens could not be read or written' }
  return await withDatabaseIn(folder, how, async database => await use(createTokenKeeper(database)))
}
