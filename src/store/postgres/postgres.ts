import { hostname } from 'node:os'
import { join } from 'node:path'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, instant, type Millis } from '../../domain/base/instant.ts'
import type { Source } from '../../domain/memory/source.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Events } from '../../observe/events.ts'
import type { AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'
import type { NoticeQueue } from '../../ports/console/notices.ts'
import type { Requests } from '../../ports/console/requests.ts'
import type { SessionBook, Sessions } from '../../ports/console/sessions.ts'
import type { Holdings, Misses } from '../../ports/mirror.ts'
import type { Store } from '../../ports/store.ts'
import type { Tokens } from '../../ports/tokens.ts'
import { Reach } from '../shared/reach.ts'
import { createSharedMemory, type SharedMemory } from '../shared/shared-memory.ts'
import type { JournalBounds } from '../sqlite/retention.ts'
import type { SourceId } from '../sqlite/tables/sources-table.ts'
import { createSharedAuditLog } from './audit/audit-log.ts'
import { createCompanions } from './companions.ts'
import { type Connection, createConnection } from './connection.ts'
import { createRequests } from './console/requests.ts'
import { createHoldings, createMisses } from './holdings.ts'
import { createHousekeeping } from './journal/housekeeping.ts'
import { createJournal, createRefusals, sendRows } from './journal/journal.ts'
import { createOutbox } from './journal/outbox.ts'
import { openWaitingFile } from './journal/waiting-file.ts'
import { SharedBelongings } from './memory/belongings.ts'
import { createLedger } from './memory/ledger.ts'
import { createLookUps } from './memory/look-ups.ts'
import { createSharedWatermark } from './memory/newest.ts'
import { createNotices } from './memory/notices.ts'
import { migrate } from './migrate.ts'
import { createNoticeQueue } from './notices/notice-queue.ts'
import { createSessions } from './sessions.ts'
import { sourceNumber } from './source-number.ts'
import { createTokens } from './tokens.ts'

/** Clocks that differ by so much are one, ms: no answer is timed better. */
const CLOSE_ENOUGH = 250

export interface PostgresOptions {
  /** `postgres://…` */
  readonly database: string
  /** the data folder, where rows wait for the database */
  readonly folder: string
  readonly maxStale: Millis
  readonly journal: JournalBounds
  readonly events: Events
  readonly clock: Clock
}

export interface PostgresStore {
  readonly store: Store
  readonly holdings: Holdings
  readonly misses: Misses
  readonly tokens: Tokens
  readonly requests: Requests
  readonly audit: AuditLog & AuditRecords
  notices(): Promise<NoticeQueue>
  readonly sessions: Sessions & SessionBook
  /** the clock of the database, as far as it is not this one */
  readonly clock: Clock
  /** how many statements were sent so far */
  readonly statements: () => number
}

/**
 * The ports over one database that several gates share. It is brought up to date first.
 *
 * @throws GateError `config-invalid` where it cannot be used
 */
export async function openPostgres(options: PostgresOptions): Promise<PostgresStore> {
  const { database, folder, maxStale, events } = options
  const reach = new Reach({ what: 'the database', maxStale, catchesUp: true, changed: away => tell(events, away) })
  const connection = createConnection(database, reach)
  try {
    await untilReached(() => migrate(connection))
    return await assemble(options, connection, reach)
  } catch (error) {
    await connection.close().catch(() => {})
    if (error instanceof GateError && error.code !== 'unknown-store') throw error
    const why = error instanceof GateError ? error.detail : 'it cannot be opened'
    throw new GateError('config-invalid', `the database of store.database cannot be used from ${folder}: ${why}`, {
      cause: error,
    })
  }
}

/** A database that starts together with its gates, or has much to do just then, is asked again. */
const TRIES = 3

async function untilReached<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1)
    try {
      return await ask()
    } catch (error) {
      if (tries === TRIES || !(error instanceof GateError) || error.code !== 'unknown-store') throw error
    }
}

