import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, millis } from '../../domain/base/instant.ts'
import { type Forgotten, type LetGo, letGo } from '../../domain/memory/letting-go.ts'
import type { Source } from '../../domain/memory/source.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Doer } from '../../ports/console/audit-log.ts'
import type { JournalEntry } from '../../ports/store.ts'
import { forgotten as forgottenEntry } from '../audit/entries.ts'
import { storeError } from '../failure/store-error.ts'
import { openDatabase } from './database.ts'
import { databaseIn } from './schema.ts'
import { createSqliteStore } from './sqlite.ts'
import { appendAudit } from './tables/audit/audit-table.ts'
import { type ForgottenRow, prepareForgotten } from './tables/forgotten-table.ts'
import { writeEntry } from './tables/journal-table.ts'
import { prepareProjectTables } from './tables/project-tables.ts'
import { prepareSources } from './tables/sources-table.ts'

/** What somebody lets go of, and why. */
export interface ForgetOrder {
  readonly what: LetGo
  /** `undefined`: the clock, which is of no project */
  readonly of: { readonly source: Source; readonly project: ProjectName } | undefined
  /** `undefined`: all files, or what is no matter of files */
  readonly filename: string | undefined
  readonly reason: string
  /** for the audit log; `undefined`: what is remembered is nobody's but who asks */
  readonly by: Doer | undefined
}

/** How long is waited for a gate that works in the folder, which looks every second. */
const PATIENCE_MS = 5_000
const LOOK_MS = 100
/** of a store that is open for a moment */
const KEEP = millis(400 * 86_400_000)

interface Place {
  readonly folder: string
  /** whether this process has the folder to itself; else whoever has it takes notice */
  readonly isOurs: boolean
  readonly clock: Clock
}

/**
 * Writes down in a data folder that somebody let go of something, in its journal too, and waits until it is. False where there was
 * nothing to let go of, or no database. Throws `unknown-store`.
 */
export async function forgetIn({ folder, isOurs, clock }: Place, order: ForgetOrder): Promise<boolean> {
  const file = databaseIn(folder)
  if (!existsSync(file)) return false
  const open = { file, events: { emit() {} }, clock }
  // brings it up to date, where that is ours to do
  if (isOurs) (await openDatabase(open, database => database)).close()
  const database = new Database(file, { fileMustExist: true, timeout: PATIENCE_MS })
  try {
    database.pragma('synchronous = full')
    const id = asking(() => write(database, order, clock()))
    if (id === undefined) return false
    if (isOurs) await takeNotice(open)
    else await untilNoticed(database, id)
    return true
  } finally {
    database.close()
  }
}

/** `undefined` where there is nothing to let go of. */
function write(database: Database.Database, order: ForgetOrder, at: Instant): number | undefined {
  const { what, filename, reason, by } = order
  const owners =
    what === 'clock' ? [] : ownersOf(database, order).filter(owner => isKnown(database, owner, { what, filename }))
  if (what === 'clock' ? newestIn(database) <= at : owners.length === 0) return undefined
  const entry: JournalEntry = {
    at,
    filename: filename ?? '',
    project: order.of?.project ?? '',
    sha256: undefined,
    outcome: 'forgotten',
    code: what,
    rule: reason,
    identity: undefined,
    policyDigest: '',
    trustDigest: undefined,
    client: 'history forget',
  }
  const both = database.transaction(() => {
    writeEntry(database, entry)
    if (by !== undefined) appendAudit(database, forgottenEntry(order, at, by))
    const forgotten = prepareForgotten(database)
    const rows = what === 'clock' ? [undefined] : owners
    // they are noticed together
    return rows.map(of => forgotten.write({ at, what, of, filename, reason })).at(-1)
  })
  return both.immediate()
}

type Owner = NonNullable<ForgottenRow['of']>

/** What is nobody's yet counts for the source as well, and is let go of with its own. */
function ownersOf(database: Database.Database, { of }: ForgetOrder): readonly Owner[] {
  if (of === undefined) return []
  const sources = prepareSources(database)
  const nobodys = sources.givenTo(of.project).length === 0 ? sources.unclaimed() : undefined
  return [sources.find(of.source), nobodys].flatMap(source =>
    source === undefined ? [] : [{ source, project: of.project }],
  )
}

function isKnown(database: Database.Database, { source, project }: Owner, forgotten: Forgotten): boolean {
  const known = prepareProjectTables(database).loadSeen(source, project)
  return letGo(known, forgotten) !== known
}

function newestIn(database: Database.Database): number {
  return database.prepare<[], number>(`select value from facts where name = 'newest'`).pluck().get() ?? 0
}

/** A store takes notice when it is opened. */
async function takeNotice(open: Parameters<typeof openDatabase>[0]): Promise<void> {
  const { events, clock } = open
  const { store } = await openDatabase(open, database =>
    createSqliteStore({
      database,
      events,
      clock,
      journal: { keep: KEEP, maxSize: Number.POSITIVE_INFINITY },
      failed() {},
    }),
  )
  await store.close()
}

async function untilNoticed(database: Database.Database, id: number): Promise<void> {
  const { isNoticed } = prepareForgotten(database)
  for (let waited = 0; !asking(() => isNoticed(id)); waited += LOOK_MS) {
    if (waited > PATIENCE_MS)
      throw new GateError('unknown-store', 'it is written down, but the gate that works in this folder takes no notice')
    await delay(LOOK_MS)
  }
}

function asking<Result>(ask: () => Result): Result {
  try {
    return ask()
  } catch (error) {
    throw storeError('what is remembered could not be let go of', error)
  }
}
