import { join } from 'node:path'
import type { ForgetOrder } from '../cli/command/services.ts'
import type { Environment } from '../config/read-environment.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../domain/base/instant.ts'
import { HELD } from '../domain/memory/source.ts'
import { forget } from '../store/forget.ts'
import { cacheFolder } from './commands.ts'
import { touchFolder } from './first-touch.ts'
import { indexOf } from './upstream.ts'

/** Lets go of it in the data folder, and in what commands of this user remember themselves: they must say what the door says. */
export async function forgetRemembered(
  config: Config,
  { source, project, ...order }: ForgetOrder,
  { environment, clock }: { readonly environment: Environment; readonly clock: Clock },
): Promise<boolean> {
  const of = project === undefined ? undefined : { source: source === 'held' ? HELD : indexOf(config), project }
  const folders = [config.data, join(cacheFolder(environment), 'portcullis', 'commands')]
  await touchFolder(config.data)
  let found = false
  for (const folder of folders) found = (await forget(folder, { ...order, of }, clock)) || found
  return found
}
