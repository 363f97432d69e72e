import type Database from 'better-sqlite3'
import type { Clock } from '../../domain/base/instant.ts'
import { letGo } from '../../domain/memory/letting-go.ts'
import type { Events } from '../../observe/events.ts'
import type { KnownMemories } from './known-memories.ts'
import { type ForgottenRow, prepareForgotten } from './tables/forgotten-table.ts'
import type { prepareProjectTables } from './tables/project-tables.ts'
import type { WatermarkFact } from './watermark-fact.ts'
import type { WriteBehind } from './write-behind.ts'

/** How soon whoever works in a data folder notices what another process wrote there. */
const EVERY_MS = 1_000

interface Options {
  readonly database: Database.Database
  readonly tables: ReturnType<typeof prepareProjectTables>
  readonly known: KnownMemories
  readonly writes: WriteBehind
  readonly watermark: WatermarkFact
  readonly events: Events
  readonly clock: Clock
}

/**
 * Takes notice of what somebody let go of beside this process, at once and then every second: the facts are taken out of the
 * database and out of what is at hand, in one transaction with the note that it was noticed.
 */
export function createLettingGo(options: Options): { close(): void } {
  const { database, writes } = options
  const forgotten = prepareForgotten(database)
  let version: unknown
  // what cannot be written now is noticed a second later
  const timer = setInterval(() => {
    try {
      look()
    } catch {
      version = undefined
    }
  }, EVERY_MS).unref()
  look()

  /** SQLite counts what other connections commit: while there is nothing new this asks no table. */
  function look(): void {
    const now: unknown = database.pragma('data_version', { simple: true })
    if (now === version) return
    const rows = forgotten.unnoticed()
    if (rows.length > 0) {
      writes.flush()
      writes.ask('what was let go of could not be taken out', () => database.transaction(takeOut).immediate(rows))
      for (const row of rows) tell(row)
    }
    version = now
  }

  function takeOut(rows: readonly ForgottenRow[]): void {
    for (const row of rows) {
      takeOutOne(row)
      forgotten.noticed(row.id, options.clock())
    }
  }

  function takeOutOne({ what, of, filename, at }: ForgottenRow): void {
    const { tables, known, watermark } = options
    if (what === 'clock') watermark.letGo(at)
    if (of === undefined || what === 'clock') return
    const { source, project } = of
    const before = tables.loadSeen(source, project)
    tables.replace(source, before, letGo(before, { what, filename }))
    known.forget(source, project)
  }

  function tell({ what, of, filename, reason }: ForgottenRow): void {
    options.events.emit({ type: 'forgotten', what, project: of?.project, filename, reason })
  }

  return { close: () => clearInterval(timer) }
}
