import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../../domain/base/instant.ts'
import type {
  KeptDelivery,
  LeasedDelivery,
  NewStory,
  NoticeKeeper,
  NoticeQueue,
  NoticeType,
  Outcome,
  QueueState,
  Taken,
} from '../../../../ports/console/notices.ts'
import type { WriteBehind } from '../../write-behind.ts'
import { createInNextBatch } from './in-next-batch.ts'
import { NOTICE_BOUNDS, WAITED_TOO_LONG } from './notice-bounds.ts'

interface LeasedRow {
  readonly id: string
  readonly hook: string
  readonly host: string
  readonly type: NoticeType
  readonly subject: string
  readonly title: string
  readonly content_type: string
  readonly body: string
  readonly attempts: number
}

/** Of the one gate that has the data folder; commands write beside it. */
export function createNoticesTable(database: Database.Database, writes: WriteBehind): NoticeQueue {
  const inNextBatch = createInNextBatch(writes)
  const take = prepareTake(database)
  const lease = database.prepare<[number, string, number, number], LeasedRow>(
    `update notice_deliveries set attempts = attempts + 1, leased = 1, due = ? where number in (
       select number from notice_deliveries where dead = 0 and hook = ? and due <= ? order by rank, due, number limit ?)
     returning id, hook, host, type, subject, title, content_type, body, attempts`,
  )
  const settle = prepareSettle(database)
  const stop = database.prepare<[string, number, string]>(
    'insert into notice_stops (hook, at, why) values (?, ?, ?) on conflict do nothing',
  )
  const kill = database.prepare<[number, string, string]>(
    'update notice_deliveries set dead = 1, leased = 0, due = ?, why = ? where dead = 0 and hook = ?',
  )
  const tidy = prepareTidy(database)
  // nobody but a gate that is no more can have leased them: it had this folder alone
  const orphans = database.prepare<[number]>('update notice_deliveries set leased = 0, due = due - ? where leased = 1')
  inNextBatch('notices could not be taken over', () => void orphans.run(NOTICE_BOUNDS.lease)).catch(() => {})
  const state = database.prepare<[], { host: string; waiting: number; dead: number; oldest: number | null }>(
    `select host, sum(dead = 0) as waiting, sum(dead) as dead, min(case dead when 0 then queued end) as oldest
     from notice_deliveries group by host order by host`,
  )
  return {
    take: (stories, now) =>
      inNextBatch('a notice could not be written down', () => stories.map(story => take(story, now))),
    async lease(hook, now, limit) {
      const rows = await inNextBatch('notices could not be read', () =>
        lease.all(now + NOTICE_BOUNDS.lease, hook, now, limit),
      )
      return rows.map(leasedOf)
    },
    settle: ({ id, attempts }, outcome) =>
      inNextBatch('what became of a notice could not be written down', () => settle(id, attempts, outcome)),
    stop: (hook, now, why) =>
      inNextBatch('a webhook could not be stopped', () => {
        stop.run(hook, now, why)
        return kill.run(now, why, hook).changes
      }),
    tidy: now => inNextBatch('notices that are too old could not be let go of', () => tidy(now)),
    async state() {
      const rows = writes.ask('notices could not be counted', () => state.all())
      return rows.map(
        ({ oldest, ...row }): QueueState => ({ ...row, oldest: oldest === null ? undefined : instant(oldest) }),
      )
    },
  }
}

function prepareTake(database: Database.Database): (story: NewStory, now: Instant) => Taken {
  const isTold = database.prepare<[string, number], number>(
    'select 1 from notice_stories where story = ? and until > ?',
  )
  const tell = database.prepare<[string, number]>(
    'insert into notice_stories (story, until) values (?, ?) on conflict do update set until = excluded.until',
  )
  const waiting = database.prepare<[], number>('select count(*) from notice_deliveries where dead = 0').pluck()
  const stories = database.prepare<[], number>('select count(*) from notice_stories').pluck()
  const stopped = database.prepare<[string], string>('select why from notice_stops where hook = ?').pluck()
  const insert = database.prepare(
    `insert into notice_deliveries
       (id, hook, host, type, subject, title, content_type, body, rank, queued, due, dead, why)
     values (@id, @hook, @host, @type, @subject, @title, @contentType, @body, @rank, @now, @now, @dead, @why)`,
  )
  return ({ key, until, kind, deliveries }, now) => {
    if (isTold.get(key, now) !== undefined) return 'told'
    const room = kind === 'rare' ? NOTICE_BOUNDS.waiting : NOTICE_BOUNDS.many
    if ((waiting.get() ?? 0) + deliveries.length > room) return 'no-room'
    if (kind === 'many' && (stories.get() ?? 0) >= NOTICE_BOUNDS.stories) return 'no-room'
    tell.run(key, until)
    for (const delivery of deliveries) {
      const why = stopped.get(delivery.hook) ?? null
      insert.run({ ...delivery, rank: kind === 'rare' ? 0 : 1, now, dead: why === null ? 0 : 1, why })
    }
    return 'taken'
  }
}

