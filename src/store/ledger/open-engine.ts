import { openLedgerFile } from './columns/ledger-file.ts'
import { createEngine, type Engine } from './engine.ts'
import type { LedgerPlace } from './messages.ts'

/** The ledger on the thread that calls this. */
export async function openEngine({ journal, file: path }: LedgerPlace): Promise<Engine> {
  const file = openLedgerFile(path)
  try {
    if ('sqlite' in journal) {
      const { openSqliteSource } = await import('./sources/sqlite-source.ts')
      return createEngine({ source: openSqliteSource(journal.sqlite), file })
    }
    const { openPostgresSource } = await import('./sources/postgres-source.ts')
    return createEngine({ source: openPostgresSource(journal.postgres, file), file })
  } catch (error) {
    file.close()
    throw error
  }
}
