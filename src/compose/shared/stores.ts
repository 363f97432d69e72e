import type { Services } from '../../cli/command/services.ts'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { touchFolder } from '../first-touch.ts'
import { checkBytes, migrateBytes } from './bucket.ts'

type Stores = Pick<Config, 'store' | 'data'>

/** What a data folder knows in the database that gates share, and its files in their bucket. */
export async function migrateStore(
  config: Stores,
  from: string,
  { clock }: { readonly clock: Clock },
): ReturnType<Services['migrateStore']> {
  const { database, blobs } = sharedBy(config)
  await touchFolder(from)
  // files first: a row that names one is worth nothing before it is there
  const bytes = blobs === undefined ? undefined : await migrateBytes(config, from)
  if (database === undefined) return { rows: undefined, bytes }
  const { bringFolder } = await import('../../store/postgres/with-database.ts')
  return { rows: await bringFolder(database, from, clock), bytes }
}

/** What of it is not as it was written down. */
export async function checkStore(config: Stores): ReturnType<Services['checkStore']> {
  const { database, blobs } = sharedBy(config)
  const bytes = blobs === undefined ? undefined : await checkBytes(config)
  if (database === undefined) return { rows: undefined, bytes }
  const { checkShared } = await import('../../store/postgres/with-database.ts')
  return { rows: await checkShared(database), bytes }
}

function sharedBy({ store }: Stores): Config['store'] {
  if (store.database === undefined && store.blobs === undefined)
    throw new GateError(
      'config-invalid',
      'neither store.database nor store.blobs is set: there is nothing that gates share',
    )
  return store
}
