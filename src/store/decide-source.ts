import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import { lastingName, nameNow, type PlacedSource } from '../domain/sources/lasting-name.ts'
import type { Doer } from '../ports/console/audit-log.ts'
import { sourceDecided } from './audit/entries.ts'
import { lockIfFree } from './disk/folder-lock.ts'
import { storeError } from './failure/store-error.ts'
import { openDatabase } from './sqlite/database.ts'
import { databaseIn } from './sqlite/schema.ts'
import { appendAudit } from './sqlite/tables/audit/audit-table.ts'
import { prepareDecided } from './sqlite/tables/belongings-table.ts'
import { writeEntry } from './sqlite/tables/journal-table.ts'

/** Whose a name is from now on at an index, by a person's word. */
export interface SourceDecision {
  /** the path that it is at */
  readonly index: string
  /** what it is called */
  readonly name?: string | undefined
  readonly project: ProjectName
  readonly source: SourceName
  /** every source that is configured */
  readonly everywhere?: readonly PlacedSource[] | undefined
  readonly reason: string
  readonly by: Doer
}

/** How long is waited for a gate that writes at this moment. */
const PATIENCE_MS = 5_000

/**
 * Writes down in a data folder whose a name is, and in its journal why; a gate that runs there goes by it within a second or two. Answers
 * with whose it was. Throws `unknown-store`, and `config-invalid` where there is no database.
 */
export async function decideSource(
  folder: string,
  { index, name, project, source, everywhere = [], reason, by }: SourceDecision,
  clock: Clock,
): Promise<SourceName | undefined> {
  const file = databaseIn(folder)
  if (!existsSync(file)) throw new GateError('config-invalid', `there is no database of a gate in ${folder}`)
  const lock = lockIfFree(folder)
  try {
    // brings it up to date, where that is ours to do
    if (lock !== undefined) (await openDatabase({ file, events: { emit() {} }, clock }, database => database)).close()
    const database = new Database(file, { fileMustExist: true, timeout: PATIENCE_MS })
    try {
      database.pragma('synchronous = full')
      const decided = prepareDecided(database)
      const rows = decided.of(project)
      const row = rows.find(its => its.index === index) ?? rows.find(its => its.index === name)
      const was = row && nameNow(row.source, everywhere)
      const placed = everywhere.find(one => one.name === source)
      const at = clock()
      const entry = {
        at,
        filename: '',
        project,
        sha256: undefined,
        outcome: 'forgotten',
        code: 'source',
        rule: reason,
        identity: undefined,
        policyDigest: '',
        trustDigest: undefined,
        client: 'policy approve',
      } as const
      const both = database.transaction(() => {
        writeEntry(database, entry)
        appendAudit(database, sourceDecided({ index: name ?? index, project, source }, at, by))
        decided.decide(index, project, placed === undefined ? source : lastingName(placed), at)
      })
      both.immediate()
      return was
    } catch (error) {
      throw storeError('whose a name is could not be written down', error)
    } finally {
      database.close()
    }
  } finally {
    lock?.release()
  }
}
