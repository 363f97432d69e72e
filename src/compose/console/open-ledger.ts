import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import type { Ledger } from '../../ports/console/ledger.ts'
import { openLedger as open } from '../../store/ledger/ledger.ts'
import { databaseIn } from '../../store/sqlite/schema.ts'

/**
 * What was written down, for people: over the data folder, or over the database that gates share. Its thread is started for the first question;
 * `ledger.sqlite` in the data folder is its own, and is made again where it is gone. To be closed before the store.
 */
export function openLedger({ data, store }: Pick<Config, 'data' | 'store'>): Ledger {
  const file = join(data, 'ledger.sqlite')
  const { database } = store
  return open({ file, journal: database === undefined ? { sqlite: databaseIn(data) } : { postgres: database } })
}
