import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { instant } from '../domain/instant.ts'
import type { Refusals } from '../ports.ts'
import { databaseIn } from './database.ts'
import { decodeRefused } from './refused-codec.ts'
import { storeError } from './store-error.ts'

/**
 * The refusals in a data folder that a gate may be writing to, read-only; `undefined` where it has no database. Both
 * methods throw `unknown-store` when it cannot be read.
 */
export function readRefusals(folder: string): (Pick<Refusals, 'get'> & { close(): void }) | undefined {
  const file = databaseIn(folder)
  if (!existsSync(file)) return undefined
  const database = open(file)
  return {
    get(id) {
      try {
        const row = database
          .prepare<[string], { readonly refused: string; readonly at: number }>(
            'select refused, at from refusals where id = ?',
          )
          .get(id)
        const refused = row === undefined ? undefined : decodeRefused(row.refused)
        return row === undefined || refused === undefined ? undefined : { refused, at: instant(row.at) }
      } catch (error) {
        throw unreadable(error)
      }
    },
    close: () => database.close(),
  }
}

function open(file: string): Database.Database {
  try {
    return new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 })
  } catch (error) {
    throw unreadable(error)
  }
}

function unreadable(error: unknown): Error {
  return storeError('the refusals in the data folder could not be read', error)
}
