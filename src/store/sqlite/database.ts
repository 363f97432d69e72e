import { existsSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import Database from 'better-sqlite3'
import { cut } from '../../domain/base/cut.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, formatInstant } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import { migrate, NewerDatabase } from './migrate.ts'
import { APPLICATION_ID } from './schema.ts'

interface Options {
  readonly file: string
  readonly events: Events
  readonly clock: Clock
}

/**
 * Opens the database and hands it to `use`, which prepares every statement. What is damaged is set aside under a dated
 * name, with an alarm, and begun anew; what is merely not usable (read-only, locked, full, a newer version's, somebody
 * else's) stops the start with the reason. Never is a damaged database worked with.
 */
export async function openDatabase<Result>(
  { file, events, clock }: Options,
  use: (database: Database.Database) => Result,
): Promise<Result> {
  try {
    return await attempt(file, use)
  } catch (error) {
    const damage = damageIn(error)
    if (damage === undefined) throw refusal(file, error)
    const aside = setAside(file, clock)
    events.emit({
      type: 'alarm',
      alarm: 'database-set-aside',
      detail: `${file} is damaged (${damage}); it was set aside as ${basename(aside)} and a new one was begun. What it knew is verified again when it is asked for. Lost with it: the digests at which files were first seen, the highest serials, the newest recorded time, explanations of old refusals, what a mirror holds (import it again). The journal and the audit log up to now are in the file set aside.`,
      untrusted: undefined,
    })
  }
  try {
    return await attempt(file, use)
  } catch (error) {
    throw refusal(file, error)
  }
}

/** To be told of every failed write or read: what looks like damage is examined at the next start. */
export function suspect(file: string, error: unknown): void {
  if (DAMAGED.test(errorCode(error) ?? '')) markSuspect(file)
}

function markSuspect(file: string): void {
  try {
    writeFileSync(suspicion(file), '')
  } catch {
    // without the mark, the next start after a crash examines the database all the same
  }
}

/**
 * Up to this many bytes, half a second's reading, a database is examined whole after a kill, which cannot damage it by
 * itself. Damage in a larger one shows when it is read: that is "cannot tell", and has it examined at the next start.
 */
const QUICKLY_EXAMINED = 512 * 1024 * 1024
const DAMAGED = /^SQLITE_(?:NOTADB|CORRUPT)/

/** Something is wrong with the content, in our own words. Stays in this file. */
class Damage extends Error {}
class Unusable extends Error {}

async function attempt<Result>(file: string, use: (database: Database.Database) => Result): Promise<Result> {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) throw new Damage('not a regular file')
  // a clean close leaves no write-ahead log behind
  const killed = existsSync(`${file}-wal`) && (found?.size ?? 0) <= QUICKLY_EXAMINED
  const doubtful = killed || existsSync(suspicion(file))
  const database = new Database(file, { timeout: 2_000 })
  try {
    assertOurs(database)
    if (doubtful) assertSound(database)
    tune(database)
    await migrate(database)
    // a database that cannot be written to must be known before the first request
    database.prepare(`insert or replace into facts (name, value) values ('opened', ?)`).run(Date.now())
    const result = use(database)
    rmSync(suspicion(file), { force: true })
    return result
  } catch (error) {
    database.close()
    throw error
  }
}

function suspicion(file: string): string {
  return `${file}-suspect`
}

function assertOurs(database: Database.Database): void {
  const tables = database.prepare<[], number>('select count(*) from sqlite_schema').pluck().get()
  const application = database.pragma('application_id', { simple: true })
  if (tables === 0) database.pragma(`application_id = ${APPLICATION_ID}`)
  else if (application !== APPLICATION_ID) throw new Unusable('it is another program’s database')
}

function assertSound(database: Database.Database): void {
  const answer = database.pragma('quick_check(1)', { simple: true })
  if (answer !== 'ok') throw new Damage(cut(String(answer).replaceAll('\n', ' '), 200))
}

function tune(database: Database.Database): void {
  const mode = database.pragma('journal_mode = wal', { simple: true })
  if (mode !== 'wal') throw new Unusable('its file system offers no write-ahead log')
  // a batch is on the disk, not only in the system's memory, when it is committed: some two fsyncs a second
  database.pragma('synchronous = full')
  // a request never waits long for another program that writes here: the batch is tried again
  database.pragma('busy_timeout = 50')
  database.pragma('journal_size_limit = 16777216')
  // carried over into the database when it is as long as that, not at a quarter of it: rows of files lie scattered over their indexes, and a page
  // that several transactions changed is carried over once
  database.pragma('wal_autocheckpoint = 4096')
  database.pragma('cache_size = -8192')
  database.pragma('temp_store = memory')
  database.pragma('trusted_schema = off')
}

/** What speaks of a damaged content; `undefined` for everything that a new database would not cure. */
function damageIn(error: unknown): string | undefined {
  if (error instanceof Damage) return error.message
  const code = errorCode(error)
  if (code === undefined) return undefined
  // SQLITE_ERROR is a statement that does not fit the tables: they are not what our migrations made
  return DAMAGED.test(code) || code === 'SQLITE_ERROR' ? code : undefined
}

function refusal(file: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  const why =
    error instanceof NewerDatabase
      ? 'it was written by a newer version of this program; start that one, or move the file away'
      : error instanceof Unusable
        ? error.message
        : (errorCode(error) ?? 'it cannot be opened')
  return new GateError('config-invalid', `the database ${file} cannot be used: ${why}`, { cause: error })
}

/** Moves the database away with everything that belongs to it, and returns its new name. */
function setAside(file: string, clock: Clock): string {
  const stamp = formatInstant(clock()).replace(/[:.]/g, '-')
  let aside = `${file}.set-aside-${stamp}`
  for (let number = 2; lstatSync(aside, { throwIfNoEntry: false }) !== undefined; number += 1)
    aside = `${file}.set-aside-${stamp}-${number}`
  // the database itself goes last, and marked: whoever is killed in between begins here again
  markSuspect(file)
  for (const suffix of ['-wal', '-shm', '']) {
    if (lstatSync(`${file}${suffix}`, { throwIfNoEntry: false }) !== undefined)
      renameSync(`${file}${suffix}`, `${aside}${suffix}`)
  }
  return aside
}