function prepareSettle(database: Database.Database): (id: string, attempts: number, outcome: Outcome) => void {
  const own = 'where id = ? and attempts = ? and dead = 0'
  const remove = database.prepare<[string]>('delete from notice_deliveries where id = ?')
  const again = database.prepare<[number, string, string, number]>(
    `update notice_deliveries set leased = 0, due = ?, why = ? ${own}`,
  )
  const kill = database.prepare<[number, string, string, number]>(
    `update notice_deliveries set dead = 1, leased = 0, due = ?, why = ? ${own}`,
  )
  const release = database.prepare<[number, string, number]>(
    `update notice_deliveries set leased = 0, due = ?, attempts = attempts - 1 ${own}`,
  )
  return (id, attempts, outcome) => {
    switch (outcome.kind) {
      case 'delivered':
        remove.run(id)
        return
      case 'again':
        again.run(outcome.due, outcome.why, id, attempts)
        return
      case 'dead':
        kill.run(outcome.at, outcome.why, id, attempts)
        return
      case 'released':
        release.run(outcome.due, id, attempts)
        return
      default:
        outcome satisfies never
    }
  }
}

function prepareTidy(database: Database.Database): (now: Instant) => void {
  const stories = database.prepare<[number]>('delete from notice_stories where until <= ?')
  const kill = database.prepare<[number, string, number]>(
    'update notice_deliveries set dead = 1, leased = 0, due = ?, why = ? where dead = 0 and queued < ?',
  )
  const old = database.prepare<[number]>('delete from notice_deliveries where dead = 1 and due < ?')
  const many = database.prepare<[number]>(
    `delete from notice_deliveries where number in
       (select number from notice_deliveries where dead = 1 order by due desc, number desc limit -1 offset ?)`,
  )
  return now => {
    stories.run(now)
    kill.run(now, WAITED_TOO_LONG, now - NOTICE_BOUNDS.waits)
    old.run(now - NOTICE_BOUNDS.keeps)
    many.run(NOTICE_BOUNDS.dead)
  }
}

function leasedOf({ content_type: contentType, ...row }: LeasedRow): LeasedDelivery {
  return { ...row, contentType }
}

interface KeptRow extends Omit<KeptDelivery, 'state' | 'why'> {
  readonly dead: number
  readonly why: string | null
}

/** For commands, which have the database for a moment. */
export function createNoticeKeeper(database: Database.Database): NoticeKeeper {
  const all = database.prepare<[], KeptRow>(
    'select id, host, type, subject, title, attempts, queued, due as at, dead, why from notice_deliveries order by number',
  )
  const dead = database.prepare<[], string>('select id from notice_deliveries where dead = 1 order by number').pluck()
  const start = database.prepare<[{ now: number; id: string }], { hook: string }>(
    'update notice_deliveries set dead = 0, attempts = 0, due = @now, queued = @now, why = null where id = @id and dead = 1 returning hook',
  )
  const go = database.prepare<[string]>('delete from notice_stops where hook = ?')
  const retry = database.transaction((ids: readonly string[], now: Instant): readonly string[] =>
    ids.filter(id => {
      const found = start.get({ now, id })
      if (found !== undefined) go.run(found.hook)
      return found !== undefined
    }),
  )
  return {
    list: () =>
      all.all().map(({ dead: isDead, why, ...row }) => ({
        ...row,
        state: isDead === 0 ? 'waiting' : 'dead',
        why: why ?? undefined,
      })),
    retry: (ids, now) => retry.immediate(ids === 'all' ? dead.all() : ids, now),
  }
}
