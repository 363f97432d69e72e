import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import { consoleBase } from '../../config/sections/console.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { createDecisions } from '../../gate/requests/decide.ts'
import type { AccessRequest, Requests } from '../../ports/console/requests.ts'
import { commandDoer } from '../audit/command-doer.ts'
import { touchFolder } from '../first-touch.ts'

type Stores = Pick<Config, 'store' | 'data' | 'console'>

interface Withdrawal {
  /** its id */
  readonly request: string
  readonly reason: string
}

/** Ends an approval, beside gates that run: they hear of it within two seconds. Throws `usage` where there is none, `unknown-store`. */
export async function withdrawApproval(
  config: Stores,
  { request, reason }: Withdrawal,
  { clock, environment }: { readonly clock: Clock; readonly environment: Environment },
): Promise<AccessRequest> {
  const { actor } = commandDoer(environment, reason)
  const person = { subject: actor, email: undefined, role: 'admin' } as const
  const withdraw = async (requests: Requests): Promise<AccessRequest> =>
    await createDecisions({
      requests,
      indexes: new Map(),
      approvals: { refresh: async () => {} },
      notices: { tell() {} },
      clock,
      requireHolder: false,
      consoleUrl: () => consoleBase(config.console),
    }).withdraw(request, { person, from: 'command line' }, reason)
  try {
    return await withRequests(config, clock, withdraw)
  } catch (error) {
    if (error instanceof GateError && USAGE.has(error.code))
      throw new GateError('usage', error.detail, { cause: error })
    throw error
  }
}

const USAGE: ReadonlySet<string> = new Set(['not-found', 'request-decided', 'decision-invalid'])

async function withRequests<Result>(
  config: Stores,
  clock: Clock,
  use: (requests: Requests) => Promise<Result>,
): Promise<Result> {
  const { database } = config.store
  if (database !== undefined) {
    const { withSharedRequests } = await import('../../store/postgres/with-database.ts')
    return await withSharedRequests(database, use)
  }
  await touchFolder(config.data)
  const stored = await import('../../store/requests.ts')
  return await stored.withRequests(config.data, clock, use)
}
