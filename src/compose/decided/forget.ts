import { join } from 'node:path'
import type { ForgetOrder, Services } from '../../cli/command/services.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { Doer } from '../../ports/console/audit-log.ts'
import { forget } from '../../store/forget.ts'
import { commandDoer } from '../audit/command-doer.ts'
import { cacheFolder } from '../commands.ts'
import { touchFolder } from '../first-touch.ts'
import { heldSources, memorySources } from '../upstream.ts'

/** Lets go of it in the data folder, and in what commands of this user remember themselves: they must say what the door says. */
export async function forgetRemembered(
  config: Config,
  order: ForgetOrder,
  { environment, clock }: { readonly environment: Environment; readonly clock: Clock },
): ReturnType<Services['forget']> {
  const gate = await forgetInStore(config, order, { by: commandDoer(environment, order.reason), clock })
  // what commands of this user remember is theirs, and in no log
  const commands = join(cacheFolder(environment), 'portcullis', 'commands')
  const { source, project, ...rest } = order
  let own = false
  for (const of of forgottenOf(config, { source, project }))
    own = (await forget(commands, { ...rest, of, by: undefined }, clock)) || own
  return { gate, own }
}

/** In the data folder, or in the database that gates share; a gate that runs takes notice before it is done. */
export async function forgetInStore(
  config: Config,
  { source, project, ...order }: ForgetOrder,
  { by, clock }: { readonly by: Doer; readonly clock: Clock },
): Promise<boolean> {
  const { database } = config.store
  let found = false
  if (database !== undefined) {
    const { forgetInDatabase } = await import('../../store/postgres/with-database.ts')
    for (const of of forgottenOf(config, { source, project }))
      found = (await forgetInDatabase(database, { ...order, of, by }, clock)) || found
    return found
  }
  await touchFolder(config.data)
  for (const of of forgottenOf(config, { source, project }))
    found = (await forget(config.data, { ...order, of, by }, clock)) || found
  return found
}

/** Of each source whose word it may have been; the clock is of none. */
function forgottenOf(config: Config, { source, project }: Pick<ForgetOrder, 'source' | 'project'>) {
  const sources = source === 'held' ? heldSources(config) : memorySources({ ...config, offline: false })
  return project === undefined ? [undefined] : sources.map(its => ({ source: its, project }))
}