function tell(events: Events, away: GateError | undefined): void {
  if (away === undefined) {
    events.emit({ type: 'lifecycle', action: 'reached', detail: 'the database is back' })
    return
  }
  const { code, detail, cause } = away
  events.emit({ type: 'unknown', code, detail, route: 'background', untrusted: undefined, cause, id: '' })
}

async function assemble(options: PostgresOptions, connection: Connection, reach: Reach): Promise<PostgresStore> {
  const { folder, journal: bounds, events, clock } = options
  const file = openWaitingFile(join(folder, 'waiting.sqlite'))
  const watermark = createSharedWatermark(connection)
  const raise = (at: Instant): void => watermark.raise(at)
  const outbox = createOutbox({
    file,
    async send(rows) {
      await sendRows(connection, file.gate, rows)
      refusals.sent(rows)
    },
  })
  const refusals = createRefusals(outbox, connection, raise)
  const belongings = new SharedBelongings(connection, reach)
  const misses = createMisses(connection)
  const memories = new Map<Source, Promise<readonly [SourceId, SharedMemory]>>()
  const byNumber = new Map<number, SharedMemory>()
  let ahead = 0
  const common: Clock = () => instant(clock() + ahead)
  const housekeeping = createHousekeeping({
    connection,
    clock: common,
    keep: bounds.keep,
    forgotten: refusals.forgotten,
  })
  const companions = createCompanions({ connection, gate: file.gate, name: hostname(), events, clock: common })
  const heard = (source: number, project: string, version: number): void =>
    byNumber.get(source)?.heard(project as ProjectName, version)
  const notices = createNotices({
    connection,
    reach,
    heard,
    news(news) {
      const now = news.now - clock()
      if (Math.abs(now - ahead) > CLOSE_ENOUGH) ahead = now
      watermark.take(news)
      belongings.take(news)
      for (const change of news.projects ?? []) heard(...change)
    },
    lostTrack() {
      for (const memory of byNumber.values()) memory.forgetAll()
    },
    async beside() {
      await watermark.write()
      for (const memory of byNumber.values()) await memory.catchUp()
      await misses.write()
      await companions.meet()
      await housekeeping.tidy()
    },
  })
  await notices.look()

  async function memoryOf(source: Source): Promise<readonly [SourceId, SharedMemory]> {
    const id = await sourceNumber(connection, source)
    const memory = createSharedMemory({
      ledger: createLedger({ connection, source: id }),
      reach,
      raise,
      lookUps: createLookUps(connection, id),
    })
    byNumber.set(id, memory)
    return [id, memory]
  }

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    await notices.close()
    await outbox.close()
    await misses.write().catch(() => {})
    await companions.leave().catch(() => {})
    await watermark.write().catch(() => {})
    await connection.close()
  }

  return {
    holdings: createHoldings(connection),
    misses,
    tokens: createTokens(connection, reach),
    requests: createRequests(connection),
    audit: createSharedAuditLog(connection),
    notices: async () => createNoticeQueue(connection),
    sessions: createSessions(connection),
    clock: common,
    statements: connection.statements,
    store: {
      async memory(source) {
        const opening = memories.get(source) ?? memoryOf(source)
        memories.set(source, opening)
        const [, memory] = await opening
        return memory
      },
      belongings: index => belongings.of(index),
      journal: createJournal(outbox, raise),
      refusals,
      watermark,
      journalBytes: () => housekeeping.journalBytes(),
      shared: {
        goBy: companions.goBy,
        own: companions.own,
        others: companions.others,
        apart: companions.apart,
        away: () => (reach.isAway ? reach.failure().detail : undefined),
        warnings: () => [
          ...(reach.isAway ? [reach.failure().detail] : []),
          ...[companions.told()].filter(told => told !== undefined),
        ],
      },
      async probe() {
        outbox.assertRoom()
        reach.assertUsable()
      },
      async close() {
        closing ??= close()
        await closing
      },
    },
  }
}
