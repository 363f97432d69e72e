import type { ServiceSessions } from '../../cli/command/services.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { createSessionDesk } from '../../http/console/sign-in/session-desk.ts'
import type { SessionBook, Sessions } from '../../ports/console/sessions.ts'
import { commandDoer } from '../audit/command-doer.ts'
import { touchFolder } from '../first-touch.ts'

/** Who is signed in to the console, for one command, beside gates that run: what it ends has ended at all of them. */
export async function keepSessions<Result>(
  config: Config,
  use: (sessions: ServiceSessions) => Promise<Result>,
  { clock, environment }: { readonly clock: Clock; readonly environment: Environment },
): Promise<Result> {
  const desk = async (sessions: SessionBook): Promise<Result> => {
    const { list, end } = createSessionDesk({ sessions, clock })
    return await use({
      list,
      end: async (whose, why) => await end(whose, commandDoer(environment, why)).catch(asUsage),
    })
  }
  return await withSessionsOf(config, desk, clock)
}

function asUsage(error: unknown): never {
  if (error instanceof GateError && error.code === 'not-found')
    throw new GateError('usage', `${error.detail}; portcullis console sessions list has everybody`, { cause: error })
  throw error
}

/** In the data folder, or in the database that gates share. */
export async function withSessionsOf<Result>(
  config: Config,
  use: (sessions: Sessions & SessionBook) => Promise<Result>,
  clock: Clock,
): Promise<Result> {
  const { database } = config.store
  if (database !== undefined) {
    const { withSharedSessions } = await import('../../store/postgres/with-database.ts')
    return await withSharedSessions(database, use)
  }
  await touchFolder(config.data)
  const { withSessions } = await import('../../store/console-sessions.ts')
  return await withSessions(config.data, clock, use)
}
